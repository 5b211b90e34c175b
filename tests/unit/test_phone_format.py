"""The phone shows a caller as the settings say, and nothing at all for nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vats1c.model import Caller
from vats1c.phone_format import PhoneFormat, is_template

ANNA = Caller("Ёлкина Алёна", "ООО «Щука»", "VIP", "244")
IVAN = Caller("Иван")


@pytest.mark.parametrize(
    ("settings", "caller", "shown"),
    [
        ({}, ANNA, "Ёлкина Алёна"),
        ({}, None, ""),
        ({"prefixes": {"VIP": "VIP:"}}, ANNA, "VIP:Ёлкина Алёна"),
        ({"prefixes": {"VIP": "VIP:"}}, IVAN, "Иван"),
        ({"prefixes": {"": "?"}}, None, ""),
        ({"template": "{name}[, {company}]"}, ANNA, "Ёлкина Алёна, ООО «Щука»"),
        ({"template": "{name}[, {company}]"}, IVAN, "Иван"),
        ({"template": "[{company}: ]{name}[ ({category})]"}, ANNA, "ООО «Щука»: Ёлкина Алёна (VIP)"),
        ({"template": "[{company}: ]{name}[ ({category})]"}, IVAN, "Иван"),
        ({"max_length": 8}, ANNA, "Ёлкина А"),
        ({"max_length": 7}, ANNA, "Ёлкина"),
        ({"max_length": 8, "prefixes": {"VIP": "VIP:"}}, ANNA, "VIP:Ёлки"),
        ({"transliterate": "yo"}, ANNA, "Yolkina Alyona"),
        ({"transliterate": "e"}, ANNA, "Elkina Alena"),
        ({"transliterate": "e", "template": "{company}"}, ANNA, 'OOO "Shchuka"'),
        ({"transliterate": "e"}, Caller("Müller № 5"), "Müller N 5"),
    ],
)
def test_a_caller_is_shown_as_the_settings_say(settings, caller, shown):
    assert PhoneFormat(**settings).render(caller) == shown


@given(st.text())
def test_a_name_is_shown_as_it_is_even_when_it_looks_like_a_template(name):
    assert PhoneFormat().render(Caller(name)) == name
    assert PhoneFormat("[{company}]{name}").render(Caller(name)) == name


@given(st.text(), st.integers(1, 20))
def test_no_more_letters_are_shown_than_fit(name, length):
    assert len(PhoneFormat(max_length=length, transliterate="yo").render(Caller(name))) <= length


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        ("{name}", True),
        ("{name}[, {company}] {category} {note}", True),
        ("just text", True),
        ("{nmae}", False),
        ("{name", False),
        ("name}", False),
        ("{}", False),
        ("{name.__class__}", False),
        ("{manager}", False),
    ],
)
def test_a_template_names_only_fields_that_there_are(text, usable):
    assert is_template(text) is usable
