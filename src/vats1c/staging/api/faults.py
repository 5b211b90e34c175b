"""The API of fault plans, which make requests to a publication fail."""

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from vats1c.messages import Language
from vats1c.staging.api.errors import required, staging_errors_as_api
from vats1c.web.context import WebContext
from vats1c.web.request import ApiError, ApiRequest, json_response

if TYPE_CHECKING:
    from vats1c.staging.plans import FaultPlan, FaultPlans


class FaultsApi:
    """The endpoints of fault plans."""

    def __init__(self, context: WebContext, plans: "FaultPlans | None") -> None:
        """`plans` is None if the staging bench is off."""
        self._context = context
        self._active_plans = plans

    def list_faults(self, request: ApiRequest) -> Response:
        """Return the active plans, and the magic numbers."""
        plans, names = self._plans(), self._names(request, request.args.get("publication"))
        language: Language = "en" if request.language == "en" else "ru"
        magic = [
            {"number": one.number, "what": one.what.said(language), **one.fault.as_given()}
            for one in plans.test_numbers()
        ]
        return json_response({"faults": [_plan_json(plan) for plan in plans.listed(names)], "magic": magic})

    def add(self, request: ApiRequest) -> Response:
        """Start a plan for the publication in the body, or for the first publication that the sender may see."""
        plans, rule = self._plans(), request.json_body()
        publication = request.text(rule, "publication")
        rule.pop("publication", None)
        name = self._names(request, publication)[0]
        return json_response(_plan_json(staging_errors_as_api(lambda: plans.add(name, rule))), 201)

    def clear(self, request: ApiRequest) -> Response:
        """End all plans of one publication, or of all publications that the sender may see."""
        ended = self._plans().clear(self._names(request, request.args.get("publication")))
        return json_response({"ended": ended})

    def remove(self, request: ApiRequest, fault_id: int) -> Response:
        """End a plan."""
        if not self._plans().clear(self._names(request, None), fault_id):
            raise ApiError(404, "fault", "нет такого сбоя", "there is no such fault")
        return json_response(None)

    def _names(self, request: ApiRequest, publication: str | None) -> list[str]:
        if publication:
            return [request.use_publication(publication)]
        return self._context.names(request.require_tester())

    def _plans(self) -> "FaultPlans":
        return required(self._active_plans)


def _plan_json(plan: "FaultPlan") -> dict[str, Any]:
    return {
        "id": plan.id,
        "publication": plan.publication,
        **plan.rule.as_given(),
        "fitted": plan.fitted,
        "applied": plan.applied,
        "ends": plan.ends.isoformat(),
    }
