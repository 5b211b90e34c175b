"""The errors of the database."""

import sqlalchemy as sa

from vats1c.messages import Message


class DatabaseError(Exception):
    """The database cannot be opened, written or read; `message` gives the reason in one sentence."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)


class FilesGoneError(sa.exc.SQLAlchemyError):
    """The files of a SQLite database were removed, replaced or truncated, and opening new ones failed.

    It is also raised when the database cannot be locked or its write-ahead log cannot be copied into it.
    """


def reason(error: Exception) -> str:
    """Return the first line of the driver's error message, or the error's class name if there is no message."""
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
