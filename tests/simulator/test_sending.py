"""What goes wrong below HTTP is told apart, and connections are used again only while they are open."""

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from vats1c.simulator.address import address
from vats1c.simulator.http_client import Sender, SendingError


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got; ends the connection when the query says so."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        self.server.connections.add(self.client_address)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        if "close" in self.path:
            self.send_header("Connection", "close")
        if "silently" in self.path:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(b"ok")


class Web(ThreadingHTTPServer):
    """A web server, with TLS where a certificate is given."""

    daemon_threads = True

    def __init__(self, context=None):
        super().__init__(("127.0.0.1", 0), Echo)
        self.connections = set()
        scheme = "https" if context else "http"
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self.server_address[1]}/x"

    def handle_error(self, *_):
        """Whoever does not trust us hangs up."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a certificate of nobody's for 127.0.0.1, and its key."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "1C")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "1c.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return file


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Web(context) as web:
        yield web


def test_a_certificate_of_nobodys_is_not_trusted(tls):
    with pytest.raises(SendingError) as caught:
        Sender(address(tls.url), 5).get("", {})

    assert caught.value.kind == "tls"
    assert "the certificate is not trusted" in caught.value.message.en


def test_a_certificate_that_the_environment_names_is_trusted(tls, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    sender = Sender(address(tls.url), 5, keep=True)

    assert [sender.get("", {}).body for _ in range(3)] == [b"ok"] * 3
    sender.close()


def test_plain_http_is_no_tls():
    with Web() as web, pytest.raises(SendingError) as caught:
        Sender(address(web.url.replace("http:", "https:")), 5).get("", {})

    assert caught.value.kind == "tls"


def test_a_name_that_there_is_not_is_said():
    with pytest.raises(SendingError) as caught:
        Sender(address("http://no-such-host.invalid/"), 5).get("", {})

    assert caught.value.kind == "unreachable"


@pytest.mark.parametrize(("query", "connections"), [("", 1), ("close", 4), ("silently", 4)])
def test_a_connection_is_used_again_while_it_is_open(query, connections):
    with Web() as web:
        sender = Sender(address(web.url), 5, keep=True)
        for _ in range(4):
            assert sender.get(query, {}).body == b"ok"
            if query == "silently":
                # It is closed once that is seen here.
                threading.Event().wait(0.2)
        sender.close()
        assert len(web.connections) == connections


def test_a_connection_that_is_not_kept_is_new_each_time():
    with Web() as web:
        sender = Sender(address(web.url), 5)
        assert [sender.get("", {}).status for _ in range(3)] == [200] * 3
        assert len(web.connections) == 3


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://1c", "http://1c:80/telephony/ws/VATS"),
        ("https://1c/", "https://1c:443/telephony/ws/VATS"),
        ("http://[::1]:8080/a/ws/VATS?wsdl", "http://[::1]:8080/a/ws/VATS"),
        ("http://пример.рф/база/ws/VATS", "http://xn--e1afmkfd.xn--p1ai:80/%D0%B1%D0%B0%D0%B7%D0%B0/ws/VATS"),
    ],
)
def test_an_address_is_read_as_people_write_it(url, shown):
    assert str(address(url)) == shown
