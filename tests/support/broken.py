"""A stand-in for a web service of 1C that is right, and each way in which one may be broken."""

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lxml import etree

from tests.support.live import AUTHORIZATION, SOAP11, SOAP12
from vats1c.soap import reply, wsdl

WSDL = wsdl.read()
NAME = "VIP:Ренессанс Капитал"
KNOWN = "89235292926"
TYPES = {SOAP11: "text/xml; charset=utf-8", SOAP12: "application/soap+xml; charset=utf-8"}
PAGE = b"<!DOCTYPE html>\n<html><head><title>Apache</title></head><body>It works!</body></html>"
DATA = '<?xml version="1.0"?><data><title>{}</title><category>0</category><manager><phone>244</phone></manager></data>'


@dataclass(frozen=True)
class Ways:
    """How a stand-in behaves; the defaults are right."""

    wsdl: str = WSDL
    wsdl_status: int = 200
    namespace: str = ""
    page: bool = False
    fault_version: str = ""
    open: bool = False
    heeds_encoding: bool = True
    spells: str = "utf-8"
    delay: float = 0.0


RIGHT = Ways()
# What is broken → how, and the codes by which the kit names it.
DEFECTS = {
    "the answer is in another namespace": (Ways(namespace="http://tempuri.org/"), {"ANSWER-NAMESPACE"}),
    "a page with status 200": (Ways(page=True), {"ANSWER-XML"}),
    "faults are SOAP 1.1 always": (Ways(fault_version=SOAP11), {"FAULT-VERSION"}),
    "anybody is let in": (Ways(open=True), {"AUTH-OPEN", "AUTH-WRONG"}),
    "every request is read as UTF-8": (Ways(heeds_encoding=False), {"ENC-1251"}),
    "the name is read in a wrong encoding": (Ways(spells="mojibake"), {"ANSWER-ENCODING"}),
    "the answer is not in the encoding it declares": (Ways(spells="windows-1251"), {"ANSWER-XML"}),
    "slow": (Ways(delay=0.3), {"LATENCY"}),
    "a parameter has another name in the WSDL": (
        Ways(wsdl=WSDL.replace('name="Key"', 'name="UserKey"')),
        {"WSDL-DIFFERS"},
    ),
    "a part has another name in the WSDL": (
        Ways(wsdl=WSDL.replace('<part name="parameters"', '<part name="body"', 1)),
        {"WSDL-DIFFERS"},
    ),
    "the WSDL is not there": (Ways(wsdl_status=404), {"WSDL-REACHABLE"}),
    "the WSDL is no WSDL": (Ways(wsdl="<hello/>"), {"WSDL-PARSES"}),
}


class StandIn(ThreadingHTTPServer):
    """A web service on a port of its own."""

    daemon_threads = True

    def __init__(self, ways=RIGHT):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ways = ways
        self.url = f"http://127.0.0.1:{self.server_address[1]}/base/ws/VATS"
        self.asked = []

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def handle_error(self, *_):
        """Whoever hangs up early is no matter."""


class Handler(BaseHTTPRequestHandler):
    """Answers as 1C does, but for what is broken."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        ways = self.server.ways
        self.answer(ways.wsdl_status, "text/xml", ways.wsdl.encode())

    def do_POST(self):
        body, ways = self.body(), self.server.ways
        self.server.asked.append((dict(self.headers.items()), body))
        time.sleep(ways.delay)
        if self.headers["Authorization"] != AUTHORIZATION and not ways.open:
            self.answer(401, "text/html", PAGE, {"WWW-Authenticate": 'Basic realm="1C:Enterprise 8.3"'})
        elif ways.page:
            self.answer(200, "text/html; charset=utf-8", PAGE)
        else:
            self.operate(body, ways)

    def body(self):
        if self.headers["Transfer-Encoding"] != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def operate(self, body, ways):
        version = SOAP12 if SOAP12.encode() in body else SOAP11
        try:
            if not ways.heeds_encoding:
                body.decode("utf-8")
            operation = etree.fromstring(body).find(f"{{{version}}}Body")[0]
        except (ValueError, etree.XMLSyntaxError):
            return self.fault("not XML", version)
        name = etree.QName(operation)
        given = {etree.QName(one).localname: one.text or "" for one in operation}
        if name.localname == "IncomingCall" and {"NumFrom", "Key"} <= given.keys():
            value = "1"
        elif name.localname == "SayName" and given.keys() & {"number", "Number"}:
            value = NAME if KNOWN in given.values() else ""
            value = DATA.format(value) if "Number" in given else value
        else:
            return self.fault("no such operation", version)
        if ways.spells == "mojibake" and "<" not in value:
            value = value.encode().decode("cp1251", "replace")
        answer = reply.envelope(version, ways.namespace or name.namespace, name.localname, value)
        if ways.spells == "windows-1251":
            answer = answer.decode().encode("windows-1251")
        return self.answer(200, TYPES[version], answer)

    def fault(self, text, version):
        version = self.server.ways.fault_version or version
        inside = (
            f"<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason>'
            if version == SOAP12
            else f"<faultcode>soap:Client</faultcode><faultstring>{text}</faultstring>"
        )
        content = f'<soap:Envelope xmlns:soap="{version}"><soap:Body><soap:Fault>{inside}</soap:Fault></soap:Body></soap:Envelope>'
        self.answer(500, TYPES[version], content.encode())

    def answer(self, status, kind, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
