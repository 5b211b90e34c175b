"""Kill the service a hundred times under load and check that no acknowledged call is missing.

Every run uses the same journal: eight senders report calls, and `kill -9` follows after a random time. The exit code is
1 when a call is missing.
"""

import argparse
import base64
import http.client
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

PORT = 8_196
LOGIN = "Basic " + base64.b64encode(b"SOAP:123").decode()
ENVELOPE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<IncomingCall xmlns="http://VATS"><NumFrom>89235292926</NumFrom><Key>{}</Key></IncomingCall>'
    "</soap:Body></soap:Envelope>"
)
SENDERS = 8


def main():
    """Run the requested number of kills and print the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=100)
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    given = options.parse_args()
    times = given.times
    acknowledged = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vats1c.toml"
        file.write_text(
            f'listen = "127.0.0.1:{PORT}"\ndata = "data"\n[[users]]\nname = "SOAP"\npassword = "123"\n'
            '[[directories]]\nname = "own"\ntype = "memory"\ncallers = []\n',
            encoding="utf-8",
        )
        for number in range(times):
            killed(file, number, acknowledged)
        with closing(sqlite3.connect(Path(folder) / "data" / "vats1c.sqlite")) as journal:
            (state,) = journal.execute("PRAGMA integrity_check").fetchone()
            written = [key for (key,) in journal.execute("SELECT key FROM exchanges WHERE operation = 'IncomingCall'")]
    missing = set(acknowledged) - set(written)
    print(f"kills: {times}, calls acknowledged: {len(acknowledged)}, written: {len(written)}, missing: {len(missing)}")
    print(f"database: {state}")
    if given.json:
        figures = {"kills": times, "acknowledged": len(acknowledged), "written": len(written), "missing": len(missing)}
        given.json.write_text(json.dumps({**figures, "database": state}, indent=2) + "\n", encoding="utf-8")
    sys.exit(bool(missing) or state != "ok")


def killed(file, number, acknowledged):
    """Start the service, load it, kill it."""
    command = [sys.executable, "-m", "vats1c", "serve", "-c", file]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    senders = [threading.Thread(target=send, args=(f"{number}-{one}", acknowledged)) for one in range(SENDERS)]
    while not answers():
        time.sleep(0.02)
    for sender in senders:
        sender.start()
    time.sleep(random.uniform(0.05, 0.4))
    process.kill()
    process.wait()
    for sender in senders:
        sender.join()


def answers():
    """Tell whether the service answers."""
    with closing(http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)) as probe:
        try:
            probe.request("GET", "/healthz")
        except OSError:
            return False
        return probe.getresponse().status == http.HTTPStatus.OK


def send(name, acknowledged):
    """Report calls until the service is killed; record the acknowledged ones."""
    headers = {"Content-Type": "text/xml", "Authorization": LOGIN}
    with closing(http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)) as connection:
        for number in range(1_000_000):
            key = f"{name}-{number}"
            try:
                connection.request("POST", "/telephony/ws/VATS", ENVELOPE.format(key).encode(), headers)
                answer = connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                return
            if b">1</m:return>" in answer:
                acknowledged.append(key)


if __name__ == "__main__":
    main()
