"""The bound of the server: the body is read, nothing is done, the same bytes are answered."""

from served import run

ANSWER = b"x" * 310


def application(environ, start_response):
    """Answer one request."""
    environ["wsgi.input"].read(4_096)
    start_response("200 OK", [("Content-Type", "text/xml; charset=utf-8")])
    return [ANSWER]


run(application)
