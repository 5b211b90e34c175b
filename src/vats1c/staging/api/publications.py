"""The API of publications on request: each test creates an endpoint with its own callers and users."""

from typing import Any

from werkzeug.wrappers import Response

from vats1c.staging.api.errors import required, staging_errors_as_api
from vats1c.staging.publications import DynamicPublication, Publications
from vats1c.web.request import ApiError, ApiRequest, json_response


class PublicationsApi:
    """The endpoints of publications on request."""

    def __init__(self, publications: Publications | None) -> None:
        """`publications` is None if the staging bench is off."""
        self._on_request = publications

    def make(self, request: ApiRequest) -> Response:
        """Create a publication."""
        publications = self._publications(request)
        body = request.json_body()
        return json_response(
            self._publication_json(request, staging_errors_as_api(lambda: publications.make(body))), 201
        )

    def one(self, request: ApiRequest, name: str) -> Response:
        """Return a publication with its users, subscribers and callers."""
        publications = self._publications(request)
        return json_response(
            self._publication_json(request, staging_errors_as_api(lambda: publications.get(name)), is_detailed=True)
        )

    def remove(self, request: ApiRequest, name: str) -> Response:
        """Remove a publication and its rows in the journal."""
        publications = self._publications(request)
        staging_errors_as_api(lambda: publications.remove(name))
        return json_response(None)

    def replace_callers(self, request: ApiRequest, name: str) -> Response:
        """Replace all callers of a publication."""
        return self._put(request, name, replace=True)

    def put_callers(self, request: ApiRequest, name: str) -> Response:
        """Add callers to a publication; a new caller replaces the stored callers that have one of its numbers."""
        return self._put(request, name, replace=False)

    def _put(self, request: ApiRequest, name: str, *, replace: bool) -> Response:
        publications = self._publications(request)
        body = request.json_body()
        if body.keys() != {"callers"}:
            raise ApiError(400, "callers", "ожидается только callers", "callers is expected, and nothing else")
        publication = staging_errors_as_api(lambda: publications.put(name, body["callers"], replace=replace))
        return json_response({"callers": _callers(publication)})

    def _publications(self, request: ApiRequest) -> Publications:
        request.require_tester()
        return required(self._on_request)

    def _publication_json(
        self, request: ApiRequest, publication: DynamicPublication, *, is_detailed: bool = False
    ) -> dict[str, Any]:
        url = f"{request.root_url}{publication.name}/ws/VATS"
        publications = self._publications(request)
        fields: dict[str, Any] = {
            "name": publication.name,
            "url": url,
            "wsdl": f"{url}?wsdl",
            "cursor": publication.cursor,
            "expires": publications.expires(publication).isoformat(),
        }
        if is_detailed:
            fields["users"] = [user.name for user in publication.own.users]
            fields["subscribers"] = [
                {"key": one.key, "name": one.name, "extension": one.extension, "login": one.login}
                for one in publication.own.subscribers
            ]
            fields["callers"] = _callers(publication)
        return fields


def _callers(publication: DynamicPublication) -> list[dict[str, str]]:
    return [
        {
            "number": row.cell,
            "name": row.caller.name,
            "company": row.caller.company,
            "category": row.caller.category,
            "manager": row.caller.manager,
            "note": row.caller.note,
        }
        for row in publication.callers.rows()
    ]
