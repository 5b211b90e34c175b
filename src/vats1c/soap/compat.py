"""Let Spyne 2.14.0 import, quietly, on Python 3.11 and later.

Spyne carries six 1.14, whose import hook has no find_spec: Python 3.12 does not ask it, 3.11 warns at each import
and pytest's importlib mode trips over it. So the five modules that Spyne takes through it are put in place here
and the hook is dropped. Rule: imported before any other module touches Spyne.
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
    # cgi is deprecated in 3.11 and 3.12; six's hook warns in 3.11.
    warnings.simplefilter("ignore")
    import spyne.protocol.xml
    import spyne.server  # noqa: F401

sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "spyne.util.six"]

# Spyne logs whole bodies and headers, phone numbers and passwords among them; what matters is logged by `service`.
logging.getLogger("spyne").setLevel(logging.CRITICAL + 1)
