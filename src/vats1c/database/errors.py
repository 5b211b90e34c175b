"""What can go wrong with the database."""

import sqlalchemy as sa

from vats1c.messages import Message


class DatabaseError(Exception):
    """The database cannot be opened, written or read; `message` says why in one sentence."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.message = Message(ru, en)


class FilesGoneError(sa.exc.SQLAlchemyError):
    """The files of an embedded database were removed, replaced or cut short, and none can be opened in their place."""


def reason(error: Exception) -> str:
    """Return what the driver says, in one line."""
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0] if str(cause) else type(cause).__name__
