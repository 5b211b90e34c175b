"""The card page in a real browser: it rings, and the right person sees who it is."""

import http.server
import json
import threading
from contextlib import contextmanager
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.support.live import Live, incoming_call, say_name
from tests.support.waiting import until

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser


def card(page, number):
    return page.locator(".card", has_text=number)


def test_an_employee_sees_who_calls_as_soon_as_it_rings(desk):
    desk.knows(numbers=["+79051110001"], name="Фёдор Ёлкин", company="Ёлки", category="VIP", manager="244", note="Ждёт")
    page = desk.signed_in()
    desk.rings("89051110001")
    rung = card(page, "+7 905 111-00-01")

    rung.wait_for()
    assert rung.locator(".name").inner_text() == "Фёдор Ёлкин"
    assert rung.locator(".company").inner_text() == "Ёлки"
    assert rung.locator(".category").inner_text() == "VIP"
    assert rung.locator("dd").all_inner_texts() == ["244", "Ждёт"]
    expect(page.locator("#announced")).to_have_text("Звонит Фёдор Ёлкин, +7 905 111-00-01")
    expect(page.locator("#waiting")).to_be_hidden()
    assert "key-of" not in page.content()


def test_a_colleagues_call_is_not_shown(desk):
    page = desk.signed_in()
    desk.rings("89051110002", "key-of-ilya")
    desk.rings("89051110003", "key-of-anna")

    card(page, "+7 905 111-00-03").wait_for()
    assert card(page, "+7 905 111-00-02").count() == 0


def test_a_reload_keeps_the_card_and_what_was_typed(desk):
    page = desk.signed_in()
    desk.rings("89051110004")
    rung = card(page, "+7 905 111-00-04")
    rung.locator("textarea").fill("Перезвонить в среду")
    page.reload()

    assert rung.locator("textarea").input_value() == "Перезвонить в среду"
    rung.get_by_text("Сохранить").click()
    expect(rung.locator(".saved")).to_contain_text("Анна Соколова")
    assert desk.calls()[-1]["note"]["text"] == "Перезвонить в среду"


def test_a_card_says_who_called_before_and_how_often(desk):
    desk.rings("89051110005")
    desk.ask("PUT", f"/api/v1/calls/{desk.calls()[-1]['id']}/note", body={"text": "Спрашивал цену"})
    page = desk.signed_in()
    # A SayName begins another call.
    desk.live.post(say_name("89051110005"))
    desk.rings("89051110005")
    newest = page.locator(".card:not(.folded)", has_text="2-й звонок за 10 минут")

    expect(newest.locator(".previous")).to_contain_text("Спрашивал цену")


def test_each_call_comes_below_the_others_and_at_most_five_are_cards(desk):
    page = desk.signed_in()
    for last in range(10, 16):
        desk.rings(f"890511100{last}")
        card(page, f"+7 905 111-00-{last}").first.wait_for()

    expect(page.locator(".card")).to_have_count(5)
    expect(page.locator(".card .digits").first).to_have_text("+7 905 111-00-11")
    expect(page.locator(".card .digits").last).to_have_text("+7 905 111-00-15")
    expect(page.locator(".card.folded")).to_have_count(0)
    expect(page.locator("#today .call", has_text="+7 905 111-00-10")).to_have_count(1)


def test_of_the_calls_before_a_reload_the_newest_is_unfolded(desk):
    page = desk.signed_in()
    for last in (16, 17):
        desk.rings(f"890511100{last}")
        card(page, f"+7 905 111-00-{last}").first.wait_for()
    page.reload()

    expect(page.locator(".card:not(.folded) .digits")).to_have_text("+7 905 111-00-17")


@pytest.mark.parametrize("width", [1200, 360])
def test_a_button_under_the_pointer_stays_when_a_card_above_it_leaves(own_desk, width):
    desk = own_desk()
    page, other = desk.signed_in(), desk.page()
    page.set_viewport_size({"width": width, "height": 640})
    other.wait_for_selector("#connection[data-state=live]")
    for last in (80, 81):
        desk.rings(f"890511100{last}")
        card(page, f"+7 905 111-00-{last}").first.wait_for()
    button = card(page, "+7 905 111-00-81").get_by_role("button", name="Скопировать")
    button.hover()
    place = button.bounding_box()
    first = card(other, "+7 905 111-00-80")
    first.locator(".close").click()
    card(page, "+7 905 111-00-80").wait_for(state="detached")

    assert button.bounding_box() == place
    page.mouse.move(5, 5)
    expect(page.locator(".gap")).to_have_count(0)
    assert button.bounding_box()["y"] < place["y"]


