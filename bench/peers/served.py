"""What the Python peers share: the callers, the login, and the server, so that only the SOAP differs.

They run on granian; a third argument names another: "ours" is vats1c's own, "uvicorn" as it comes.
"""

import base64
import csv
import importlib
import sys
from pathlib import Path

LOGIN = "Basic " + base64.b64encode(b"SOAP:123").decode()


def callers():
    """Return number as it is asked for → name, from the file that every peer reads."""
    with Path(sys.argv[2]).open(encoding="utf-8", newline="") as file:
        return {row["number"]: row["name"] for row in csv.DictReader(file)}


def run(application):
    """Serve until stopped."""
    server = importlib.import_module(f"on_{sys.argv[3] if sys.argv[3:] else 'granian'}")
    server.serve(application, int(sys.argv[1]), LOGIN)
