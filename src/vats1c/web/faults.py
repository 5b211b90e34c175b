"""The API of faults on purpose: which publications' requests go wrong, how, and for how long."""

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from vats1c.language import Language
from vats1c.web.asking import ApiError, Asking, answered
from vats1c.web.office import Parts
from vats1c.web.publications import told

if TYPE_CHECKING:
    from vats1c.staging.plans import FaultPlan, FaultPlans


class Faults:
    """Faults as testers bring them about, and end them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def listed(self, asking: Asking) -> Response:
        """Give those that are on, and the magic numbers."""
        plans, names = self._plans(), self._names(asking, asking.args.get("publication"))
        language: Language = "en" if asking.language == "en" else "ru"
        magic = [
            {"number": one.number, "what": one.what.said(language), **one.fault.described()} for one in plans.magic()
        ]
        return answered({"faults": [_of(one) for one in plans.listed(names)], "magic": magic})

    def add(self, asking: Asking) -> Response:
        """Have requests to a publication, the first one where none is named, go wrong."""
        plans, given = self._plans(), asking.given()
        asked = asking.text(given, "publication")
        given.pop("publication", None)
        name = self._names(asking, asked)[0]
        return answered(_of(told(lambda: plans.add(name, given))), 201)

    def clear(self, asking: Asking) -> Response:
        """End all of them."""
        ended = self._plans().clear(self._names(asking, asking.args.get("publication")))
        return answered({"ended": ended})

    def remove(self, asking: Asking, fault_id: int) -> Response:
        """End one."""
        if not self._plans().clear(self._names(asking, None), fault_id):
            raise ApiError(404, "fault", "нет такого сбоя", "there is no such fault")
        return answered(None)

    def _names(self, asking: Asking, publication: str | None) -> list[str]:
        names = self._parts.names(asking.tester())
        if not publication:
            return names
        if publication not in names:
            raise ApiError(404, "publication", "нет такой публикации", "there is no such publication")
        if self._parts.on_request is not None:
            self._parts.on_request.touch(publication)
        return [publication]

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
        **plan.order.described(),
        "fitted": plan.fitted,
        "applied": plan.applied,
        "ends": plan.ends.isoformat(),
    }
