"""A CSV file as people really save it."""

import pytest

from vats1c.directory import DirectoryError, load
from vats1c.model import Caller, Confidence
from vats1c.number import NumberPlan, identify


def opened(path, **settings):
    return load("csv", "crm", {"path": str(path), **settings}, NumberPlan())


def found(directory, number):
    return directory.find(identify(number)).caller


@pytest.fixture
def write(tmp_path):
    def written(text, encoding="utf-8"):
        path = tmp_path / "callers.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return written


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1251"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "titles",
    [("number", "name", "manager"), ("Номер", "Имя", "Менеджер"), ("Телефон", " НАИМЕНОВАНИЕ ", "Ответственный")],
)
def test_headers_delimiters_and_encodings_are_recognised(write, encoding, delimiter, titles):
    rows = [titles, ("8 (923) 529-29-26", "Ёлкина Алёна", "244")]
    path = write("\r\n".join(delimiter.join(row) for row in rows), encoding)

    directory = opened(path)

    assert found(directory, "+79235292926") == Caller("Ёлкина Алёна", manager="244")
    assert directory.state().callers == 1


def test_every_column_of_a_caller_is_read(write):
    path = write("number,name,company,category,manager,note\n89235292926,Имя,ООО,VIP,244,Заметка\n")

    assert found(opened(path), "89235292926") == Caller("Имя", "ООО", "VIP", "244", "Заметка")


def test_columns_of_other_people_are_passed_over(write):
    path = write("id,number,age,name\n7,89235292926,40,Имя\n")

    assert found(opened(path), "89235292926") == Caller("Имя")


def test_two_contacts_with_one_number_are_both_named_and_neither_routes(write):
    path = write("number,name,manager\n89235292926,Первый,1\n+7 923 529-29-26,Второй,2\n")

    match = opened(path).find(identify("89235292926"))

    assert match.confidence is Confidence.AMBIGUOUS
    assert match.caller == Caller("Первый / Второй")


def test_one_contact_in_two_rows_is_one_contact(write):
    path = write("number,name,manager\n89235292926,Первый,1\n+7 923 529-29-26,Первый,1\n")

    assert opened(path).find(identify("89235292926")).confidence is Confidence.EXACT


def test_every_number_of_a_cell_finds_its_contact(write):
    path = write('number,name\n"8 923 529-29-26, раб. 8 391 274-66-14 доб. 5 (Иван)",Иван\n')

    assert [found(opened(path), number).name for number in ("89235292926", "83912746614")] == ["Иван", "Иван"]


def test_a_row_without_a_number_or_a_name_is_nobody(write):
    path = write("number,name\n,Без номера\n89235292926,\nскрыт,Текст\n\n89130000000,Имя\n")

    directory = opened(path)

    assert directory.state().callers == 1
    assert directory.find(identify("89235292926")) is None


def test_quotes_hold_delimiters_and_line_breaks(write):
    path = write('number,name\n89235292926,"Рога, ""Копыта"" и\nсыновья"\n')

    assert found(opened(path), "89235292926").name == 'Рога, "Копыта" и\nсыновья'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"phone book\n1,2\n", "must name the columns"),
        ("name\nИмя\n".encode(), "must name the columns"),
        (b'number,name\n89235292926,"open', "line 2 is broken"),
        (b"number,name\n\x98\xff,\x98\n", "neither UTF-8 nor windows-1251"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_with_its_path(write, content, said):
    path = write(content)

    with pytest.raises(DirectoryError, match=said) as error:
        opened(path)

    assert str(path) in str(error.value)
    assert error.value.key == "path"


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(DirectoryError, match=r"cannot read .*none\.csv: No such file"):
        opened(tmp_path / "none.csv")


def test_a_setting_that_the_kind_does_not_have_is_named(write):
    with pytest.raises(DirectoryError) as error:
        opened(write("number,name\n"), delimeter=";")

    assert error.value.key == "delimeter"


def test_an_unknown_kind_is_answered_with_those_there_are():
    with pytest.raises(DirectoryError, match="there are: csv, http, ") as error:
        load("cvs", "crm", {}, NumberPlan())

    assert error.value.key == "type"
