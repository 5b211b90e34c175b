"""Spell what the kit found as JUnit XML, which every CI reads."""

from collections.abc import Sequence

from lxml import etree

from vats1c.simulator.answers import printable
from vats1c.simulator.probe import CheckOutcome, CheckResult


def to_junit(findings: Sequence[CheckResult], url: str) -> bytes:
    """Return the report: a test case for each check, named by its code."""
    outcomes = [finding.outcome for finding in findings]
    suite = etree.Element(
        "testsuite",
        {
            "name": f"vats1c probe {url}",
            "tests": str(len(findings)),
            "failures": str(outcomes.count(CheckOutcome.FAILED)),
            "errors": "0",
            "skipped": str(outcomes.count(CheckOutcome.SKIPPED)),
            "time": f"{sum(finding.seconds for finding in findings):.3f}",
        },
    )
    for finding in findings:
        case = etree.SubElement(
            suite, "testcase", {"classname": "vats1c.probe", "name": finding.code, "time": f"{finding.seconds:.3f}"}
        )
        if finding.outcome is CheckOutcome.FAILED:
            text = printable(f"{finding.title}; {finding.expected}; {finding.found}")
            etree.SubElement(case, "failure", {"type": finding.code, "message": text})
        elif finding.outcome is CheckOutcome.SKIPPED:
            etree.SubElement(case, "skipped", {"message": printable(str(finding.reason))})
    return etree.tostring(suite, xml_declaration=True, encoding="utf-8", pretty_print=True)
