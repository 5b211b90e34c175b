"""`vats1c.wsgi:application`: the service for a WSGI server, by the settings of VATS1C_CONFIG or ./vats1c.toml.

The service is built when this module is imported, so each worker process has to import it: a process that is forked
afterwards (gunicorn --preload, uWSGI without --lazy-apps) has none of the service's threads, and answers nothing.
Raises ConfigError with every problem, RuntimeError in a uWSGI that is about to fork.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterable
from types import FrameType
from wsgiref.types import StartResponse, WSGIEnvironment

from vats1c import config
from vats1c.app.application import build
from vats1c.app.router import WsgiApplication
from vats1c.cli.running import configure_log
from vats1c.cli.settings import settings_file

__all__ = ["application"]

_FORKED = "vats1c.wsgi was imported before the server forked: start gunicorn without --preload, uWSGI with --lazy-apps"

# uWSGI forks without Python's fork handlers, so its workers would hang on the interpreter's lock.
_uwsgi = sys.modules.get("uwsgi")
if _uwsgi is not None and _uwsgi.worker_id() == 0 and _uwsgi.masterpid():
    raise RuntimeError(_FORKED)

_settings = config.load(settings_file())
configure_log(_settings.log_level, _settings.log_format)
_service = build(_settings)
_application = WsgiApplication(_service.router)
_process_id = os.getpid()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer one request. Raises RuntimeError in a process that was forked after the import."""
    if os.getpid() != _process_id:
        # The journal's thread does not exist in this process, so an IncomingCall would wait for it forever.
        raise RuntimeError(_FORKED)
    return _application(environ, start_response)


@atexit.register
def _close() -> None:
    if os.getpid() == _process_id:
        _service.begin_shutdown()
        _service.close()


def _exit(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    sys.exit(0)


if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
    # waitress does not handle SIGTERM, so without this the process would end before the journal is written.
    signal.signal(signal.SIGTERM, _exit)
