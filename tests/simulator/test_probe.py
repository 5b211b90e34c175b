"""The kit passes a web service that is right, names each defect of one that is not, and reports in three ways."""

import json

import pytest
from lxml import etree

from tests.support.broken import DEFECTS, RIGHT, WSDL, StandIn, Ways
from tests.support.live import free_port, vats1c
from vats1c.simulator.address import address
from vats1c.simulator.checks import CHECKS
from vats1c.simulator.pbx_client import Target
from vats1c.simulator.probe import CheckOutcome, Probe, ProbeTarget, passed
from vats1c.soap.wsdl import read

OURS = {parameter: read(parameter) for parameter in ("number", "Number")}
NUMBER = "89235292926"


def probed(url, *, user="SOAP", password="123", timeout=5.0, **given):
    """Return what came of each check, by its code."""
    asking = ProbeTarget(Target(address(url), user, password, timeout=timeout), NUMBER, OURS, **given)
    return {finding.code: finding for finding in Probe(asking).run(CHECKS)}


def failed(findings):
    return {code for code, finding in findings.items() if finding.outcome is CheckOutcome.FAILED}


def skipped(findings):
    return {code for code, finding in findings.items() if finding.outcome is CheckOutcome.SKIPPED}


def said(findings, code):
    return f"{findings[code].expected} | {findings[code].found}"


def test_ours_passes_every_check(live):
    findings = probed(live.endpoint, key="key of a test", deadline=5.0)

    assert failed(findings) == skipped(findings) == set()
    assert live.journal()[-1]["key"] == "key of a test"


def test_no_incoming_call_is_sent_without_a_key(live):
    before = live.journal()

    findings = probed(live.endpoint, deadline=5.0)

    assert skipped(findings) == {"INCOMING-CALL"}
    assert "pop a card up" in str(findings["INCOMING-CALL"].reason)
    assert live.journal() == before


def test_ours_passes_when_the_wsdl_asks_for_a_login(start):
    live = start(extra="wsdl_open = false")

    assert failed(probed(live.endpoint, deadline=5.0)) == set()


def test_a_stand_in_that_is_right_passes():
    with StandIn() as there:
        findings = probed(there.url, key="any", deadline=5.0)

    assert {
        code: str(finding.found) for code, finding in findings.items() if finding.outcome is not CheckOutcome.PASSED
    } == {}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_named_by_its_code_and_nothing_else_is(defect):
    ways, codes = DEFECTS[defect]
    with StandIn(ways) as there:
        findings = probed(there.url, key="any", deadline=0.2 if ways.delay else 5.0)

    assert failed(findings) == codes
    assert not passed(findings.values())


def test_what_differs_in_the_wsdl_is_told():
    with StandIn(Ways(wsdl=WSDL.replace('name="Key"', 'name="UserKey"'))) as there:
        told = said(probed(there.url), "WSDL-DIFFERS")

    assert "Key: xs:string" in told.partition(" | ")[0]
    assert "UserKey: xs:string" in told.partition(" | ")[2]


def test_the_wsdl_of_the_later_contract_is_as_right():
    with StandIn(Ways(wsdl=OURS["Number"])) as there:
        assert "WSDL-DIFFERS" not in failed(probed(there.url))
        assert "WSDL-DIFFERS" in failed(probed(there.url, only="number"))


def test_one_contract_alone_can_be_meant():
    with StandIn() as there:
        assert skipped(probed(there.url, only="number")) == {"SAYNAME-DATA", "INCOMING-CALL"}
        findings = probed(there.url, only="Number", deadline=5.0)
        asked = [body for _, body in there.asked]

    assert failed(findings) == {"WSDL-DIFFERS"}
    assert b"<number>" in asked[0]
    assert b"<Number>" in asked[-1]


def test_where_nobody_listens_one_check_says_so_and_the_rest_is_not_made():
    findings = probed(f"http://127.0.0.1:{free_port()}/x")

    assert failed(findings) == {"REACHABLE"}
    assert skipped(findings) == findings.keys() - {"REACHABLE"}
    assert "nobody listens there" in str(findings["REACHABLE"].found)


def test_a_login_that_is_not_taken_is_tried_no_further():
    with StandIn() as there:
        findings = probed(there.url, password="of another")
        asked = len(there.asked)

    assert failed(findings) == {"LOGIN"}
    assert asked == 3


def test_no_check_repeats_the_password():
    secret = "sesame-is-secret"
    with StandIn(Ways(open=True, wsdl=f"<a>{secret}</a>", namespace=f"http://{secret}/")) as there:
        findings = probed(there.url, password=secret)

    assert "ANSWER-NAMESPACE" in failed(findings)
    assert not [finding for finding in findings.values() if secret in f"{finding.found}{finding.expected}"]


def test_the_report_is_readable():
    with StandIn() as there:
        code, out, err = vats1c("probe", there.url, "--deadline", "5000")
        wrong = vats1c("probe", there.url, "--password", "wrong", env={"LANG": "ru_RU.UTF-8"})

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == there.url
    assert "ok    SAYNAME           SayName answers a name" in lines
    assert lines[-1] == f"{len(CHECKS)} checks: {len(CHECKS) - 1} passed, 0 failed, 1 skipped"
    assert wrong[0] == 1
    assert "НЕТ   LOGIN             логин подходит" in wrong[1]
    assert "получено: HTTP 401" in wrong[1]


def test_the_report_is_json_and_junit_too(tmp_path):
    with StandIn(Ways(open=True)) as there:
        code, out, _ = vats1c("probe", there.url, "--json", "--junit", tmp_path / "probe.xml")
    found = json.loads(out)
    suite = etree.parse(tmp_path / "probe.xml").getroot()

    assert code == 1
    assert found["passed"] is False
    assert [one["code"] for one in found["checks"]] == [check.code for check in CHECKS]
    assert {one["code"] for one in found["checks"] if one["outcome"] == "failed"} == {"AUTH-OPEN", "AUTH-WRONG"}
    assert [case.get("name") for case in suite] == [check.code for check in CHECKS]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == (str(len(CHECKS)), "2", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["AUTH-OPEN", "AUTH-WRONG"]


def test_a_report_that_cannot_be_written_is_one_sentence(tmp_path):
    with StandIn(RIGHT) as there:
        code, _, err = vats1c("probe", there.url, "--junit", tmp_path / "nowhere" / "probe.xml")

    assert code == 1
    assert "cannot be written" in err
    assert "Traceback" not in err


def test_every_code_is_there_once():
    codes = [check.code for check in CHECKS]

    assert len(codes) == len(set(codes))
    assert {check.needs for check in CHECKS} - {""} <= set(codes)
