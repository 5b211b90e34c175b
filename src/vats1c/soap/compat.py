"""Make Spyne 2.14.0 importable, without warnings, on Python 3.11 and later.

Spyne includes six 1.14, whose import hook has no find_spec: Python 3.12 ignores such a hook, 3.11 warns at each import,
and pytest's importlib mode fails. So this module registers the five modules that Spyne imports through the hook, and
removes the hook. The parts of Spyne that need the module cgi, which Python 3.13 no longer has (its WSGI server and its
reader of envelopes), are not imported, because the service has its own. Rule: this module is imported before Spyne.
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
    # Until six's hook is removed, Python 3.11 warns of it at each import.
    warnings.simplefilter("ignore")
    import spyne.const
    import spyne.protocol.xml
    import spyne.server

sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "spyne.util.six"]

# After a request, up to once a second, Spyne runs a full garbage collection in order to close files, which this service
# does not open. With a large directory in memory each collection would delay all calls by a fifth of a second.
spyne.const.MIN_GC_INTERVAL = float("inf")
# Spyne logs whole bodies and headers, with phone numbers and passwords. The endpoint logs failed operations itself.
logging.getLogger("spyne").setLevel(logging.CRITICAL + 1)
