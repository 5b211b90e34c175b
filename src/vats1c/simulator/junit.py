"""Render the results of the conformance kit as JUnit XML, which CI systems read."""

from collections.abc import Sequence

from lxml import etree

from vats1c.simulator.answers import printable
from vats1c.simulator.probe import CheckOutcome, CheckResult


def to_junit(results: Sequence[CheckResult], url: str) -> bytes:
    """Return the XML report of `results`, the checks of `url`: one test case per check, named by the check's code."""
    outcomes = [result.outcome for result in results]
    suite = etree.Element(
        "testsuite",
        {
            "name": f"vats1c probe {url}",
            "tests": str(len(results)),
            "failures": str(outcomes.count(CheckOutcome.FAILED)),
            "errors": "0",
            "skipped": str(outcomes.count(CheckOutcome.SKIPPED)),
            "time": f"{sum(result.seconds for result in results):.3f}",
        },
    )
    for result in results:
        case = etree.SubElement(
            suite, "testcase", {"classname": "vats1c.probe", "name": result.code, "time": f"{result.seconds:.3f}"}
        )
        if result.outcome is CheckOutcome.FAILED:
            text = printable(f"{result.title}; {result.expected}; {result.found}")
            etree.SubElement(case, "failure", {"type": result.code, "message": text})
        elif result.outcome is CheckOutcome.SKIPPED:
            etree.SubElement(case, "skipped", {"message": printable(str(result.reason))})
    return etree.tostring(suite, xml_declaration=True, encoding="utf-8", pretty_print=True)