def test_a_button_under_the_pointer_stays_when_the_caller_is_found_and_when_the_service_is_lost(own_desk):
    desk = own_desk()
    page = desk.signed_in("admin")
    desk.rings("89051110082")
    button = card(page, "+7 905 111-00-82").get_by_text("Кто это?")
    button.hover()
    place = button.bounding_box()
    desk.live.kill()
    page.wait_for_selector("#connection[data-state=lost]")

    assert button.bounding_box() == place


def test_a_call_whose_card_is_out_of_sight_is_named_above_the_cards_and_a_click_leads_to_it(desk):
    page = desk.signed_in()
    page.set_viewport_size({"width": 360, "height": 480})
    for last in (83, 84):
        desk.rings(f"890511100{last}")
        card(page, f"+7 905 111-00-{last}").first.wait_for()
        if last == 83:
            card(page, "+7 905 111-00-83").locator(".digits").hover()
    ringing = page.locator("#ringing")

    expect(ringing).to_have_text("Звонит +7 905 111-00-84")
    ringing.click()
    expect(card(page, "+7 905 111-00-84").locator(".digits")).to_be_in_viewport()
    expect(ringing).to_be_hidden()


def test_a_withheld_number_is_said_to_be_and_has_no_caller(desk):
    page = desk.signed_in()
    desk.rings("anonymous")
    rung = card(page, "Номер скрыт").first

    rung.wait_for()
    assert rung.locator(".digits").inner_text() == "Номер скрыт"
    assert not rung.locator(".copy").is_visible()
    assert not rung.locator(".to-name").is_visible()


def test_an_unknown_caller_is_named_on_the_card(desk):
    page = desk.signed_in("admin")
    desk.rings("83912746614")
    rung = card(page, "+7 391 274-66-14").first
    rung.wait_for()
    assert "Красноярский край" in rung.locator("dl").inner_text()
    rung.get_by_text("Кто это?").click()
    rung.get_by_label("Имя").fill("Пётр Новый")
    rung.get_by_text("Добавить в справочник").click()
    expect(rung.locator(".name")).to_have_text("Пётр Новый")

    assert desk.ask("GET", "/api/v1/callers?text=" + quote("Новый"), "admin")[1]["callers"][0]["numbers"] == [
        "+73912746614"
    ]


def test_an_unknown_number_is_given_to_a_caller_who_is_in_the_directory(desk):
    own = desk.knows(numbers=["+79051110020"], name="Глафира Второва")
    page = desk.signed_in("admin")
    desk.rings("89051110021")
    rung = card(page, "+7 905 111-00-21").first
    rung.get_by_text("Кто это?").click()
    rung.get_by_label("Имя").press_sequentially("Глафира")
    rung.get_by_text("Это ещё один номер: Глафира Второва").click()
    expect(rung.locator(".name")).to_have_text("Глафира Второва")

    found = desk.ask("GET", "/api/v1/callers?text=" + quote("Глафира"), "admin")[1]["callers"]
    assert [(one["id"], sorted(one["numbers"])) for one in found] == [(own["id"], ["+79051110020", "+79051110021"])]


def test_after_two_minutes_a_card_is_history_unless_somebody_types_in_it(desk, browser):
    def sooner(route):
        script = route.fetch().text()
        assert "FRESH_MS = 120_000" in script
        route.fulfill(body=script.replace("FRESH_MS = 120_000", "FRESH_MS = 3_000"), content_type="text/javascript")

    browser.route("**/static/card/card-model.js", sooner)
    page = desk.signed_in()
    desk.rings("89051110022")
    card(page, "+7 905 111-00-22").wait_for()
    desk.rings("89051110023")
    card(page, "+7 905 111-00-23").locator("textarea").fill("Не уход")
    card(page, "+7 905 111-00-22").wait_for(state="detached")
    typed = card(page, "+7 905 111-00-23").locator("textarea")
    page.wait_for_timeout(3_000)

    assert typed.input_value() == "Не уход"
    page.reload()
    typed.wait_for()
    assert typed.input_value() == "Не уход"
    page.locator("#today .call", has_text="+7 905 111-00-22").click()
    card(page, "+7 905 111-00-22").wait_for()


