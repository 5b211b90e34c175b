"""What the README shows happens, in both languages."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import typer.main
from werkzeug.test import Client

import vats1c
from tests.support.live import PATH, free_port, say_name
from vats1c import config
from vats1c.accounts.passwords import is_hash
from vats1c.app.router import WsgiApplication
from vats1c.cli import app as commands
from vats1c.cli.running import open_application
from vats1c.config import UserTable

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUSSIAN = (ROOT / "README.ru.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(?P<indent> *)```(?P<kind>\w*)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)


def blocks(page, kind=None):
    """Return the code blocks of `page`, their indentation taken away."""
    return [
        re.sub(f"^{block['indent']}", "", block["text"], flags=re.MULTILINE)
        for block in BLOCK.finditer(page)
        if kind in (None, block["kind"])
    ]


def without_notes(block):
    """Return a block without the comments in it, which are in the page's language."""
    return re.sub(r" *# .*$", "", block, flags=re.MULTILINE)


def of(live, block):
    """Return `block` with the address of a running service in place of the demo's."""
    assert block.count("127.0.0.1:8080") == 1
    return block.replace("127.0.0.1:8080", f"127.0.0.1:{live.port}")


def run(*command):
    """Run a command in UTF-8 and past any proxy of this machine; return its standard output."""
    env = {**os.environ, "NO_PROXY": "*", "no_proxy": "*", "PYTHONUTF8": "1"}
    done = subprocess.run(command, check=False, capture_output=True, env=env, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def answer():
    (shown,) = blocks(README, "xml")
    return shown.removesuffix("\n").encode()


def test_the_request_gets_the_answer_shown_byte_for_byte(live):
    (request,) = [block for block in blocks(README, "sh") if block.startswith("curl ")]

    assert run("sh", "-c", of(live, request)) == answer()


def demo_address():
    """Return HOST:PORT on which `vats1c demo` listens by default."""
    demo = typer.main.get_command(commands).commands["demo"]
    (listen,) = [option.default for option in demo.params if option.name == "listen"]
    return listen


def test_the_demo_listens_where_the_request_is_sent():
    request = next(block for block in blocks(README, "sh") if block.startswith("curl "))

    assert f"http://{demo_address()}/telephony/ws/VATS" in request


@pytest.mark.parametrize("page", [README, RUSSIAN], ids=["English", "Russian"])
def test_the_first_screen_has_a_picture_one_command_and_one_address_and_no_soap(page):
    first_screen = page.partition("\n## ")[0]

    (picture,) = re.findall(r'<img src="([^"]+)"', first_screen)
    assert (ROOT / picture).is_file()
    assert [without_notes(block) for block in blocks(first_screen)] == ["make demo\n"]
    assert re.findall(r"https?://[^>\s]+", first_screen) == [f"http://{demo_address()}/calls"]
    assert "soap" not in first_screen.lower()
    assert len(first_screen.splitlines()) <= 15


def test_the_address_on_the_first_screen_opens_in_the_demo_without_a_login(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "vats1c", "demo", "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(tmp_path), "LANG": "C.UTF-8", "LC_ALL": ""},
    )
    try:
        run(sys.executable, "-m", "vats1c", "healthcheck", f"http://127.0.0.1:{port}", "--wait", "20")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/calls", timeout=10) as page:
            shown = (page.status, page.url)
            text = page.read().decode()
        test_call = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/test-call", b"{}", {"X-Vats1c": "1"})
        with opener.open(test_call, timeout=10) as answer:
            statuses = json.load(answer)["statuses"]
    finally:
        process.terminate()
        printed = process.communicate(timeout=20)[0].decode()

    assert shown == (200, f"http://127.0.0.1:{port}/calls")
    assert 'data-word="test_call"' in text
    assert statuses == [200, 200]
    assert re.search(rf"Anna.+\n\n  http://127.0.0.1:{port}/sign-in/", printed)


def test_the_button_named_on_the_first_screen_is_the_one_in_the_inspector():
    words = (Path(vats1c.__file__).parent / "web/static/inspector/words.js").read_text(encoding="utf-8")
    russian, english = re.findall(r'^  test_call: "(.+)",$', words, re.MULTILINE)

    assert f"“{english}”" in README.partition("\n## ")[0]
    assert f"«{russian}»" in RUSSIAN.partition("\n## ")[0]


def test_the_soap_library_gets_the_same_name(live):
    (program,) = blocks(README, "python")

    (name,) = run(sys.executable, "-c", of(live, program)).decode().splitlines()

    assert f">{name}</m:return>" in answer().decode()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Load the README's settings, its callers beside them."""
    for name in [name for name in os.environ if name.upper().startswith("VATS1C_")]:
        monkeypatch.delenv(name)
    (toml,), (csv,) = blocks(README, "toml"), blocks(README, "csv")
    (tmp_path / "vats1c.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "callers.csv").write_text(csv, encoding="utf-8")
    return config.load(tmp_path / "vats1c.toml")


def test_the_settings_and_callers_shown_give_the_answer_shown(settings):
    # Nobody knows the password of the hash shown.
    known = settings.model_copy(update={"users": (UserTable(name="SOAP", password="123"),)})

    with open_application(known) as application:
        answered = Client(WsgiApplication(application.router)).post(
            PATH, data=say_name(), auth=("SOAP", "123"), content_type="text/xml"
        )

    assert answered.data == answer()


def test_the_settings_shown_start_as_they_are(settings):
    with open_application(settings) as application:
        refused = Client(WsgiApplication(application.router)).post(
            PATH, data=say_name(), auth=("SOAP", "123"), content_type="text/xml"
        )

    assert refused.status_code == 401
    assert is_hash(settings.users[0].password_hash.get_secret_value())
    assert f"{settings.public_url}{PATH}" in README


def test_the_container_is_given_what_its_image_expects():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (docker,) = [block for block in blocks(README, "sh") if block.startswith("docker build ")]
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")

    assert set(re.findall(r":(/[^:\s]+)", docker)) == {
        "/etc/vats1c/vats1c.toml",
        "/etc/vats1c/callers.csv",
        "/data",
    }
    assert "WORKDIR /etc/vats1c" in dockerfile
    assert 'VOLUME ["/data"]' in dockerfile
    assert "VATS1C_DATA=/data" in dockerfile
    assert "VATS1C_LISTEN=0.0.0.0:8080" in dockerfile
    assert set(re.findall(r"-p (\S+)", docker)) == {"8080:8080"}
    assert re.search(r"runs as user\s+(\d+)", operations)[1] in re.search(r"^USER (.+)", dockerfile, re.MULTILINE)[1]


def test_the_shell_blocks_are_well_formed():
    for block in blocks(README, "sh"):
        done = subprocess.run(["sh", "-n", "-c", block], check=False, capture_output=True, text=True, timeout=10)
        assert (done.returncode, done.stderr) == (0, ""), block


def test_the_files_installed_from_are_there():
    named = re.findall(r" -r (\S+)", "".join(blocks(README)))

    assert named
    assert all((ROOT / name).is_file() for name in named)


def test_the_russian_readme_has_the_same_code():
    assert [without_notes(block) for block in blocks(RUSSIAN)] == [without_notes(block) for block in blocks(README)]
    assert [block["kind"] for block in BLOCK.finditer(RUSSIAN)] == [block["kind"] for block in BLOCK.finditer(README)]


def test_the_russian_readme_has_the_same_chapters_links_and_code_words():
    def outline(page):
        prose = BLOCK.sub("", page)
        return (
            len(re.findall(r"^## ", prose, re.MULTILINE)),
            set(re.findall(r"\]\(([^)]+)\)", prose)) - {"README.md", "README.ru.md"},
            sorted(re.findall(r"`([^`]+)`", prose)),
        )

    assert outline(RUSSIAN) == outline(README)


def test_the_two_readmes_point_to_each_other():
    assert "](README.ru.md)" in README
    assert "](README.md)" in RUSSIAN


@pytest.mark.parametrize("page", [README, RUSSIAN], ids=["English", "Russian"])
def test_the_readme_can_be_read_in_one_go(page):
    assert len(page.splitlines()) <= 150
