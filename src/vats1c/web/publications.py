"""The API of publications made on request: each test its own endpoint, callers and users."""

from collections.abc import Callable
from typing import Any, TypeVar

from werkzeug.wrappers import Response

from vats1c.directory import DirectoryError
from vats1c.staging.publications import DynamicPublication, Publications
from vats1c.staging.schema import StagingError
from vats1c.web.context import WebContext
from vats1c.web.request import ApiError, ApiRequest, json_response

T = TypeVar("T")

_STATUSES = {"taken": 409, "login": 409, "full": 429, "publication": 404}


class PublicationsApi:
    """Publications as tests make and unmake them."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts

    def make(self, asking: ApiRequest) -> Response:
        """Make one."""
        publications = self._publications(asking)
        given = asking.json_body()
        return json_response(self._of(asking, staging_errors_as_api(lambda: publications.make(given))), 201)

    def one(self, asking: ApiRequest, name: str) -> Response:
        """Give one."""
        publications = self._publications(asking)
        return json_response(self._of(asking, staging_errors_as_api(lambda: publications.get(name)), whole=True))

    def remove(self, asking: ApiRequest, name: str) -> Response:
        """Take one down, what was written of it too."""
        publications = self._publications(asking)
        staging_errors_as_api(lambda: publications.remove(name))
        return json_response(None)

    def replace_callers(self, asking: ApiRequest, name: str) -> Response:
        """Have these callers in place of all there were."""
        return self._put(asking, name, replace=True)

    def put_callers(self, asking: ApiRequest, name: str) -> Response:
        """Have these callers beside those there are, in place of whoever has one of their numbers."""
        return self._put(asking, name, replace=False)

    def _put(self, asking: ApiRequest, name: str, *, replace: bool) -> Response:
        publications = self._publications(asking)
        given = asking.json_body()
        if given.keys() != {"callers"}:
            raise ApiError(400, "callers", "ожидается только callers", "callers is expected, and nothing else")
        made = staging_errors_as_api(lambda: publications.put(name, given["callers"], replace=replace))
        return json_response({"callers": _callers(made)})

    def _publications(self, asking: ApiRequest) -> Publications:
        asking.require_tester()
        if self._parts.dynamic_publications is None:
            raise ApiError(
                404,
                "staging",
                "испытательный стенд выключен (staging.enabled)",
                "the staging bench is off (staging.enabled)",
            )
        return self._parts.dynamic_publications

    def _of(self, asking: ApiRequest, made: DynamicPublication, *, whole: bool = False) -> dict[str, Any]:
        url = f"{asking.root_url}{made.name}/ws/VATS"
        publications = self._publications(asking)
        described: dict[str, Any] = {
            "name": made.name,
            "url": url,
            "wsdl": f"{url}?wsdl",
            "cursor": made.cursor,
            "expires": publications.expires(made).isoformat(),
        }
        if whole:
            described["users"] = [user.name for user in made.own.users]
            described["subscribers"] = [
                {"key": one.key, "name": one.name, "extension": one.extension, "login": one.login}
                for one in made.own.subscribers
            ]
            described["callers"] = _callers(made)
        return described


def _callers(made: DynamicPublication) -> list[dict[str, str]]:
    return [
        {
            "number": row.cell,
            "name": row.caller.name,
            "company": row.caller.company,
            "category": row.caller.category,
            "manager": row.caller.manager,
            "note": row.caller.note,
        }
        for row in made.callers.rows()
    ]


def staging_errors_as_api(work: Callable[[], T]) -> T:
    """Return what `work` returns; what cannot be done becomes an answer."""
    try:
        return work()
    except StagingError as error:
        status = _STATUSES.get(error.code, 400)
        raise ApiError(status, error.code, error.message.ru, error.message.en) from error
    except DirectoryError as error:
        key = error.key or "callers"
        message = error.message
        raise ApiError(400, "callers", f"{key}: {message.ru}", f"{key}: {message.en}") from error