def test_two_tabs_have_one_stream_and_close_their_cards_together(own_desk):
    desk = own_desk()
    first = desk.signed_in()
    second = desk.page()
    second.wait_for_selector("#connection[data-state=live]")
    assert "vats1c_windows 1.0" in desk.live.get("/metrics").text
    desk.rings("89051110024")
    desk.rings("89051110025")
    for page in (first, second):
        card(page, "+7 905 111-00-24").wait_for()
        card(page, "+7 905 111-00-25").wait_for()
    second.bring_to_front()
    typed = card(second, "+7 905 111-00-25").locator("textarea")
    typed.fill("Пишу")
    first.bring_to_front()
    card(first, "+7 905 111-00-24").locator(".close").click()
    card(first, "+7 905 111-00-25").locator(".close").click()
    card(second, "+7 905 111-00-24").wait_for(state="detached")

    expect(card(first, "+7 905 111-00-25")).to_have_count(0)
    assert typed.input_value() == "Пишу"

    def told():
        (ring,) = next(call for call in desk.calls() if call["number"] == "+79051110024")["rings"]
        return ring["shown"] and ring["seen"] and ring["closed"]

    # The service is told after the tabs.
    until(told)


def test_when_the_first_tab_is_closed_the_other_goes_on(desk):
    first = desk.signed_in()
    second = desk.page()
    second.wait_for_selector("#connection[data-state=live]")
    first.close()
    desk.rings("89051110026")

    card(second, "+7 905 111-00-26").wait_for()


def test_a_window_says_that_the_service_is_gone_and_catches_up_when_it_is_back(own_desk):
    desk = own_desk()
    page = desk.signed_in()
    desk.live.kill()
    page.wait_for_selector("#connection[data-state=lost]")
    expect(page.locator("#connection")).to_have_text("Нет связи, пробуем снова")
    again = Live(desk.live.port, desk.live.config)
    try:
        again.wait_until_ready()
        desk.rings("89051110027")
        card(page, "+7 905 111-00-27").wait_for()
        page.wait_for_selector("#connection[data-state=live]")
    finally:
        again.kill()


def remove_journal(desk):
    for file in (desk.live.config.parent / "data").glob("vats1c.sqlite*"):
        file.unlink()


def test_a_window_stays_signed_in_and_shows_calls_when_the_journal_is_removed_under_the_service(own_desk):
    desk = own_desk()
    page = desk.signed_in()
    desk.rings("89051110030")
    card(page, "+7 905 111-00-30").wait_for()
    remove_journal(desk)
    until(lambda: desk.live.post(incoming_call("89051110031", "key-of-anna")).status == 200)

    card(page, "+7 905 111-00-31").first.wait_for()
    page.reload()
    card(page, "+7 905 111-00-31").first.wait_for()
    assert card(page, "+7 905 111-00-30").count() == 0


def test_a_window_shows_the_calls_of_a_journal_that_was_begun_anew_while_the_service_was_away(own_desk):
    desk = own_desk()
    page = desk.signed_in()
    desk.rings("89051110032")
    card(page, "+7 905 111-00-32").wait_for()
    for time in range(20):
        desk.ask("PUT", f"/api/v1/calls/{desk.calls()[-1]['id']}/note", body={"text": f"Записано {time}"})
    expect(card(page, "+7 905 111-00-32").locator("textarea")).to_have_value("Записано 19")
    desk.live.kill()
    page.wait_for_selector("#connection[data-state=lost]")
    remove_journal(desk)
    again = Live(desk.live.port, desk.live.config)
    try:
        again.wait_until_ready()
        page.wait_for_selector("#connection[data-state=out]")
        desk.signed_in()
        page.wait_for_selector("#connection[data-state=live]")
        desk.rings("89051110033")
        card(page, "+7 905 111-00-33").wait_for()
    finally:
        again.kill()


def test_past_the_limit_of_windows_a_page_asks_instead_and_says_so(own_desk):
    desk = own_desk(extra="limits = { windows = 0 }\n")
    page = desk.page()
    desk.sign_in(page)
    page.wait_for_selector("#connection[data-state=polling]")
    desk.rings("89051110028")

    card(page, "+7 905 111-00-28").wait_for()
    expect(page.locator("#connection")).to_have_text("На связи, с задержкой")


def test_whoever_is_signed_out_is_told_and_keeps_what_was_typed(desk):
    page = desk.signed_in()
    desk.rings("89051110029")
    card(page, "+7 905 111-00-29").locator("textarea").fill("Важное")
    page.evaluate("fetch('/sign-out', { method: 'POST', headers: { 'X-Vats1c': '1' } })")
    page.wait_for_selector("#signed-out:not([hidden])")
    assert card(page, "+7 905 111-00-29").locator("textarea").input_value() == "Важное"
    with page.context.expect_page() as opened:
        page.get_by_text("Войти в новой вкладке").click()
    desk.sign_in(opened.value)
    opened.value.wait_for_url("**/card")
    opened.value.close()
    page.bring_to_front()
    page.wait_for_selector("#connection[data-state=live]")
    expect(page.locator("#signed-out")).to_be_hidden()
    assert card(page, "+7 905 111-00-29").locator("textarea").input_value() == "Важное"


