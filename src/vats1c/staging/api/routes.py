"""The routes that the staging bench and the inspector add to the site."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug.routing import Rule

from vats1c.staging.api.exchanges import ExchangesApi
from vats1c.staging.api.faults import FaultsApi
from vats1c.staging.api.publications import PublicationsApi
from vats1c.staging.api.verify import VerifyApi
from vats1c.staging.publications import Publications
from vats1c.web import WebContext

if TYPE_CHECKING:
    from vats1c.staging.plans import FaultPlans

_API = "/api/v1"


def rules(
    context: WebContext,
    send_test_request: Callable[[str, bytes], int],
    publications: Publications | None,
    plans: "FaultPlans | None",
) -> list[Rule]:
    """Return the routes; `publications` and `plans` are None if the bench is off.

    `send_test_request` sends a SOAP request (publication, body) inside this process and returns the HTTP status of the
    answer.
    """
    return [
        *_inspector_rules(ExchangesApi(context, send_test_request)),
        Rule(f"{_API}/verify", endpoint=VerifyApi(context).verify, methods=["POST"]),
        *_publication_rules(PublicationsApi(publications)),
        *_fault_rules(FaultsApi(context, plans)),
    ]


def _inspector_rules(exchanges: ExchangesApi) -> list[Rule]:
    return [
        Rule(f"{_API}/bench", endpoint=exchanges.bench, methods=["GET"]),
        Rule(f"{_API}/test-call", endpoint=exchanges.test_call, methods=["POST"]),
        Rule(f"{_API}/exchanges", endpoint=exchanges.list_exchanges, methods=["GET"]),
        Rule(f"{_API}/exchanges.jsonl", endpoint=exchanges.jsonl, methods=["GET"]),
        Rule(f"{_API}/exchanges.har", endpoint=exchanges.har, methods=["GET"]),
        Rule(f"{_API}/exchanges/events", endpoint=exchanges.events, methods=["GET"]),
        Rule(f"{_API}/exchanges/<exchange_id>", endpoint=exchanges.one, methods=["GET"]),
        Rule(f"{_API}/exchanges/<exchange_id>/<form>", endpoint=exchanges.export, methods=["GET"]),
    ]


def _publication_rules(publications: PublicationsApi) -> list[Rule]:
    return [
        Rule(f"{_API}/publications", endpoint=publications.make, methods=["POST"]),
        Rule(f"{_API}/publications/<name>", endpoint=publications.one, methods=["GET"]),
        Rule(f"{_API}/publications/<name>", endpoint=publications.remove, methods=["DELETE"]),
        Rule(f"{_API}/publications/<name>/callers", endpoint=publications.replace_callers, methods=["PUT"]),
        Rule(f"{_API}/publications/<name>/callers", endpoint=publications.put_callers, methods=["POST"]),
    ]


def _fault_rules(faults: FaultsApi) -> list[Rule]:
    return [
        Rule(f"{_API}/faults", endpoint=faults.list_faults, methods=["GET"]),
        Rule(f"{_API}/faults", endpoint=faults.add, methods=["POST"]),
        Rule(f"{_API}/faults", endpoint=faults.clear, methods=["DELETE"]),
        Rule(f"{_API}/faults/<int:fault_id>", endpoint=faults.remove, methods=["DELETE"]),
    ]
