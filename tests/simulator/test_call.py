"""`vats1c call` sends the vendor's bytes, says what the phone would show, and whatever goes wrong in one sentence."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.broken import DEFECTS, NAME, StandIn, Ways
from tests.support.live import AUTHORIZATION, free_port, vats1c
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "tests" / "wire" / "examples"
NUMBER = "89235292926"
KEY = "gW3cyUJAtl50PhF"


def hear(connection):
    """Read a request whole: closing on what was not read would take the answer back."""
    heard = b""
    while chunk := connection.recv(65_536):
        heard += chunk
        head, end, body = heard.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and len(body) >= (int(length[1]) if length else 0):
            return


@contextmanager
def saying(*pieces, pause=0.0):
    """Give the address of what answers each connection with bytes as they are, with pauses between."""

    def answer():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    hear(connection)
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(pause)
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/x"


def http(body, status="200 OK", kind="text/xml", **headers):
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n{more}\r\n{body}".encode()


@pytest.mark.parametrize(
    ("example", "options"),
    [
        ("1-sayname-test", ["--namespace", "http://test"]),
        ("2-sayname-vats", []),
        ("3-incomingcall-vats", ["--key", KEY]),
        ("4-sayname-vats-data", ["--parameter", "Number"]),
    ],
)
def test_the_vendors_requests_are_sent_to_the_byte(example, options):
    with StandIn() as there:
        code, _, err = vats1c("call", there.url, "--number", NUMBER, *options)
        headers, body = there.asked[-1]

    assert (code, err) == (0, "")
    assert body == (EXAMPLES / f"{example}.request.xml").read_bytes()
    assert headers["Content-Type"] == "text/xml"
    assert headers["Authorization"] == AUTHORIZATION
    assert headers["Cache-Control"] == "no-cache"
    assert "SOAPAction" not in headers
    assert "Transfer-Encoding" not in headers


def test_the_name_is_printed_as_the_phone_shows_it(live):
    code, out, err = vats1c("call", live.url, "--number", NUMBER)

    assert (code, err) == (0, "")
    assert re.fullmatch(rf"{NUMBER}  SayName  {NAME}  [\d.]+ ms\n", out)


def test_an_unknown_number_is_an_answer(live):
    code, out, _ = vats1c("call", live.endpoint, "--number", "89990000000")

    assert code == 0
    assert "  (no name)  " in out


def test_the_later_contract_says_where_to_route_too(live):
    _, out, _ = vats1c("call", live.endpoint, "--number", NUMBER, "--parameter", "Number", "--soap", "1.2")

    assert f"  {NAME}  [0/244]  " in out


def test_a_group_call_asks_once_and_rings_at_every_key(live):
    code, out, _ = vats1c(
        "call", live.endpoint, "--number", NUMBER, "--key", "first of group", "--key", "second of group"
    )

    assert code == 0
    assert [line.split("  ")[1] for line in out.splitlines()] == [
        "SayName",
        "IncomingCall first of group",
        "IncomingCall second of group",
    ]
    assert [call["key"] for call in live.journal()[-2:]] == ["first of group", "second of group"]


def test_machines_get_a_json_object_for_each_request(live):
    _, out, _ = vats1c("call", live.endpoint, "--number", NUMBER, "--key", KEY, "--json")
    named, rung = map(json.loads, out.splitlines())

    assert (named["operation"], named["outcome"], named["status"], named["name"]) == ("SayName", "ok", 200, NAME)
    assert (rung["operation"], rung["key"], rung["returned"], rung["error"]) == ("IncomingCall", KEY, "1", None)
    assert named["ms"] >= 0


def test_many_calls_end_in_a_summary(live):
    arguments = ("--number", NUMBER, "--key", "many", "--count", 30, "--rate", 200)

    code, out, err = vats1c("call", live.endpoint, *arguments)
    figures = json.loads(vats1c("call", live.endpoint, *arguments, "--json")[1])

    assert (code, err) == (0, "")
    heading, named, rung = (line.split() for line in out.splitlines())
    assert heading[:4] == ["n", "ok", "faults", "errors"]
    assert named[:5] == ["SayName", "30", "30", "0", "0"]
    assert rung[:5] == ["IncomingCall", "30", "30", "0", "0"]
    assert (figures["ended"], figures["right"], figures["errors"]) == (True, True, [])
    for row in figures["operations"]:
        assert row["min"] <= row["p50"] <= row["p90"] <= row["p99"] <= row["max"]
        assert 0 < row["rate"] <= 210
    assert sum(call["key"] == "many" for call in live.journal()) == 60


def test_the_rate_is_bounded(live):
    figures = json.loads(vats1c("call", live.url, "--number", "1", "--count", 10, "--rate", 20, "--json")[1])

    # Nine pauses of 50 ms.
    assert figures["operations"][0]["rate"] <= 10 / 0.45


def test_what_goes_wrong_is_counted_and_said_with_how_often():
    with StandIn(Ways(page=True)) as there:
        code, out, _ = vats1c("call", there.url, "--number", NUMBER, "--count", 5, "--rate", 100)

    assert code == 1
    assert out.splitlines()[1].split()[:5] == ["SayName", "5", "0", "0", "5"]
    assert out.splitlines()[-1] == "5 × an HTML page came instead of SOAP"


def test_ctrl_c_prints_the_summary_so_far():
    with StandIn() as there:
        process = subprocess.Popen(
            [sys.executable, "-m", "vats1c", "call", there.url, "--number", NUMBER, "--count", "1000", "--rate", "20"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        until(lambda: len(there.asked) >= 3)
        process.send_signal(signal.SIGINT)
        out, err = (text.decode() for text in process.communicate(timeout=20))

    assert process.returncode == 1
    assert 3 <= int(out.splitlines()[1].split()[1]) < 1000
    assert err == "stopped before the end\n"


def test_a_scenario_is_played_in_its_order(live):
    code, out, err = vats1c("call", live.endpoint, "--scenario", ROOT / "examples" / "scenario.toml")

    assert (code, err) == (0, "")
    lines = [line.split("  ")[:2] for line in out.splitlines()]
    assert lines[:3] == [
        [NUMBER, "SayName"],
        [NUMBER, "IncomingCall gW3cyUJAtl50PhF"],
        [NUMBER, "IncomingCall hT8vRkQ2mZ71XsD"],
    ]
    assert sorted(line[0] for line in lines[3:5]) == ["89990000000", "anonymous"]
    assert lines[5:8] == [["89990000000", "IncomingCall gW3cyUJAtl50PhF"]] * 3
    assert [line.split()[:3] for line in out.splitlines()[9:]] == [["SayName", "3", "3"], ["IncomingCall", "5", "5"]]


WRONG = {
    "an HTML page came instead of SOAP": http("<html></html>", kind="text/html"),
    "the answer is not well-formed XML": http("<a>"),
    "the answer is empty": http(""),
    "the answer is not a SOAP envelope": http("<a/>"),
    "the answer cannot be read as utf-8": http("<a>").replace(b"<a>", b"\xff\xfa\xfb"),
    "a redirect (302) to /login": http("", status="302 Found", Location="/login"),
    "there is no web service at this address (404)": http("no", status="404 Not Found"),
    "the login is refused (403)": http("no", status="403 Forbidden"),
    "hung up without an answer": b"",
    "what answers is not HTTP": b"220 smtp.example.ru ESMTP\r\n",
    "the answer is cut short": http("<a/>").replace(b"Length: 4", b"Length: 400"),
    "the answer is longer than 1048576 bytes": http("<a>" + "a" * (1 << 20) + "</a>"),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_whatever_is_no_answer_is_one_sentence(sentence):
    with saying(WRONG[sentence]) as url:
        code, out, err = vats1c("call", url, "--number", NUMBER)

    assert (code, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("defect", "sentence"),
    [
        (
            "the answer is in another namespace",
            "the answer is in the namespace http://tempuri.org/ and not http://VATS",
        ),
        ("a page with status 200", "an HTML page came instead of SOAP"),
    ],
)
def test_a_defect_is_one_sentence(defect, sentence):
    with StandIn(DEFECTS[defect][0]) as there:
        assert sentence in vats1c("call", there.url, "--number", NUMBER)[2]


def test_a_wrong_password_is_said_and_not_shown(live):
    code, _, err = vats1c("call", live.url, "--number", NUMBER, env={"VATS1C_PASSWORD": "sesame"})

    assert code == 1
    assert "the login is refused (401): wrong user or password" in err
    assert "sesame" not in err


def test_a_fault_is_said_with_its_code(live):
    code, _, err = vats1c("call", live.url, "--number", NUMBER, "--namespace", "http://other")

    assert code == 1
    assert "a SOAP fault (Client): неизвестная операция {http://other}SayName" in err


def test_nobody_who_listens_is_said_once_in_the_terminals_language():
    url = f"http://127.0.0.1:{free_port()}"
    code, out, err = vats1c("call", url, "--number", NUMBER, "--key", KEY, env={"LANG": "ru_RU.UTF-8"})

    assert (code, out) == (1, "")
    assert "в соединении отказано, там никто не слушает" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("pieces", [[], [b"HTTP/1.1 200 OK\r\n", b"Content-Type: text/xml\r\n"] + [b"X: 1\r\n"] * 200])
def test_whoever_answers_never_or_by_drops_is_waited_for_so_long_and_no_longer(pieces):
    with saying(*pieces, b"", pause=0.1 if pieces else 20) as url:
        code, _, err = vats1c("call", url, "--number", NUMBER, "--timeout", "0.5")

    assert code == 1
    assert "no answer within 0.5 s" in err


@pytest.mark.parametrize("url", ["ftp://x", "here", "http://", "http://x:port/", "http://a b/", "http://SOAP:123@x/"])
def test_an_address_of_no_use_is_refused(url):
    code, _, err = vats1c("call", url, "--number", NUMBER)

    assert code == 2
    assert "Traceback" not in err
    assert "123" not in err


def test_a_number_or_a_scenario_is_needed_and_not_both():
    assert vats1c("call", "http://x")[0] == 2
    assert vats1c("call", "http://x", "--number", "1", "--scenario", "x.toml")[0] == 2


def test_control_characters_of_an_answer_do_not_reach_the_terminal():
    name = "Иван\x9b31m\x85 Петров"
    answer = (EXAMPLES / "2-sayname-vats.response.xml").read_text(encoding="utf-8").replace(NAME, name)
    with saying(http(answer)) as url:
        _, out, _ = vats1c("call", url, "--number", NUMBER)

    assert "Иван 31m Петров" in out
