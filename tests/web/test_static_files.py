"""The files of the pages are served as they are: each with its type, its policy and a tag for caches."""

import re
from importlib.resources import as_file, files
from urllib.parse import urljoin

import pytest

with as_file(files("vats1c.web") / "static") as STATIC:
    FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}
PAGES = [name for name in FILES if name.endswith(".html")]
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


def addresses_in(name):
    """Return the static addresses that a page, a style sheet or a module names."""
    text = FILES[name].read_text(encoding="utf-8")
    named = re.findall(r"""(?:href=|src=|url\()"(/static/[^"]+)\"""", text)
    imported = re.findall(r'^(?:import|export) [^"]*?from "([^"]+)";$', text, re.MULTILINE | re.DOTALL)
    return {*named, *(urljoin(f"/static/{name}", module) for module in imported)}


@pytest.mark.parametrize("name", [name for name in FILES if name not in PAGES])
def test_a_file_of_the_pages_is_served_with_its_type_and_the_policy_of_pages(people_live, name):
    answer = people_live.get(f"/static/{name}")

    assert (answer.status, answer.body) == (200, FILES[name].read_bytes())
    assert answer.headers["content-type"] == TYPES[name.rpartition(".")[2]]
    assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert answer.headers["cache-control"] == "no-cache"


def test_a_browser_that_has_a_file_is_not_sent_it_again(people_live):
    (name,) = (name for name in FILES if name.endswith("card-page.js"))
    first = people_live.get(f"/static/{name}")
    again = people_live.get(f"/static/{name}", If_None_Match=first.headers["etag"])
    other = people_live.get(f"/static/{name}", If_None_Match='"another"')

    assert (again.status, again.body) == (304, b"")
    assert (other.status, other.body) == (200, first.body)


@pytest.mark.parametrize("name", FILES)
def test_every_address_that_a_file_names_is_a_file(name):
    assert {address.removeprefix("/static/") for address in addresses_in(name)} <= FILES.keys()


def test_every_module_and_style_sheet_is_used_by_a_page():
    reached, names = set(), list(PAGES)
    while names:
        name = names.pop()
        reached.add(name)
        names += {address.removeprefix("/static/") for address in addresses_in(name)} - reached

    assert {name for name in FILES if name.endswith((".js", ".css"))} <= reached


@pytest.mark.parametrize(
    "path", ["", "lib", "lib/", "card.html", "lib/../card.html", "..%2Fpages.py", "lib/..%2F..%2F..%2Fpages.py"]
)
def test_nothing_else_is_served(people_live, path):
    assert people_live.get(f"/static/{path}").status == 404
