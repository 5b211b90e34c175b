"""An LDAP directory passes the suite over a real slapd, and says what is wrong with it."""

import importlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.live import free_port
from vats1c.directory import DirectoryError
from vats1c.model import Caller, Confidence
from vats1c.number import DEFAULT_PLAN, Number, NumberPlan, identify
from vats1c.testing import CALLERS, DirectoryContract

pytest.importorskip("ldap3", reason="ldap3 is not installed")
# pyasn1 renamed what ldap3 still calls by its old names.

BASE = "dc=example,dc=com"
LOGIN = {"user": f"cn=admin,{BASE}", "password": "sesame"}
FIELDS = {"manager": "employeeNumber"}
SLAPD_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath {modules}
moduleload back_mdb
database mdb
suffix "dc=example,dc=com"
rootdn "cn=admin,dc=example,dc=com"
rootpw sesame
directory {folder}
maxsize 10485760
"""


def binary(name):
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/libexec")
    if found is None or not Path("/etc/ldap/schema/inetorgperson.schema").exists():
        pytest.skip(f"{name} is not installed (apt-get install slapd)")
    return found


class Slapd:
    """A server in a folder of its own, which may be stopped and started again."""

    def __init__(self, folder):
        self.conf = folder / "slapd.conf"
        (folder / "data").mkdir()
        modules = next(Path("/usr/lib").glob("**/back_mdb*.so*"), Path("/usr/lib/ldap/x")).parent
        self.conf.write_text(SLAPD_CONF.format(folder=folder / "data", modules=modules))
        self.port = free_port()
        self.url = f"ldap://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        # -d 0 keeps it in the foreground.
        self.process = subprocess.Popen([binary("slapd"), "-d", "0", "-f", self.conf, "-h", self.url])
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "slapd ended"
            time.sleep(0.05)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@contextmanager
def running():
    binary("slapd")
    # A short path of its own: slapd outlives no test, so neither does the folder.
    folder = Path(tempfile.mkdtemp(prefix="vats1c-ldap-"))
    server = Slapd(folder)
    try:
        server.start()
        fill(server.url)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def fill(url):
    """Enter CALLERS as an administrator would: numbers with country, or as dialled, with spaces and hyphens."""
    import ldap3

    connection = ldap3.Connection(ldap3.Server(url, get_info=ldap3.NONE), LOGIN["user"], LOGIN["password"])
    connection.open()
    # The library's own unbind leaves it open.
    with connection.socket:
        assert connection.bind()
        assert connection.add(BASE, ["dcObject", "organization"], {"dc": "example", "o": "example"})
        for place, (number, caller) in enumerate(CALLERS):
            written = number.replace("(", "").replace(")", "")
            values = {"cn": caller.name, "sn": "x", "telephoneNumber": written, "o": caller.company}
            values |= {"businessCategory": caller.category, "employeeNumber": caller.manager}
            values |= {"description": caller.note, "uid": str(place)}
            given = {name: value for name, value in values.items() if value}
            assert connection.add(f"uid={place},{BASE}", "inetOrgPerson", given), connection.result
        extra = {"cn": ["Первый"], "displayName": "Показанный", "sn": "x", "mobile": "+7 916 123-45-67"}
        assert connection.add(f"uid=mobile,{BASE}", "inetOrgPerson", extra), connection.result


@pytest.fixture(scope="module")
def server():
    with running() as started:
        yield started


@pytest.fixture
def opened(server):
    """Open directories, all closed at the end."""
    from vats1c.directory.kinds.ldap import LdapDirectory

    directories = []

    def open_(plan=DEFAULT_PLAN, **settings):
        given = {"url": server.url, "base": BASE, "fields": FIELDS, "timeout": 5, **LOGIN, **settings}
        directories.append(LdapDirectory("ad", given, plan))
        return directories[-1]

    yield open_
    for directory in directories:
        directory.close()


@pytest.fixture
def directory(opened):
    return opened()


class TestLdap(DirectoryContract):
    """The suite over slapd."""


def name_of(directory, number="89235292926"):
    match = directory.find(identify(number))
    return match.caller.name if match else None


def failure(directory):
    with pytest.raises(DirectoryError) as caught:
        directory.find(identify("89235292926"))
    for said in (str(caught.value), caught.value.message.ru):
        assert "\n" not in said
        assert not any(secret in said for secret in ("sesame", "9235292926"))
    assert not directory.state().ready
    return caught.value


def wrong(**settings):
    from vats1c.directory.kinds.ldap import LdapDirectory

    with pytest.raises(DirectoryError) as caught:
        LdapDirectory("ad", {"url": "ldap://127.0.0.1:9", "base": BASE, **settings}, DEFAULT_PLAN)
    assert "sesame" not in str(caught.value)
    return caught.value.key


def test_the_name_shown_goes_before_the_common_name_and_a_mobile_is_a_number_too(directory):
    assert directory.find(identify("89161234567")).caller == Caller("Показанный")


def test_nobody_needs_no_login_where_the_server_lets_anybody_read(server):
    from vats1c.directory.kinds.ldap import LdapDirectory

    directory = LdapDirectory("ad", {"url": server.url, "base": BASE, "timeout": 5}, DEFAULT_PLAN)

    assert name_of(directory) == "VIP:Ренессанс Капитал"
    directory.close()


def test_the_filter_is_the_owners_and_what_is_put_in_is_escaped(opened):
    directory = opened(filter="(&(objectClass=person)(telephoneNumber=*{last10}))")

    assert name_of(directory) == "VIP:Ренессанс Капитал"
    from vats1c.directory.kinds.ldap import _filled

    assert _filled("(a={number})", Number("x", "*)(b=\\\0")) == r"(a=\2a\29\28b=\5c\00)"


def test_a_number_of_another_country_is_found_by_its_last_digits_only(opened):
    match = opened(filter="(telephoneNumber=*{last10})").find(identify("+19235292926"))

    assert match is None or match.confidence is Confidence.LAST_DIGITS


def test_a_number_whose_town_is_guessed_is_less_sure(opened):
    plan = NumberPlan(area_code="495")
    match = opened(plan).find(identify("777-12-34", plan))

    assert (match.confidence, match.caller.manager) == (Confidence.LOCAL, "")


def test_an_unreachable_server_is_no_error_at_the_start_and_one_line_later():
    from vats1c.directory.kinds.ldap import LdapDirectory

    given = {"url": f"ldap://127.0.0.1:{free_port()}", "base": BASE, **LOGIN}
    directory = LdapDirectory("ad", given, DEFAULT_PLAN)

    failure(directory)
    directory.close()


def test_a_server_that_accepts_and_is_silent_is_waited_for_no_longer_than_the_timeout():
    from vats1c.directory.kinds.ldap import LdapDirectory

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ldap://127.0.0.1:{silent.getsockname()[1]}"
        directory = LdapDirectory("ad", {"url": url, "base": BASE, "timeout": 0.2}, DEFAULT_PLAN)
        # An end after 60 s would be another failure than the timeout.
        ends = threading.Timer(60, silent.close)
        ends.start()
        failure(directory)
        assert ends.is_alive()
        ends.cancel()
        directory.close()


def test_a_server_that_speaks_something_else_is_a_failure():
    import threading

    from vats1c.directory.kinds.ldap import LdapDirectory

    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer():
            for _ in range(2):
                with other.accept()[0] as peer:
                    peer.recv(1000)
                    peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\xff" * 100)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"ldap://127.0.0.1:{other.getsockname()[1]}"
        directory = LdapDirectory("ad", {"url": url, "base": BASE, "timeout": 1}, DEFAULT_PLAN)
        failure(directory)
        thread.join()
        directory.close()


def test_a_refused_login_is_a_failure_but_not_of_the_start(opened):
    assert "invalidCredentials" in str(failure(opened(password="wrong-sesame")))


def test_a_base_that_is_not_there_stops_the_start(opened):
    for base in ("dc=nowhere,dc=com", "nonsense"):
        with pytest.raises(DirectoryError) as caught:
            opened(base=base)
        assert caught.value.key == "base"


def test_a_server_started_anew_answers_the_next_question():
    from vats1c.directory.kinds.ldap import LdapDirectory

    with running() as server:
        directory = LdapDirectory("ad", {"url": server.url, "base": BASE, "timeout": 5}, DEFAULT_PLAN)
        assert name_of(directory) == "VIP:Ренессанс Капитал"
        server.stop()
        failure(directory)
        server.start()
        assert name_of(directory) == "VIP:Ренессанс Капитал"
        assert directory.state().ready
        # A connection kept over a restart that nobody noticed is replaced without a failure.
        server.stop()
        server.start()
        assert name_of(directory) == "VIP:Ренессанс Капитал"
        directory.close()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"url": "http://x"}, "url"),
        ({"url": "ldap://admin:sesame@x"}, "url"),
        ({"url": "ldap://x:port"}, "url"),
        ({"url": ""}, "url"),
        ({"base": ""}, "base"),
        ({"user": "cn=admin"}, "password"),
        ({"password": "sesame"}, "password"),
        ({"user": "cn=admin", "password": ""}, "password"),
        ({"filter": "(telephoneNumber=1)"}, "filter"),
        ({"filter": "(telephoneNumber={number}"}, "filter"),
        ({"fields": {"age": "x"}}, "fields"),
        ({"fields": {"name": ""}}, "fields"),
        ({"fields": {"name": "a b"}}, "fields"),
        ({"fields": {"name": 7}}, "fields"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": True}, "timeout"),
        ({"bind": "x"}, "bind"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(settings, key):
    assert wrong(**settings) == key


def test_without_the_library_the_kind_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ldap3", None)
    monkeypatch.delitem(sys.modules, "vats1c.directory.kinds.ldap", raising=False)
    with pytest.raises(DirectoryError, match="ldap3 is not installed"):
        importlib.import_module("vats1c.directory.kinds.ldap")
