"""A service with two employees and an administrator, and ways to ask it as each of them."""

import base64
import http.client
import json
import socket
import threading
import time

from tests.support.live import incoming_call

PEOPLE = """
[[subscribers]]
key = "key-of-anna"
name = "Анна Соколова"
extension = "244"
login = "anna"
password = "anna's"

[[subscribers]]
key = "key-of-ilya"
name = "Илья Громов"
extension = "245"
login = "ilya"
password = "ilya's"

[[administrators]]
name = "admin"
password = "admin's"
"""
SOAP_USER = '[[users]]\nname = "SOAP"\npassword = "123"\n'
STORE = '[[directories]]\nname = "own"\ntype = "store"\n'


class Office:
    """The service, asked by people."""

    def __init__(self, live):
        self.live = live

    def rings(self, number="89235292926", key="key-of-anna"):
        answer = self.live.post(incoming_call(number, key))
        assert answer.returned == "1"

    def ask(self, method, path, who="anna", body=None, **headers):
        """Return status and JSON (None without a body) of a request with HTTP Basic."""
        given = {"Authorization": basic(who), **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        answer = self.live.request(method, path, content, given)
        return answer.status, json.loads(answer.body) if answer.body else None

    def calls(self, who="anna", query=""):
        status, said = self.ask("GET", f"/api/v1/calls{query}", who)
        assert status == 200
        return said["calls"]

    def stream(self, who="anna", query="", **headers):
        return Stream(self.live.port, who, query, headers)


class Stream:
    """An open window."""

    def __init__(self, port, who, query, headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        given = {"Authorization": basic(who), **headers} if who else headers
        self.connection.request("GET", f"/card/events{query}", headers=given)
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.events = []
        self._came = threading.Condition()
        if self.response.status == 200:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        fields = {}
        try:
            while line := self.response.readline():
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif fields:
                    with self._came:
                        self.events.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
                        self._came.notify_all()
                    fields = {}
        except (OSError, ValueError, AttributeError):
            pass

    def wait(self, name, count=1, seconds=20):
        """Return the events of a name once there are `count` of them."""
        deadline = time.monotonic() + seconds
        with self._came:
            while len(found := [one for one in self.events if one[0] == name]) < count:
                assert self._came.wait(deadline - time.monotonic()), self.events
        return found

    def close(self):
        # Whoever reads holds the connection until something comes.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def basic(who):
    return "Basic " + base64.b64encode(f"{who}:{who}'s".encode()).decode()
