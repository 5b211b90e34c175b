"""The inspector in a real browser: what came is seen at once, as calls, and what was refused stands first."""

import pytest

from tests.support.live import Live, incoming_call, say_name
from tests.support.tester import STAGING

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser
OPEN = STAGING + "open_here = true\n"


@pytest.fixture
def bench(own_desk):
    """A service of the test's own that is open on this machine."""
    return own_desk(OPEN)


def inspector(desk, hash_=""):
    page = desk.page(f"/calls{hash_}")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    return page


def test_without_any_request_it_says_what_to_do_and_a_test_call_is_the_first(bench):
    page = inspector(bench)
    expect(page.locator("#empty")).to_contain_text(bench.live.endpoint)
    expect(page.locator("#empty a")).to_have_attribute("href", f"{bench.live.endpoint}?wsdl")
    expect(page.locator("#sample")).to_contain_text(
        f"curl -u SOAP:123 -H 'Content-Type: text/xml' {bench.live.endpoint}"
    )
    page.get_by_role("button", name="Отправить тестовый звонок").click()

    row = page.locator(".story")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("+7 923 529-29-26")
    expect(row).to_contain_text("VIP:Ренессанс Капитал")
    expect(row.locator(".step")).to_have_count(2)
    expect(row.locator(".step").last).to_contain_text("IncomingCall → 244")
    expect(page.locator("#empty")).to_be_hidden()


def test_a_call_comes_live_and_its_incomingcall_joins_its_sayname(bench):
    page = inspector(bench)
    bench.live.post(say_name())
    row = page.locator(".story")
    expect(row.locator(".step")).to_have_count(1)
    bench.rings()

    expect(row.locator(".step")).to_have_count(2)
    expect(row).to_have_count(1)


def test_what_was_refused_stands_on_top_with_what_to_do(bench):
    page = inspector(bench)
    bench.live.post(say_name(), authorization="Basic d3Jvbmc6d3Jvbmc=")
    bench.live.post(say_name(), authorization=None)
    bench.live.post(say_name(), path="/telephony/ws/Vats")
    bench.live.post("<a")
    strip = page.locator("#refusals li")

    expect(strip).to_have_count(3)
    expect(strip.filter(has_text="Вход не принят")).to_contain_text("2 раза")
    expect(strip.filter(has_text="Неверный адрес")).to_contain_text("/ws/VATS")
    strip.filter(has_text="Не XML").get_by_text("Показать").click()
    expect(page.locator(".report li")).to_contain_text("NOT-XML")
    strip.filter(has_text="Не XML").get_by_role("button", name="Скрыть").click()
    expect(strip).to_have_count(2)
    expect(page.locator("#rows .refused")).to_have_count(4)


