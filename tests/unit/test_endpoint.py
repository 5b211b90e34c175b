"""What a request leaves behind: nothing that only the garbage collector finds."""

import gc
import io
import weakref

import pytest

from live import AUTHORIZATION, PATH, envelope, incoming_call, say_name
from vats1c import config
from vats1c.app.application import build

CALLERS = (
    '[[directories]]\nname = "own"\ntype = "memory"\n[[directories.callers]]\nnumber = "89235292926"\nname = "Анна"\n'
)


class Environ(dict):
    """A request's variables, which can be told to be gone."""


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    file = tmp_path_factory.mktemp("service") / "vats1c.toml"
    users = '[[users]]\nname = "SOAP"\npassword = "123"\n'
    file.write_text(f'data = "."\n[journal]\nraw = false\n{users}{CALLERS}', encoding="utf-8")
    application = build(config.load(file))
    yield application
    application.close()


def asked(application, body, authorization=AUTHORIZATION):
    """Ask; return the status, and what is no more once the request has been let go."""
    said = []
    environ = Environ(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": PATH,
            "CONTENT_TYPE": "text/xml",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": authorization,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(body),
        }
    )
    b"".join(application(environ, lambda status, _headers: said.append(status[:3])))
    return said[0], weakref.ref(environ)


@pytest.mark.parametrize(
    ("body", "authorization", "status"),
    [
        (say_name(), AUTHORIZATION, "200"),
        (incoming_call(), AUTHORIZATION, "200"),
        (envelope('<SayName xmlns="http://VATS"><number> 8923</number></SayName>'), AUTHORIZATION, "200"),
        (say_name(), "Basic eDp5", "401"),
        ("<not xml", AUTHORIZATION, "500"),
        ("", AUTHORIZATION, "500"),
        (envelope('<Nothing xmlns="http://VATS"/>'), AUTHORIZATION, "500"),
        (envelope('<SayName xmlns="http://VATS"><Key>1</Key></SayName>'), AUTHORIZATION, "500"),
    ],
)
def test_a_request_is_gone_with_its_answer(application, body, authorization, status):
    gc.disable()
    try:
        said, request = asked(application, body.encode(), authorization)

        assert (said, request()) == (status, None)
    finally:
        gc.enable()
