"""How far a long reading has come, shown on a terminal and nowhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting() -> Iterator[Callable[[str, int], None]]:
    """Yield a function that takes a title and its number of finished rows. The lines disappear at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as shown:

        def tell(title: str, done: int) -> None:
            if title not in tasks:
                tasks[title] = shown.add_task(title, total=None)
            shown.update(tasks[title], completed=done)

        yield tell


@contextmanager
def loading() -> Iterator[None]:
    """Show how far the files of directories have been read, as long as they are being opened."""
    if not sys.stderr.isatty():
        yield
        return
    from vats1c.directory.files import watched_by

    with counting() as tell:
        token = watched_by.set(tell)
        try:
            yield
        finally:
            watched_by.reset(token)


@contextmanager
def measured(title: str, total: int, *, hidden: bool = False) -> Iterator[Callable[[], None]]:
    """Yield a function to call after each of `total` steps.

    The bar disappears at the end; it is `hidden` where lines are printed meanwhile.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = hidden or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as shown:
        task = shown.add_task(title, total=total)
        yield lambda: shown.advance(task)