@pytest.mark.parametrize(
    ("beginning", "repeated", "end"),
    [
        ("", "<!--", ""),
        ("", "<!--a>", ""),
        ("", "<![CDATA[", ""),
        ("", '<"', ""),
        ("", "<a b='", ""),
        ("<", "a", "/>"),
        ("<a ", "a", "/>"),
        ("<a ", "''", "/>"),
        ("<a b", " ", "/>"),
        ("<a b", "=", "/>"),
        ("", "&a", ""),
        ("", "<a>", ""),
    ],
)
def test_a_broken_text_and_a_tag_of_any_length_are_shown_as_they_came(bench, beginning, repeated, end):
    page = inspector(bench)
    # So long that a text which is searched again from each of its characters takes hours.
    text = beginning + repeated * (2_000_000 // len(repeated)) + end
    page.evaluate(
        """async (text) => {
            const { formatXml } = await import("/static/inspector/xml.js");
            setTimeout(() => (window.shown = formatXml(text).map((part) => part.text).join("")));
        }""",
        text,
    )
    page.wait_for_function("window.shown")

    assert page.evaluate("window.shown") == text


def test_a_call_is_shown_with_its_bytes_headers_decision_and_report(bench):
    page = inspector(bench)
    bench.live.post(say_name("8 (923) 529-29-26"), {"SOAPAction": "urn:other"})
    page.locator(".story").click()
    detail = page.locator("#detail")

    expect(detail.locator(".report .code")).to_have_text(["ACTION-DIFFERS", "NUMBER-FORM"])
    expect(detail.locator(".decided")).to_contain_text("VIP:Ренессанс Капитал, справочник crm, точное совпадение")
    expect(detail.locator(".headers")).to_contain_text("urn:other")
    expect(detail.locator(".headers")).not_to_contain_text("U09BUDoxMjM=")
    expect(detail.locator(".request .text")).to_have_text("8 (923) 529-29-26")
    detail.locator(".answer .form").click()
    expect(detail.locator(".answer pre")).to_have_text(bench.live.post(say_name()).text)
    detail.get_by_role("button", name="pytest").click()
    expect(detail.locator(".again pre")).to_contain_text("def test_exchange_")
    detail.get_by_role("button", name="curl").click()
    expect(detail.locator(".again pre")).to_contain_text("curl -sS")


def test_a_link_leads_to_an_exchange_and_its_tabs_to_the_others_of_its_call(bench):
    bench.live.post(say_name())
    bench.rings()
    page = inspector(bench, "#exchange=2")
    expect(page.locator("#detail h2")).to_contain_text("IncomingCall")
    expect(page.locator(".story")).to_have_attribute("aria-current", "true")
    page.get_by_role("tab", name="SayName").click()

    expect(page.locator("#detail h2")).to_contain_text("SayName")
    expect(page.locator(".report .fine")).to_contain_text("Отклонений нет")
    assert page.url.endswith("/calls#exchange=1")
    page.keyboard.press("Escape")
    expect(page.locator("#detail h2")).to_have_count(0)
    assert page.url.endswith("/calls")


def test_what_is_looked_for_is_found_and_followed(bench):
    bench.knows(numbers=["+79051110001"], name="Фёдор Ёлкин")
    bench.live.post(say_name("89051110001"))
    bench.live.post(say_name("84957771234"))
    page = inspector(bench)
    page.fill("#text", "ЕЛКИН")
    expect(page.locator(".story")).to_have_count(1)
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    bench.live.post(say_name("84957771234"))
    bench.live.post(say_name("89051110001"))
    expect(page.locator(".story")).to_have_count(2)
    page.fill("#text", "никто")

    expect(page.locator("#not-found")).to_be_visible()
    page.fill("#text", "")
    page.select_option("#outcome", "refused")
    expect(page.locator("#not-found")).to_be_visible()


def test_a_pause_holds_the_list_still(bench):
    page = inspector(bench)
    bench.live.post(say_name())
    expect(page.locator(".story")).to_have_count(1)
    page.locator("#pause").click()
    bench.live.post(say_name("84957771234"))
    expect(page.locator("#pause")).to_have_text("Продолжить (новых: 1)")
    expect(page.locator(".story")).to_have_count(1)
    page.locator("#pause").click()

    expect(page.locator(".story")).to_have_count(2)


def test_a_hundred_requests_are_a_hundred_rows(bench):
    page = inspector(bench)
    for last in range(100):
        bench.live.post(say_name(f"890300001{last:02}"))

    expect(page.locator(".story")).to_have_count(100)
    expect(page.locator(".story").first).to_contain_text("+7 903 000-01-99")


def test_it_says_when_it_is_stale_and_catches_up_when_the_service_is_back(bench):
    page = inspector(bench)
    bench.live.kill()
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    expect(page.locator("#connection")).to_contain_text("Устарело с")
    again = Live(bench.live.port, bench.live.config, env=bench.live.env)
    again.wait_until_ready()
    try:
        again.post(incoming_call())
        expect(page.locator("#connection")).to_have_attribute("data-state", "live")
        expect(page.locator(".story")).to_have_count(1)
    finally:
        again.kill()


def test_where_a_stream_does_not_come_through_the_page_asks(bench):
    page = bench.browser.new_page()
    page.route("**/api/v1/exchanges/events?*", lambda route: route.abort())
    page.goto(f"{bench.live.url}/calls")
    expect(page.locator("#connection")).to_have_attribute("data-state", "polling", timeout=30_000)
    bench.live.post(say_name())

    expect(page.locator(".story")).to_have_count(1)


def test_keys_go_from_call_to_call(bench):
    for last in range(3):
        bench.live.post(say_name(f"8903000000{last}"))
    page = inspector(bench)
    expect(page.locator(".story")).to_have_count(3)
    page.keyboard.press("/")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    expect(page.locator("#detail h2")).to_contain_text("+7 903 000-00-01")


def test_an_administrator_signs_in_and_an_employee_is_told_why_not(desk):
    page = desk.page("/calls")
    assert page.url.endswith("/sign-in?next=/calls")
    desk.sign_in(page, "admin")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(page.locator("#test-call")).to_be_hidden()
    page.locator("#sign-out").click()
    page.wait_for_url("**/sign-in?next=/calls")
    desk.sign_in(page, "anna")

    expect(page.locator("#trouble")).to_contain_text("Эта страница для администратора.")


def test_what_goes_wrong_on_purpose_is_told_in_a_banner_and_ended_there(bench):
    page = inspector(bench)
    bench.live.post(say_name())
    page.locator("#breaking summary").click()
    page.get_by_label("Что случится").select_option("HTTP 503")
    page.get_by_label("С какими запросами").select_option("следующие 5")
    page.get_by_role("button", name="Сломать", exact=True).click()

    banner = page.locator("#faults")
    expect(banner).to_contain_text("HTTP 503 · осталось 5")
    assert bench.live.post(say_name()).status == 503
    expect(page.locator(".story").first).to_contain_text("Намеренный сбой: 503 #1")
    # Nobody made a mistake.
    expect(page.locator("#refusals")).to_be_hidden()
    page.locator(".story").first.click()
    expect(page.locator("#detail .decided")).to_contain_text("Намеренный сбой")
    page.get_by_role("button", name="Прекратить все").click()
    expect(banner).to_be_hidden()
    assert bench.live.post(say_name()).status == 200


def test_the_magic_numbers_stand_on_the_page(bench):
    page = inspector(bench)
    page.locator("#breaking summary").click()

    expect(page.locator("#magic div")).to_have_count(17)
    expect(page.locator("#magic")).to_contain_text("+7 000 000-00-09соединение сброшено")
    bench.live.post(say_name("80000000003"))
    expect(page.locator(".story")).to_contain_text("Намеренный сбой: name")


def test_nothing_is_wider_than_a_phone(bench):
    bench.live.post(say_name())
    bench.rings()
    bench.live.post(say_name(), path="/telephony/ws/Vats")
    page = bench.browser.new_page()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{bench.live.url}/calls")
    expect(page.locator(".story")).to_have_count(2)
    page.locator("#breaking summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".story").last.click()
    expect(page.locator("#detail h2")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Закрыть").click()
    expect(page.locator(".story").last).to_be_focused()


def test_both_languages_have_the_same_words(bench):
    page = inspector(bench)
    script = """async () => {
      const { dictionaries } = await import("/static/inspector/words.js");
      const all = ({ outcomes, fault_kinds, fault_spans, ...words }) => ({ ...words, ...outcomes, ...fault_kinds, ...fault_spans });
      return Object.values(dictionaries).map((words) => Object.keys(all(words)).sort().join());
    }"""
    russian, english = page.evaluate(script)
    assert russian == english
    page.locator("#language").click()

    expect(page.locator("h1")).to_have_text("Exchange with the VATS")
    expect(page.locator("#empty")).to_contain_text("No requests yet")


def test_every_reason_of_a_fault_has_words_of_its_own(bench):
    import re
    from pathlib import Path

    contract = (Path(__file__).resolve().parents[2] / "docs/contract.md").read_text(encoding="utf-8")
    faults = contract.partition("## Faults")[2]
    reasons = set(re.findall(r"^\| `(\w+)` \| \w+ \| \d+ \|", faults, re.MULTILINE))
    page = inspector(bench)
    words = page.evaluate('async () => Object.keys((await import("/static/inspector/words.js")).words.outcomes)')

    assert reasons
    assert reasons == set(words)
