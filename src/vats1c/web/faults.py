"""The API of faults on purpose: which publications' requests go wrong, how, and for how long."""

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from vats1c.messages import Language
from vats1c.web.context import WebContext
from vats1c.web.publications import staging_errors_as_api
from vats1c.web.request import ApiError, ApiRequest, json_response

if TYPE_CHECKING:
    from vats1c.staging.plans import FaultPlan, FaultPlans


class FaultsApi:
    """Faults as testers bring them about, and end them."""

    def __init__(self, parts: WebContext) -> None:
        self._parts = parts

    def list_faults(self, asking: ApiRequest) -> Response:
        """Give those that are on, and the magic numbers."""
        plans, names = self._plans(), self._names(asking, asking.args.get("publication"))
        language: Language = "en" if asking.language == "en" else "ru"
        magic = [
            {"number": one.number, "what": one.what.said(language), **one.fault.as_given()}
            for one in plans.test_numbers()
        ]
        return json_response({"faults": [_of(one) for one in plans.listed(names)], "magic": magic})

    def add(self, asking: ApiRequest) -> Response:
        """Have requests to a publication, the first one where none is named, go wrong."""
        plans, given = self._plans(), asking.json_body()
        asked = asking.text(given, "publication")
        given.pop("publication", None)
        name = self._names(asking, asked)[0]
        return json_response(_of(staging_errors_as_api(lambda: plans.add(name, given))), 201)

    def clear(self, asking: ApiRequest) -> Response:
        """End all of them."""
        ended = self._plans().clear(self._names(asking, asking.args.get("publication")))
        return json_response({"ended": ended})

    def remove(self, asking: ApiRequest, fault_id: int) -> Response:
        """End one."""
        if not self._plans().clear(self._names(asking, None), fault_id):
            raise ApiError(404, "fault", "нет такого сбоя", "there is no such fault")
        return json_response(None)

    def _names(self, asking: ApiRequest, publication: str | None) -> list[str]:
        if publication:
            return [asking.use_publication(publication)]
        return self._parts.names(asking.require_tester())

    def _plans(self) -> "FaultPlans":
        if self._parts.faults is None:
            raise ApiError(
                404,
                "staging",
                "испытательный стенд выключен (staging.enabled)",
                "the staging bench is off (staging.enabled)",
            )
        return self._parts.faults


def _of(plan: "FaultPlan") -> dict[str, Any]:
    return {
        "id": plan.id,
        "publication": plan.publication,
        **plan.rule.as_given(),
        "fitted": plan.fitted,
        "applied": plan.applied,
        "ends": plan.ends.isoformat(),
    }
