"""The API's description is the API: every address is in it, and what is answered is what it says."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support.live import Live
from tests.support.office import PEOPLE, SOAP_USER, STORE
from tests.support.tester import STAGING, TOKEN, BenchClient
from vats1c import config, web
from vats1c.cli.running import open_application

FILE = Path(web.__file__).parent / "openapi.json"
DOCUMENT = json.loads(FILE.read_text(encoding="utf-8"))
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_every_address_of_the_api_is_described_and_no_other(tmp_path):
    file = tmp_path / "vats1c.toml"
    file.write_text(f"{STAGING}{SOAP_USER}{STORE}", encoding="utf-8")
    with open_application(config.load(file)) as application:
        rules = [rule for rule in application.router._site._map.iter_rules() if rule.rule.startswith("/api/")]
    there_are = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in rules
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }

    described = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == there_are


def test_every_operation_has_a_name_of_its_own():
    names = [one["operationId"] for methods in DOCUMENT["paths"].values() for one in methods.values()]

    assert len(set(names)) == len(names)


def test_the_document_is_served(bench_live):
    answer = bench_live.get("/api/v1/openapi.json")

    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.body == FILE.read_bytes()


def without_waiting():
    """Return the document without long waits: whoever sends whatever comes to mind would wait for ever."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    for path in ("/api/v1/calls", "/api/v1/exchanges"):
        (wait,) = (one for one in document["paths"][path]["get"]["parameters"] if one["name"] == "wait")
        wait["schema"]["maximum"] = 0
    # A stream has no end; tests/web/test_exchanges.py listens to it.
    del document["paths"]["/api/v1/exchanges/events"]
    document["components"]["schemas"]["Expected"]["properties"]["within"]["maximum"] = 0
    # A test call would be as slow.
    del document["components"]["schemas"]["FaultGiven"]["properties"]["delay_ms"]
    return document


def conforms(live: Live, folder, *who):
    """Send what the document allows and what it does not; fail with what was answered otherwise than it says."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(without_waiting()), encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "run", file, "--url", live.url, *who, "--checks", CHECKS]
    options = ["--phases", "coverage,fuzzing", "--max-examples", "4", "--seed", "1", "--warnings", "off", "--no-color"]
    done = subprocess.run([*command, *options], check=False, capture_output=True, timeout=120, cwd=folder)

    assert done.returncode == 0, done.stdout.decode()


def test_what_is_answered_to_a_tester_is_what_the_document_says(start, tmp_path):
    live = start(extra=STAGING + STORE, users=SOAP_USER + PEOPLE)
    bench = BenchClient(live)
    bench.says("telephony")
    bench.rings("telephony")

    conforms(live, tmp_path, "--header", f"Authorization: Bearer {TOKEN}", "--include-tag", "staging")
    assert "page_failed" not in live.printed


def test_what_is_answered_to_an_administrator_is_what_the_document_says(start, tmp_path):
    live = start(extra=STAGING + STORE, users=SOAP_USER + PEOPLE)
    BenchClient(live).rings("telephony")

    conforms(live, tmp_path, "--auth", "admin:admin's", "--exclude-tag", "staging")
    assert "page_failed" not in live.printed
