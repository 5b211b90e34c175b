"""The card page under a WSGI server that has no streams: it asks for calls instead."""

import pytest

from tests.support.wsgi_servers import command

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


def test_calls_are_shown_by_a_page_that_polls(own_desk):
    desk = own_desk(command=command("waitress-serve"))
    page = desk.page()
    with page.expect_response("**/card/events*") as refused:
        desk.sign_in(page)

    for number, shown in [("89235292926", "+7 923 529-29-26"), ("84957771234", "+7 495 777-12-34")]:
        desk.rings(number)
        expect(page.locator(".card", has_text=shown)).to_be_visible()

    assert refused.value.status == 503
    expect(page.locator("#connection")).to_have_attribute("data-state", "polling")
