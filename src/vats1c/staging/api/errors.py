"""The errors that the endpoints of the staging bench have in common, as errors of the API."""

from collections.abc import Callable
from typing import TypeVar

from vats1c.directory import DirectoryError
from vats1c.staging.schema import StagingError
from vats1c.web.request import ApiError

T = TypeVar("T")

_STATUSES = {"taken": 409, "login": 409, "full": 429, "publication": 404}


def required(part: T | None) -> T:
    """Return `part`, a part of the staging bench. Raises ApiError if it is None because the bench is off."""
    if part is None:
        raise ApiError(
            404,
            "staging",
            "испытательный стенд выключен (staging.enabled)",
            "the staging bench is off (staging.enabled)",
        )
    return part


def staging_errors_as_api(work: Callable[[], T]) -> T:
    """Return the result of `work()`; raise ApiError for its StagingError or DirectoryError."""
    try:
        return work()
    except StagingError as error:
        status = _STATUSES.get(error.code, 400)
        raise ApiError(status, error.code, error.message.ru, error.message.en) from error
    except DirectoryError as error:
        key = error.key or "callers"
        message = error.message
        raise ApiError(400, "callers", f"{key}: {message.ru}", f"{key}: {message.en}") from error