def test_a_call_that_nobody_saw_is_on_the_list_to_call_back_until_somebody_looks(desk):
    desk.rings("89051110030", "key-of-ilya")
    desk.minutes_ago(5, "+79051110030")
    page = desk.signed_in("ilya")
    page.wait_for_selector("#unseen-count:not([hidden])")
    page.locator("#tab-unseen").click()
    missed = page.locator("#unseen .call", has_text="+7 905 111-00-30")
    missed.click()
    card(page, "+7 905 111-00-30").wait_for()

    def is_unseen():
        return "+79051110030" in [call["number"] for call in desk.ask("GET", "/api/v1/unseen", "ilya")[1]["calls"]]

    # The page says so once the card is there.
    until(lambda: not is_unseen())


@contextmanager
def vats():
    """A stand-in for the VATS's click-to-call; gives its URL and what it was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(parse_qs(urlsplit(self.path).query))
            body = json.dumps({"result": "SUCCESS", "code": 0} if len(asked) == 1 else {"result": "FAIL", "code": 1})
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/call/CallToSubscriber", asked
        server.shutdown()


def test_the_button_rings_the_employee_and_then_the_caller(own_desk):
    with vats() as (url, asked):
        desk = own_desk(f'[card]\ncallback = "{url}"\ncrm = "https://crm.test/?q={{number}}&n={{name}}"\n')
        page = desk.signed_in()
        desk.rings("89235292926")
        rung = card(page, "+7 923 529-29-26")
        rung.get_by_text("Перезвонить").click()
        rung.get_by_text("Сейчас зазвонит ваш телефон").wait_for()

        assert asked == [{"key": ["key-of-anna"], "outboundNumber": ["89235292926"]}]
        assert rung.locator(".crm").get_attribute("href") == (
            "https://crm.test/?q=%2B79235292926&n=VIP%3A%D0%A0%D0%B5%D0%BD%D0%B5%D1%81%D1%81%D0%B0%D0%BD%D1%81"
            "%20%D0%9A%D0%B0%D0%BF%D0%B8%D1%82%D0%B0%D0%BB"
        )
        rung.get_by_text("Перезвонить").click()
        rung.get_by_text("телефон не зарегистрирован").wait_for()


@pytest.mark.parametrize("width", [1200, 360])
def test_a_click_meant_for_one_caller_calls_no_other_back_however_many_ring_meanwhile(own_desk, width):
    with vats() as (url, asked):
        desk = own_desk(f'[card]\ncallback = "{url}"\n')
        page = desk.signed_in()
        page.set_viewport_size({"width": width, "height": 640})
        desk.rings("89051110090")
        button = card(page, "+7 905 111-00-90").get_by_text("Перезвонить")
        button.hover()
        place = button.bounding_box()
        for last in range(91, 98):
            desk.rings(f"890511100{last}")
            card(page, f"+7 905 111-00-{last}").first.wait_for()
            if last < 95:
                assert button.bounding_box() == place
        # By then the first card has left for the history: its place is empty.
        x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
        under = "([x, y]) => document.elementFromPoint(x, y).closest('button')"

        assert page.evaluate(under, [x, y]) is None
        page.mouse.click(x, y)
        assert asked == []


def test_sound_and_notifications_say_what_they_can_do(desk):
    page = desk.signed_in()
    assert page.locator("#sound").inner_text() == "Звук: выключен"
    page.locator("#sound").click()
    expect(page.locator("#sound")).to_have_text("Звук: включён")
    page.locator("#sound").click()
    expect(page.locator("#sound")).to_have_text("Звук: выключен")
    assert page.locator("#notices").inner_text() in ("Уведомления: выключены", "Уведомления: запрещены в браузере")


def test_the_page_is_in_english_for_who_asks_for_it(desk):
    page = desk.signed_in()
    page.get_by_text("English").click()
    expect(page.locator("#connection")).to_have_text("Connected")
    expect(page.locator("h1")).to_have_text("Calls")
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_card_is_closed_by_the_keyboard(desk):
    page = desk.signed_in()
    desk.rings("89051110031")
    rung = card(page, "+7 905 111-00-31")
    rung.wait_for()
    page.keyboard.press("Escape")

    rung.wait_for(state="detached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_a_small_phone(desk, scheme):
    page = desk.signed_in()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 360, "height": 740})
    desk.rings("89235292926")
    card(page, "+7 923 529-29-26").first.wait_for()

    assert page.evaluate("document.documentElement.scrollWidth") == 360
