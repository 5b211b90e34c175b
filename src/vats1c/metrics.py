"""Metrics for the operator, such as requests by outcome and refused logins; none has a number, a name or a key.

Rule: each application has its own Metrics object and registry, so that two applications never share a counter.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


# A creation time for each counter doubles the page and is not used.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The figures of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "vats1c_requests",
            "Requests on the SOAP path by publication, operation and outcome (ok or the reason of the fault).",
            ("publication", "operation", "outcome"),
            registry=self.registry,
        )
        self.lookups = Counter(
            "vats1c_lookups",
            "Lookups by directory and outcome (found, unknown, failed, late, busy, circuit_open).",
            ("directory", "outcome"),
            registry=self.registry,
        )
        self.failed_logins = Counter(
            "vats1c_failed_logins",
            "Logins refused, by what was done (refused, slowed, turned_away).",
            ("outcome",),
            registry=self.registry,
        )
        self.dropped = Counter(
            "vats1c_journal_dropped",
            "What the journal could not keep up with, by what was dropped (raw, exchange).",
            ("what",),
            registry=self.registry,
        )
        self.shadow = Counter(
            "vats1c_shadow",
            "Answers compared with the real 1C's (failed, name, shape, slower, same, dropped).",
            ("publication", "outcome"),
            registry=self.registry,
        )
        self.forwarded = Counter(
            "vats1c_forwarded",
            "Calls passed on to the real 1C (taken, failed, dropped).",
            ("publication", "outcome"),
            registry=self.registry,
        )
        self.windows = Gauge("vats1c_windows", "Open card windows.", registry=self.registry)
        self.callers = Gauge(
            "vats1c_directory_callers", "Callers in each directory.", ("directory",), registry=self.registry
        )

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format, version 0.0.4."""
        return generate_latest(self.registry)
