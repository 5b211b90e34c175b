"""How far a long reading has come, shown on a terminal and nowhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting() -> Iterator[Callable[[str, int], None]]:
    """Give what is told a title and how many rows are done under it. The lines are gone when it ends."""
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
