"""The directory page in a real browser: callers are kept by whoever may, and nothing typed or removed is lost."""

from urllib.parse import quote

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = pytest.mark.browser

ROWS = "#rows tr, #held tr"


def rows(page, text=""):
    return page.locator(ROWS, has_text=text)


def directory(desk, who="admin"):
    return desk.signed_in(who, "/directory")


def found(desk, text):
    """Return the callers that the service finds."""
    return desk.ask("GET", f"/api/v1/callers?text={quote(text)}", "admin")[1]["callers"]


def shown(page, selector, text):
    page.locator(selector, has_text=text).first.wait_for()


def fill(form, **fields):
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)


def test_callers_are_found_by_word_and_by_part_of_a_number_from_the_slash_key(desk):
    desk.knows(numbers=["+79052220001"], name="Фёдор Иголкин", company="Булавка")
    desk.knows(numbers=["+79052220002"], name="Пётр Ниткин")
    page = directory(desk)
    rows(page, "Ниткин").wait_for()
    page.keyboard.press("/")
    page.keyboard.type("федор булав")

    shown(page, "#found", "Найдена 1 запись")
    expect(rows(page).locator(".name")).to_have_text(["Фёдор Иголкин"])
    page.fill("#text", "222-00-02")
    rows(page, "Ниткин").wait_for()
    assert rows(page, "+7 905 222-00-02").count() == 1


def test_a_search_is_broken_off_by_the_next_one(desk):
    desk.knows(numbers=["+79052220003"], name="Ранний Ответ")
    desk.knows(numbers=["+79052220004"], name="Поздний Вопрос")
    page = directory(desk)
    # An answer that never comes in time.
    page.route(f"**/callers?text={quote('Ранний')}*", lambda _route: None)
    with page.expect_request(f"**/callers?text={quote('Ранний')}*") as asked:
        page.fill("#text", "Ранний")
    with page.expect_event("requestfailed") as failed:
        page.fill("#text", "Поздний")

    assert failed.value == asked.value
    shown(page, "#found", "Найдена 1 запись")
    expect(rows(page).locator(".name")).to_have_text(["Поздний Вопрос"])
    expect(page.locator("#trouble")).to_be_hidden()


def test_an_administrator_adds_and_edits_a_caller(desk):
    page = directory(desk)
    page.click("#add")
    form = page.locator("#adding form")
    fill(form, company="Пуговица", numbers="8 905 222-00-05")
    form.get_by_text("Сохранить").click()
    # What is missing is said beside its field, and nothing typed is gone.
    form.locator(".problem", has_text="нужно имя").wait_for()
    assert form.locator("[name=company]").input_value() == "Пуговица"
    fill(form, name="Анна Петлина")
    page.keyboard.press("Enter")

    rows(page, "Анна Петлина").get_by_text("Изменить").click()
    edited = page.locator(".edited form")
    fill(edited, note="Звонить утром", numbers="+79052220005\n+79052220006")
    page.keyboard.press("Control+Enter")
    rows(page, "Звонить утром").wait_for()
    assert [one["name"] for one in found(desk, "79052220006")] == ["Анна Петлина"]


def test_escape_leaves_a_caller_as_it_was(desk):
    desk.knows(numbers=["+79052220007"], name="Ирина Лоскутова")
    page = directory(desk)
    rows(page, "Лоскутова").get_by_text("Изменить").click()
    fill(page.locator(".edited form"), name="Другая")
    # Another search leaves the form where it can be seen, with all that is in it.
    page.fill("#text", "никого нет")
    shown(page, "#nobody", "Ничего не найдено")
    assert page.locator(".edited [name=name]").input_value() == "Другая"
    page.locator(".edited [name=name]").press("Escape")

    expect(rows(page, "Лоскутова").locator(".edit")).to_be_focused()
    expect(rows(page, "Другая")).to_have_count(0)


def test_a_number_that_somebody_has_is_said_while_it_is_typed(desk):
    desk.knows(numbers=["+79052220008"], name="Олег Тесьмин")
    page = directory(desk)
    page.click("#add")
    fill(page.locator("#adding form"), numbers="8(905)2220008")
    page.locator("#adding .taken", has_text="уже есть у «Олег Тесьмин»").get_by_text("Открыть").click()

    expect(page.locator(".edited [name=name]")).to_have_value("Олег Тесьмин")
    expect(page.locator("#adding [name=numbers]")).to_have_value("8(905)2220008")


def test_a_caller_removed_by_mistake_is_put_back_even_after_another_search(desk):
    desk.knows(numbers=["+79052220009"], name="Вера Кружева", note="Важная", manager="244")
    page = directory(desk)
    rows(page, "Вера Кружева").get_by_text("Удалить").click()
    shown(page, ".removed", "Удалено: Вера Кружева")
    assert found(desk, "кружева") == []
    page.fill("#text", "никого нет")
    shown(page, "#nobody", "Ничего не найдено")
    page.get_by_text("Вернуть").click()

    rows(page, "Важная").wait_for()
    assert [(one["numbers"], one["note"], one["manager"]) for one in found(desk, "кружева")] == [
        (["+79052220009"], "Важная", "244")
    ]


