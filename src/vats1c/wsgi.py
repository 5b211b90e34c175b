"""`vats1c.wsgi:application`: the service for a WSGI server, by the settings of VATS1C_CONFIG or ./vats1c.toml.

The application is built when this module is imported, in each worker process: a server that loads it before it forks
(gunicorn --preload) would leave the workers without the service's threads. Raises ConfigError with every problem.
"""

import atexit

from vats1c import config
from vats1c.app.application import build
from vats1c.app.router import WsgiApplication
from vats1c.cli.running import configure_log
from vats1c.cli.settings import settings_file

__all__ = ["application"]

_settings = config.load(settings_file())
configure_log(_settings.log_level, _settings.log_format)
_service = build(_settings)
application = WsgiApplication(_service.router)


@atexit.register
def _close() -> None:
    _service.begin_shutdown()
    _service.close()
