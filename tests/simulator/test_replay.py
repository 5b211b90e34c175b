"""`vats1c replay` sends the bytes of an exchange again and says whether it is answered as it was."""

import json

import pytest

from tests.support.broken import StandIn, Ways
from tests.support.live import free_port, incoming_call, say_name, vats1c
from tests.support.waiting import until


@pytest.fixture(scope="module")
def recorded(start):
    """A service with exchanges: a SayName, one in SOAP 1.2, an IncomingCall, a fault, and a refused login."""
    live = start()
    live.post(say_name())
    live.post(say_name(version="http://www.w3.org/2003/05/soap-envelope"), content_type="application/soap+xml")
    live.post(incoming_call(key="rings again"))
    live.post(say_name().replace("</soap:Body>", ""))
    live.post(say_name(), authorization=None)
    live.ids = ids(live, 5)
    return live


def ids(live, count):
    """Return the ids of the exchanges in the order in which they were made, once they are written down."""
    from vats1c import config
    from vats1c.database import Database
    from vats1c.journal import Reader

    database = Database(config.load(live.config).database_url)
    reader = Reader(database)

    def written():
        found = reader.exchanges(100)
        return found if len(found) == count and all(reader.raw(one.id) for one in found) else None

    found = until(written)
    database.close()
    return [one.id for one in sorted(found, key=lambda one: one.at)]


def test_the_same_service_answers_the_same(recorded):
    code, out, err = vats1c("replay", recorded.ids[0], "--to", recorded.url, "-c", recorded.config)

    assert (code, err) == (0, "")
    assert "SayNameResponse 'VIP:Ренессанс Капитал'" in out
    assert out.splitlines()[-1] == "the answers are the same to the byte"


def test_a_fault_and_soap_12_are_sent_again_too(recorded):
    for exchange in (recorded.ids[1], recorded.ids[3]):
        assert vats1c("replay", exchange, "--to", recorded.endpoint, "-c", recorded.config)[0] == 0


def test_what_was_sent_is_sent_to_the_byte_with_a_login_of_ones_own(recorded):
    with StandIn() as there:
        vats1c("replay", recorded.ids[2], "--to", there.url, "-c", recorded.config, env={"VATS1C_PASSWORD": "own"})
        headers, body = there.asked[0]

    assert body == incoming_call(key="rings again").encode()
    assert headers["Authorization"] == "Basic U09BUDpvd24="
    assert headers["Content-Type"] == "text/xml"


def test_another_answer_is_shown_beside_the_old_one(recorded):
    with StandIn(Ways(namespace="http://test")) as there:
        code, out, _ = vats1c("replay", recorded.ids[0], "--to", there.url, "-c", recorded.config)
        said = json.loads(vats1c("replay", recorded.ids[0], "--to", there.url, "-c", recorded.config, "--json")[1])

    assert code == 1
    assert out.splitlines()[-1] == "the answers differ: namespace"
    assert said["differs"] == ["namespace"]
    assert (said["old"]["namespace"], said["new"]["namespace"]) == ("http://VATS", "http://test")
    assert said["old"]["returned"] == said["new"]["returned"] == "VIP:Ренессанс Капитал"


def test_a_page_in_place_of_an_answer_differs(recorded):
    with StandIn(Ways(page=True)) as there:
        code, out, _ = vats1c("replay", recorded.ids[0], "--to", there.url, "-c", recorded.config)

    assert code == 1
    assert "an HTML page came instead of SOAP" in out


def test_what_cannot_be_sent_again_is_one_sentence(recorded):
    nobody = f"http://127.0.0.1:{free_port()}"
    for exchange, to, sentence in (
        (999_999, recorded.url, "there is no exchange 999999 in the journal"),
        (recorded.ids[4], recorded.url, "was refused before its body was read (auth): nothing to send"),
        (recorded.ids[0], nobody, "nobody listens there"),
    ):
        code, out, err = vats1c("replay", exchange, "--to", to, "-c", recorded.config)
        assert (code, out) == (1, "")
        assert sentence in err
        assert err.count("\n") == 1
