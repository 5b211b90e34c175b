"""Progress bars on standard error; nothing is shown when standard error is not a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting() -> Iterator[Callable[[str, int], None]]:
    """Yield a callback that takes a title and its number of finished rows, and show one line per title.

    The total is unknown, so a line has no percentage. The lines are cleared at the end.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:

        def report(title: str, done: int) -> None:
            if title not in tasks:
                tasks[title] = progress.add_task(title, total=None)
            progress.update(tasks[title], completed=done)

        yield report


@contextmanager
def loading() -> Iterator[None]:
    """Show the number of rows read from each directory's file while the block opens directories."""
    if not sys.stderr.isatty():
        yield
        return
    from vats1c.directory.files import watched_by

    with counting() as report:
        token = watched_by.set(report)
        try:
            yield
        finally:
            watched_by.reset(token)


@contextmanager
def measured(title: str, total: int, *, hidden: bool = False) -> Iterator[Callable[[], None]]:
    """Show a progress bar of `total` steps; yield a callback that advances the bar by one step.

    The bar is cleared at the end. Set `hidden` when the block prints lines.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = hidden or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)
