"""A real browser at a real service."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.support.office import PEOPLE, SOAP_USER, STORE, Office

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def chromium():
    """Debian's chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    # On a busy machine; who lost the service asks again after seconds. What comes at once costs none of them.
    playwright.expect.set_options(timeout=30_000)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def browser(chromium, request):
    """A browser of one's own, in Russian; whatever it complains of fails the test."""
    context = chromium.new_context(locale="ru-RU", viewport={"width": 1200, "height": 800})
    context.set_default_timeout(15_000)
    complaints = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield context
    context.close()
    # What cannot be fetched while the service is away is logged by the browser itself.
    assert [one for one in complaints if "Failed to load resource" not in one] == []


class Desk(Office):
    """An office with a browser in it."""

    def __init__(self, live, browser):
        super().__init__(live)
        self.browser = browser

    def page(self, path="/card"):
        page = self.browser.new_page()
        page.goto(self.live.url + path)
        return page

    def sign_in(self, page, who="anna"):
        page.fill("[name=login]", who)
        page.fill("[name=password]", f"{who}'s")
        page.click("main button")

    def signed_in(self, who="anna", path="/card"):
        """Return a page at `path`, signed in; of the card page, when its stream is open."""
        page = self.page(path)
        self.sign_in(page, who)
        page.wait_for_url(f"**{path}")
        if path == "/card":
            page.wait_for_selector("#connection[data-state=live]")
        return page

    def minutes_ago(self, minutes, number):
        """Have the calls of a number be that old."""
        with closing(sqlite3.connect(self.live.config.parent / "data" / "vats1c.sqlite")) as journal:
            for table, among in (
                ("calls", "number = ?"),
                ("rings", "call_id IN (SELECT id FROM calls WHERE number = ?)"),
            ):
                for column in ("at", "last"):
                    earlier = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-{minutes} minutes')"
                    journal.execute(f"UPDATE {table} SET {column} = {earlier} WHERE {among}", [number])
            journal.commit()

    def knows(self, **caller):
        """Put a caller into the directory."""
        status, said = self.ask("POST", "/api/v1/callers", "admin", caller)
        assert status == 201
        return said


@pytest.fixture(scope="session")
def desks(start):
    return start(extra=STORE, users=SOAP_USER + PEOPLE)


@pytest.fixture
def desk(desks, browser):
    """The service of all tests of pages, with a browser of one's own."""
    return Desk(desks, browser)


@pytest.fixture
def own_desk(start, browser):
    """A service that a test may stop, or set up in its own way."""

    def one(extra="", **given):
        return Desk(start(extra=extra + STORE, users=SOAP_USER + PEOPLE, **given), browser)

    return one
