"""Peers from package registries, built in a folder that git ignores and started with the same callers and login.

A peer whose tools are missing (npm, php, soapcpp2, java) is left out and reported.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent / "peers"
BUILT = Path(__file__).parent / ".peers"
ANSWER = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    '<m:SayNameResponse xmlns:m="http://VATS"><m:return>{}</m:return></m:SayNameResponse></soap:Body></soap:Envelope>'
)

NAME = "VIP:Ренессанс Капитал"
NUMBER = "//*[local-name()='number']/text()"


class Missing(Exception):  # noqa: N818 - says the fact
    """The tools of a peer are not installed."""


def python_peer(script, port, callers, *arguments):
    """Return the command of a peer in Python."""
    return [sys.executable, HERE / script, str(port), callers, *arguments], {}


def gsoap(port, callers):
    """Build gSOAP's server, in C, and return its command."""
    needed("soapcpp2", "gcc")
    built = fresh("gsoap")
    run(["soapcpp2", "-c", "-S", "-x", "-L", "vats.h"], built)
    run(["gcc", "-O2", "-w", "-o", "server", "main.c", "soapC.c", "soapServer.c", "-lgsoap", "-lpthread"], built)
    return [built / "server", str(port), callers], {}


def node_soap(port, callers):
    """Install node-soap and return its command."""
    built = npm("node")
    return ["node", built / "server.js", str(port), callers, HERE / "vats.wsdl"], {}


def php(port, callers):
    """Return the command of PHP's SoapServer; the callers are a compiled array."""
    needed("php")
    built = fresh("php")
    with Path(callers).open(encoding="utf-8", newline="") as file:
        names = {row["number"]: json.dumps(row["name"], ensure_ascii=False) for row in csv.DictReader(file)}
    rows = "".join(f"'{number}'=>{name}," for number, name in names.items())
    (built / "callers.php").write_text(f"<?php return [{rows}];", encoding="utf-8")
    cached = ["-d", "opcache.enable=1", "-d", "opcache.enable_cli=1"]
    command = ["php", *cached, "-S", f"127.0.0.1:{port}", built / "server.php"]
    return command, {"CALLERS": str(built / "callers.php"), "WSDL": str(HERE / "vats.wsdl")}


def wiremock(port, _callers):
    """Install WireMock and return its command; it matches the number by XPath and answers a constant."""
    needed("java")
    built = npm("wiremock")
    (built / "mappings").mkdir(exist_ok=True)
    request = {
        "method": "POST",
        "urlPath": "/",
        "basicAuthCredentials": {"username": "SOAP", "password": "123"},
        "bodyPatterns": [{"matchesXPath": {"expression": NUMBER, "equalTo": "89235292926"}}],
    }
    response = {"status": 200, "body": ANSWER.format(NAME), "headers": {"Content-Type": "text/xml"}}
    (built / "mappings" / "say_name.json").write_text(json.dumps({"request": request, "response": response}))
    jar = next((built / "node_modules" / "wiremock").rglob("*.jar"))
    return ["java", "-jar", jar, "--port", str(port), "--root-dir", built, "--no-request-journal"], {}


def mountebank(port, _callers):
    """Install mountebank and return its command; it looks for the number in the body and answers a constant."""
    built = npm("mountebank")
    answer = {"statusCode": 200, "headers": {"Content-Type": "text/xml"}, "body": ANSWER.format(NAME)}
    predicates = [
        {"contains": {"body": "<number>89235292926</number>"}},
        {"equals": {"headers": {"Authorization": "Basic U09BUDoxMjM="}}},
    ]
    stubs = [{"predicates": predicates, "responses": [{"is": answer}]}, {"responses": [{"is": {"statusCode": 401}}]}]
    imposter = {"port": port, "host": "127.0.0.1", "protocol": "http", "stubs": stubs}
    (built / "imposters.json").write_text(json.dumps({"imposters": [imposter]}), encoding="utf-8")
    command = built / "node_modules" / ".bin" / "mb"
    return [command, "start", "--configfile", built / "imposters.json", "--port", str(port + 20), "--nologfile"], {}


def mockoon(port, _callers):
    """Install Mockoon and return its command; it looks for the number in the body and answers a constant."""
    built = npm("mockoon")
    environment = json.loads((HERE / "mockoon" / "environment.json").read_text(encoding="utf-8"))
    environment["routes"][0]["responses"][0]["body"] = ANSWER.format(NAME)
    (built / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    command = [built / "node_modules" / ".bin" / "mockoon-cli", "start", "--data", built / "environment.json"]
    return [*command, "--port", str(port), "--disable-admin-api", "--disable-log-to-file"], {}


PEERS = {
    "gSOAP (C)": gsoap,
    "node-soap": node_soap,
    "PHP SoapServer": php,
    "WireMock": wiremock,
    "mountebank": mountebank,
    "Mockoon": mockoon,
}


def npm(name):
    """Install the packages of a peer's package.json."""
    needed("npm", "node")
    built = fresh(name)
    run(["npm", "install", "--no-audit", "--no-fund", "--silent"], built)
    return built


def fresh(name):
    """Return a folder that contains a peer's sources."""
    built = BUILT / name
    shutil.copytree(HERE / name, built, dirs_exist_ok=True)
    return built


def needed(*programs):
    """Raise Missing when a program is not installed."""
    for program in programs:
        if shutil.which(program) is None:
            raise Missing(program)


def run(command, folder):
    """Run a build step; show its output only when it fails."""
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, env=dict(os.environ))
    if done.returncode:
        sys.exit(f"bench: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