def test_a_file_is_checked_then_imported_then_undone(desk):
    desk.knows(numbers=["+79052220011"], name="Первая Строка", company="Старая")
    page = directory(desk)
    page.get_by_role("tab", name="Загрузка").click()
    lines = [
        "номер;имя;компания",
        "89052220011;Первая Строка;Новая",
        "89052220012;Вторая Строка;",
        "нет;Третья Строка;",
    ]
    page.set_input_files("#file", {"name": "clients.csv", "mimeType": "text/csv", "buffer": "\n".join(lines).encode()})
    shown(page, "#report", "Пока ничего не изменено")
    assert page.locator(".figures > div").all_inner_texts() == [
        "новых\n1",
        "изменится\n1",
        "без изменений\n0",
        "пропущено\n1",
    ]
    assert page.locator(".skipped tbody td").all_inner_texts() == ["4", "номер не читается: 'нет'", "NO-NUMBER"]
    assert found(desk, "вторая") == []

    page.get_by_text("Загрузить 2 записи").click()
    shown(page, "#report h2", "Загружено")
    assert len(found(desk, "вторая")) == 1
    page.get_by_text("Отменить").click()
    shown(page, "#report h2", "Загрузка отменена")
    page.get_by_role("tab", name="Записи").click()
    rows(page, "Старая").wait_for()
    expect(rows(page, "Вторая Строка")).to_have_count(0)


def test_a_file_that_cannot_be_used_is_refused_with_the_reason(desk):
    page = directory(desk)
    page.get_by_role("tab", name="Загрузка").click()
    page.set_input_files("#file", {"name": "clients.csv", "mimeType": "text/csv", "buffer": "что-то;ещё\n".encode()})

    shown(page, "#import-problem", "нужны столбцы number и name (номер и имя): clients.csv")
    assert page.locator("#drop").is_visible()


def test_an_unknown_caller_is_named_in_one_line_and_so_are_past_calls(desk):
    desk.rings("89052220013")
    desk.rings("89052220014")
    page = directory(desk)
    page.get_by_role("tab", name="Неизвестные").click()
    page.get_by_label("Имя для +7 905 222-00-13").fill("Роман Заплаткин")
    page.keyboard.press("Enter")

    shown(page, "#named", "+7 905 222-00-13 — теперь «Роман Заплаткин»")
    page.locator("#numbers li", has_text="222-00-13").wait_for(state="detached")
    assert desk.calls("admin", "?number=89052220013")[0]["caller"]["name"] == "Роман Заплаткин"
    page.get_by_text("Дополнить").click()
    expect(page.locator(".edited [name=name]")).to_have_value("Роман Заплаткин")


def test_an_unknown_number_is_given_to_whoever_has_the_same_name(desk):
    held = desk.knows(numbers=["+79052220015"], name="Семён Шнурков")
    desk.rings("89052220016")
    page = directory(desk)
    page.get_by_role("tab", name="Неизвестные").click()
    page.get_by_label("Имя для +7 905 222-00-16").fill("семен шнурков")
    page.keyboard.press("Enter")
    page.get_by_text("Это ещё один номер «Семён Шнурков»").click()

    shown(page, "#named", "теперь «Семён Шнурков»")
    assert [(one["id"], one["numbers"]) for one in found(desk, "шнурков")] == [
        (held["id"], ["+79052220015", "+79052220016"])
    ]


def test_an_unknown_number_that_is_in_the_directory_by_now_is_not_added_twice(desk):
    desk.rings("89052220017")
    imported = "номер;имя\n89052220017;Тимур Молниев\n".encode()
    desk.ask("POST", "/api/v1/callers/import?file=clients.csv", "admin", imported)
    page = directory(desk)
    page.get_by_role("tab", name="Неизвестные").click()
    page.get_by_label("Имя для +7 905 222-00-17").fill("Тимур")
    page.keyboard.press("Enter")
    shown(page, ".known", "+7 905 222-00-17 уже есть у «Тимур Молниев»")
    page.get_by_text("Это «Тимур Молниев»").click()

    shown(page, "#named", "теперь «Тимур Молниев»")
    assert len(found(desk, "тимур")) == 1
    assert desk.calls("admin", "?number=89052220017")[0]["caller"]["name"] == "Тимур Молниев"


def test_what_was_typed_survives_the_end_of_the_session(desk):
    page = directory(desk)
    page.click("#add")
    form = page.locator("#adding form")
    fill(form, name="Зоя Кнопкина", numbers="+79052220018")
    desk.browser.clear_cookies()
    form.get_by_text("Сохранить").click()
    shown(page, "#signed-out", "То, что вы набрали, останется здесь")
    with desk.browser.expect_page() as opened:
        page.get_by_text("Войти в новой вкладке").click()
    desk.sign_in(opened.value, "admin")
    opened.value.wait_for_url("**/directory")
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    page.locator("#signed-out").wait_for(state="hidden")
    form.get_by_text("Сохранить").click()
    rows(page, "Зоя Кнопкина").wait_for()


def test_an_employee_without_the_right_is_told_who_has_it(desk):
    page = directory(desk, "anna")

    shown(page, "#refusal", "Справочник изменяет администратор")
    assert not page.locator("#desk").is_visible()
    assert not page.locator("#refusal pre").is_visible()


def test_the_page_speaks_english_and_fits_a_phone(desk):
    desk.knows(numbers=["+79052220019"], name="Очень-длинное-имя-без-единого-пробела-которое-не-помещается-в-строку")
    page = directory(desk)
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_text("English", exact=True).click()

    rows(page, "Очень-длинное").get_by_text("Edit").click()
    for tab in ("Unknown", "Import", "Callers"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.title() == "Directory"
