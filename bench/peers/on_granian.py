"""A WSGI application on granian's RSGI worker, on one Python thread: how the Python peers are served."""

import gc
import os
import signal
import sys
import threading
from io import BytesIO
from pathlib import Path

from granian._granian import CallbackScheduler, ListenerSpec, RSGIWorker, WorkerSignal
from granian.http import HTTP1Settings

BASE = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}
CGI = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
NAMES = {}


class Loop:
    """What granian takes for the event loop: it calls at once, on its one Python thread."""

    def call_soon(self, call, *arguments, context=None):  # noqa: ARG002 - granian's own
        """Call."""
        call(*arguments)

    call_soon_threadsafe = call_soon


def variable(header):
    """Return the variable of a header, remembered."""
    if header not in NAMES:
        NAMES[header] = CGI.get(header) or "HTTP_" + header.upper().replace("-", "_")
    return NAMES[header]


def environ_of(scope):
    """Return the WSGI variables of a request."""
    environ = BASE.copy()
    environ["REQUEST_METHOD"] = scope.method
    environ["PATH_INFO"] = scope.path
    environ["QUERY_STRING"] = scope.query_string
    environ["REMOTE_ADDR"], _, environ["REMOTE_PORT"] = scope.client.rpartition(":")
    for header, value in scope.headers.items():
        environ[variable(header)] = value
    return environ


def serve(application, port, login):
    """Serve those who have the `login` (the Authorization header) until SIGTERM or SIGINT."""

    def begin(watcher):
        environ, protocol = environ_of(watcher.scope), watcher.proto
        if environ.get("HTTP_AUTHORIZATION") != login:
            protocol.response_bytes(401, [("WWW-Authenticate", 'Basic realm="peer"')], b"")
            watcher.done()
            return
        protocol().add_done_callback(lambda read: answer(watcher, environ, bytes(read.result())))

    def answer(watcher, environ, body):
        environ["wsgi.input"] = BytesIO(body)
        said = []
        pieces = application(environ, lambda status, headers: said.extend([int(status[:3]), headers]))
        watcher.proto.response_bytes(said[0], said[1], b"".join(pieces))
        watcher.done()

    stop, stopped = WorkerSignal(), threading.Event()
    stop.add_cb(stopped.set)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    worker = RSGIWorker(
        1,
        (ListenerSpec("127.0.0.1", port, 1_024), None),
        None,
        threads=1,
        py_threads=1,
        backpressure=2_048,
        http_mode="1",
        http1_opts=HTTP1Settings(header_read_timeout=10_000),
        metrics=(None, None),
    )
    loop = Loop()
    scheduler = CallbackScheduler(loop, None, None, None, None)
    scheduler._schedule_fn = begin  # noqa: SLF001 - granian's own schedulers are given theirs like this
    if sys.platform == "linux":
        for thread in Path("/proc/self/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_BATCH, os.sched_param(0))
    gc.freeze()
    worker.serve_mtr(scheduler, loop, stop)
    stopped.wait()
