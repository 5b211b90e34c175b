"""Let Spyne 2.14.0 import, quietly, on Python 3.11 and later.

Spyne carries six 1.14, whose import hook has no find_spec: Python 3.12 does not ask it, 3.11 warns at each import
and pytest's importlib mode trips over it. So the five modules that Spyne takes through it are put in place here
and the hook is dropped. What Spyne has that needs the departed module cgi (its WSGI server, its own envelope reader)
is not imported: HTTP and envelopes are ours. Rule: imported before any other module touches Spyne.
"""

import collections.abc
import http.cookies
import logging
import sys
import urllib.error
import urllib.parse
import urllib.request
import warnings

for _name, _module in {
    "collections_abc": collections.abc,
    "http_cookies": http.cookies,
    "urllib.error": urllib.error,
    "urllib.parse": urllib.parse,
    "urllib.request": urllib.request,
}.items():
    sys.modules.setdefault(f"spyne.util.six.moves.{_name}", _module)

with warnings.catch_warnings():
    # Python 3.11 warns of six's hook at each import until it is gone.
    warnings.simplefilter("ignore")
    import spyne.const
    import spyne.protocol.xml
    import spyne.server

sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "spyne.util.six"]

# After a request Spyne collects all garbage, up to once a second, to give files back that we do not open: with a large
# directory in memory each time holds every caller up for a fifth of a second.
spyne.const.MIN_GC_INTERVAL = float("inf")
# Spyne logs whole bodies and headers, phone numbers and passwords among them; what matters is logged by `service`.
logging.getLogger("spyne").setLevel(logging.CRITICAL + 1)
