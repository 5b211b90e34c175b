"""An HTTP source that hangs until it is let, the settings that put it first, and what the service counted."""

import http.server
import json
import threading

NAME = "VIP:Ренессанс Капитал"
USER = '[[users]]\nname = "SOAP"\npassword = "123"\n'


class Source:
    """An HTTP source that answers nobody until it is let."""

    def __init__(self):
        self.gate = threading.Event()
        self.asked = []
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                source.asked.append(self.path)
                source.gate.wait(60)
                body = json.dumps({"name": "Из источника", "manager": "999"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/?n={{number}}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


def above(url, timeout=30):
    """A user, and a source that is asked before the fixture's file of callers."""
    return f'{USER}[[directories]]\nname = "source"\ntype = "http"\nurl = "{url}"\ntimeout = {timeout}\n'


def figure(live, name, **labels):
    wanted = ",".join(f'{label}="{value}"' for label, value in labels.items())
    for line in live.get("/metrics").text.splitlines():
        if line.startswith(f"{name}{{{wanted}}}"):
            return float(line.split()[-1])
    return None
