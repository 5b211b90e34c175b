"""Requests as a receiver of the server's parser gets them."""

from dataclasses import replace

from vats1c.server.parsing import MalformedRequestError


class FakeReceiver:
    """Notes the requests with their bodies."""

    def __init__(self):
        self.requests = []

    def head_received(self, request, length, *, keep_alive):
        self.requests.append([replace(request, headers=dict(request.headers)), length, keep_alive, b"", False])
        self._original = request

    def body_received(self, data):
        self.requests[-1][3] += data

    def request_complete(self):
        self.requests[-1][4] = True
        # Nothing that came after the head has changed it.
        assert self._original == self.requests[-1][0]


def feed(reader_class, pieces):
    """Return the requests in `pieces`, and the error that ended them, None where there is none.

    A request is a list: request, declared length, whether the connection is kept, body, whether it is complete.
    """
    receiver = FakeReceiver()
    reader = reader_class(receiver, "192.0.2.1")
    try:
        for piece in pieces:
            reader.feed(piece)
    except MalformedRequestError as error:
        return receiver.requests, (error.status, error.path, error.content_type)
    return receiver.requests, None
