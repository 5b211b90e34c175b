"""Locks between the processes that use the same SQLite database."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_MAX_WAIT_S = 3.0
_RETRY_S = 0.01


@contextmanager
def locked(folder: Path | None, *, exclusive: bool) -> Iterator[None]:
    """Hold a lock on `folder`, shared or `exclusive`, while the block runs. Raises TimeoutError after 3 seconds.

    The folder itself is locked: a lock file in it could be removed with the database. Nothing is locked if `folder` is
    None or does not exist, on file systems without folder locks, and on Windows, where open files cannot be removed.
    """
    handle = _open(folder)
    try:
        if handle is not None:
            _lock(handle, exclusive=exclusive)
        yield
    finally:
        if handle is not None:
            # Closing the only handle releases the lock.
            os.close(handle)


def _open(folder: Path | None) -> int | None:
    if folder is None or sys.platform == "win32":
        return None
    try:
        return os.open(folder, os.O_RDONLY)
    except OSError:
        return None


if sys.platform != "win32":

    def is_locked(path: Path, start: int, count: int) -> bool:
        """Tell whether another process has locked any of the `count` bytes from offset `start` on in the file `path`.

        Return False for a file that cannot be opened. This process loses its own locks on the file when the handle is
        closed (POSIX, fcntl), so SQLite must not have this file open here.
        """
        try:
            handle = os.open(path, os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, count, start)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(handle)

    def _lock(handle: int, *, exclusive: bool) -> None:
        deadline = time.monotonic() + _MAX_WAIT_S
        while True:
            try:
                fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise TimeoutError("the folder of the database is locked") from error
                time.sleep(_RETRY_S)
            except OSError:
                return
            else:
                return

else:

    def is_locked(path: Path, start: int, count: int) -> bool:  # noqa: ARG001 - same signature as on other systems
        """Return False: on Windows open files cannot be replaced, so their locks do not matter."""
        return False

    def _lock(handle: int, *, exclusive: bool) -> None:
        """Do nothing: `_open` returns no handle on Windows."""
