"""A service with the staging bench open, asked by a program that has its token."""

import json

from tests.support.live import incoming_call, say_name

TOKEN = "a token that is long enough"
STAGING = f'[staging]\nenabled = true\ntoken = "{TOKEN}"\n'


class BenchClient:
    """The bench, asked with its token."""

    def __init__(self, live):
        self.live = live

    def ask(self, method, path, body=None, authorization=f"Bearer {TOKEN}", **headers):
        """Return status and JSON (None without a body)."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        given |= {"Authorization": authorization} if authorization else {}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        answer = self.live.request(method, path, content, given, timeout=40)
        return answer.status, json.loads(answer.body) if answer.body else None

    def made(self, **order):
        """Return a publication made on request."""
        status, said = self.ask("POST", "/api/v1/publications", order)
        assert status == 201, said
        return said

    def verify(self, publication, **expected):
        return self.ask("POST", "/api/v1/verify", {"publication": publication, **expected}, Accept_Language="en")

    def says(self, publication, number="89235292926", **given):
        """Ask SayName of a publication; return what it answers."""
        answer = self.live.post(say_name(number), path=f"/{publication}/ws/VATS", **given)
        assert answer.status == 200, answer.text
        return answer.returned

    def rings(self, publication, number="89235292926", key="key-of-anna", **given):
        assert self.live.post(incoming_call(number, key), path=f"/{publication}/ws/VATS", **given).returned == "1"
