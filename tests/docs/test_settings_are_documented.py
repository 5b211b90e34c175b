"""docs/settings.md and vats1c.example.toml hold every setting that exists, and no other, at its real default."""

import itertools
import json
import os
import re
import types
from pathlib import Path

import pytest
from pydantic import BaseModel

from vats1c import config
from vats1c.app.application import build
from vats1c.cli.running import open_application
from vats1c.config import (
    AdministratorTable,
    CardTable,
    ConfigError,
    DirectoryTable,
    JournalTable,
    LimitsTable,
    PublicationTable,
    SayNameTable,
    Settings,
    StagingTable,
    SubscriberTable,
    UpstreamTable,
    UserTable,
)
from vats1c.config.load import COMMAND_VARIABLES
from vats1c.directory import KINDS

# Read by the shell command that an exchange is copied as.
IN_EXPORTS = {"VATS1C_LOGIN"}

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "vats1c.example.toml"

# The heading under which each table of the schema is documented.
TABLES = {
    "At the top": Settings,
    "`[[users]]`": UserTable,
    "`[[directories]]`": DirectoryTable,
    "`[[subscribers]]`": SubscriberTable,
    "`[[administrators]]`": AdministratorTable,
    "`[say_name]`": SayNameTable,
    "`[card]`": CardTable,
    "`[journal]`": JournalTable,
    "`[limits]`": LimitsTable,
    "`[staging]`": StagingTable,
    "`[upstream]`": UpstreamTable,
}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in [name for name in os.environ if name.upper().startswith("VATS1C_")]:
        monkeypatch.delenv(name)


def sections(page):
    """Return heading → text below it."""
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text):
    """Return the rows of the table in `text`, each a dict by column."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]] if lines else []


def documented():
    return {
        heading: {row["key"].strip("`"): row for row in rows(text)}
        for heading, text in sections(PAGE).items()
        if rows(text)
    }


def tables_within(model):
    """Return `model` and every table that its settings hold."""
    found = {model}
    for field in model.model_fields.values():
        for table in models_in(field.annotation) - found:
            found |= tables_within(table)
    return found


def models_in(annotation):
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return {annotation} if issubclass(annotation, BaseModel) else set()
    return {model for part in getattr(annotation, "__args__", ()) for model in models_in(part)}


def shown(field):
    """Return a default as the page writes it."""
    if field.is_required():
        return "required"
    default = field.default
    if isinstance(default, BaseModel):
        return "see below"
    if default is None or default == {}:
        return "none"
    return f"`{json.dumps(str(default) if isinstance(default, Path) else default)}`"


FIELDS = [
    pytest.param(heading, key, field, id=f"{heading.strip('`')} {key}")
    for heading, model in TABLES.items()
    for key, field in model.model_fields.items()
]


def test_every_table_of_the_schema_has_a_place_on_the_page():
    # A publication's own keys stand at the top.
    assert tables_within(Settings) == {*TABLES.values(), PublicationTable}


@pytest.mark.parametrize(("heading", "key", "field"), FIELDS)
def test_a_setting_is_on_the_page_with_its_default_and_its_bounds(heading, key, field):
    row = documented()[heading][key]

    assert row["default"] == shown(field)
    for bound in field.metadata:
        for edge in ("ge", "le", "max_length"):
            if getattr(bound, edge, None) is not None:
                assert re.search(rf"\b{re.escape(str(getattr(bound, edge)))}\b", row["allowed"]), row["allowed"]
    for choice in getattr(field.annotation, "__args__", ()) if "Literal" in str(field.annotation) else ():
        assert re.search(rf"\b{choice}\b", row["allowed"]), row["allowed"]


def test_the_page_holds_no_setting_that_does_not_exist():
    known = {heading: set(model.model_fields) for heading, model in TABLES.items()}

    assert {heading: set(found) for heading, found in documented().items()} == known


def test_the_settings_of_a_csv_directory_are_the_documented_ones(tmp_path):
    with pytest.raises(ConfigError) as refused:
        build(
            config.load(
                users=[{"name": "a", "password": "b"}],
                directories=[{"name": "x", "type": "csv", "none": 1}],
                data=tmp_path,
            )
        )

    (problem,) = refused.value.problems
    page = (ROOT / "docs" / "directories.md").read_text(encoding="utf-8")
    chapter = page.partition("## `csv`\n")[2].partition("\n## ")[0]
    assert problem.message.en == "no such setting; there are: path"
    assert re.findall(r"^(\w+) = ", chapter, re.MULTILINE) == ["name", "type", "path"]


def test_the_kinds_of_directories_are_the_documented_ones():
    allowed = documented()["`[[directories]]`"]["type"]["allowed"]

    assert set(re.findall(r"`(\w+)`", allowed)) == set(KINDS)
    page = (ROOT / "docs" / "directories.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `(\w+)`$", page, re.MULTILINE)) == set(KINDS)


VALUES = {
    "VATS1C_LISTEN": "127.0.0.1:9",
    "VATS1C_WORKERS": "3",
    "VATS1C_PUBLIC_URL": "https://vats.example.ru",
    "VATS1C_TRUSTED_HOSTS": '["vats.example.ru"]',
    "VATS1C_PROXIES": "2",
    "VATS1C_WSDL_OPEN": "false",
    "VATS1C_DATA": "elsewhere",
    "VATS1C_DATABASE": "sqlite://",
    "VATS1C_REGION": "KZ",
    "VATS1C_AREA_CODE": "391",
    "VATS1C_INTERNAL_DIGITS": "4",
    "VATS1C_FAULT_LANGUAGE": "en",
    "VATS1C_LOG_LEVEL": "error",
    "VATS1C_LOG_FORMAT": "json",
    "VATS1C_LIMITS": '{"body": 2048}',
    "VATS1C_SAY_NAME": '{"parameter": "Number"}',
    "VATS1C_USERS": '[{"name": "a", "password": "b"}]',
    "VATS1C_DIRECTORIES": '[{"name": "a", "type": "csv", "path": "b.csv"}]',
    "VATS1C_ADMINISTRATORS": '[{"name": "a", "password": "b"}]',
    "VATS1C_CARD": '{"edit": true}',
    "VATS1C_JOURNAL": '{"days": 7}',
    "VATS1C_CARD__EDIT": "true",
    "VATS1C_CARD__CRM": "https://crm.example/?q={number}",
    "VATS1C_CARD__CALLBACK": "https://vats.example/api/call",
    "VATS1C_CARD__SESSION": "12",
    "VATS1C_JOURNAL__DAYS": "7",
    "VATS1C_JOURNAL__EXCHANGES": "5000",
    "VATS1C_JOURNAL__BYTES": "0",
    "VATS1C_JOURNAL__RAW": "false",
    "VATS1C_LIMITS__WINDOWS": "10",
    "VATS1C_LIMITS__WAITING": "64",
    "VATS1C_SUBSCRIBERS": '[{"key": "a", "name": "b"}]',
    "VATS1C_PUBLICATIONS": '{"a": {"users": [{"name": "a", "password": "b"}]}}',
    "VATS1C_SAY_NAME__PARAMETER": "Number",
    "VATS1C_SAY_NAME__DEADLINE": "0.5",
    "VATS1C_SAY_NAME__REMEMBER": "60",
    "VATS1C_SAY_NAME__REMEMBER_UNKNOWN": "6",
    "VATS1C_SAY_NAME__STALE": "600",
    "VATS1C_SAY_NAME__FORMAT": "{name}[ ({company})]",
    "VATS1C_SAY_NAME__PREFIX": '{"VIP": "VIP:"}',
    "VATS1C_SAY_NAME__LENGTH": "20",
    "VATS1C_SAY_NAME__TRANSLITERATE": "yo",
    "VATS1C_LIMITS__BODY": "2048",
    "VATS1C_LIMITS__HEADER_TIMEOUT": "2",
    "VATS1C_LIMITS__BODY_TIMEOUT": "2",
    "VATS1C_LIMITS__CONNECTIONS": "32",
    "VATS1C_LIMITS__FAILED_LOGINS": "2",
    "VATS1C_STAGING": '{"enabled": true}',
    "VATS1C_STAGING__ENABLED": "true",
    "VATS1C_STAGING__TOKEN": "sixteen letters, or more",
    "VATS1C_STAGING__OPEN_HERE": "true",
    "VATS1C_STAGING__PUBLICATIONS": "5",
    "VATS1C_STAGING__LIVES": "60",
    "VATS1C_UPSTREAM": '{"user": "a"}',
    "VATS1C_UPSTREAM__MODE": "spy",
    "VATS1C_UPSTREAM__URL": "https://1c.example/base/ws/VATS",
    "VATS1C_UPSTREAM__USER": "VATS",
    "VATS1C_UPSTREAM__PASSWORD": "a password",
    "VATS1C_UPSTREAM__PASSWORD_FILE": "1c-password.txt",
    "VATS1C_UPSTREAM__NAMESPACE": "http://test",
    "VATS1C_UPSTREAM__PARAMETER": "Number",
    "VATS1C_UPSTREAM__DEADLINE": "0.5",
    "VATS1C_UPSTREAM__TIMEOUT": "10",
    "VATS1C_UPSTREAM__CA": "1c-ca.pem",
    "VATS1C_UPSTREAM__FORWARD_CALLS": "true",
}


def variables():
    return {
        row["variable"].strip("`"): (heading, key)
        for heading, found in documented().items()
        for key, row in found.items()
        if "variable" in row
    }


def test_every_setting_outside_the_lists_has_a_variable_on_the_page():
    assert set(variables()) == set(VALUES)
    assert len(variables()) == sum(
        len(TABLES[one].model_fields)
        for one in (
            "At the top",
            "`[say_name]`",
            "`[card]`",
            "`[journal]`",
            "`[limits]`",
            "`[staging]`",
            "`[upstream]`",
        )
    )


@pytest.mark.parametrize("name", VALUES)
def test_a_documented_variable_sets_its_setting(name, monkeypatch):
    heading, key = variables()[name]
    monkeypatch.setenv(name, VALUES[name])
    if name == "VATS1C_UPSTREAM__MODE":
        monkeypatch.setenv("VATS1C_UPSTREAM__URL", VALUES["VATS1C_UPSTREAM__URL"])
    given = {} if name in ("VATS1C_USERS", "VATS1C_PUBLICATIONS") else {"users": [{"name": "a", "password": "b"}]}

    settings = config.load(**given)

    table = settings if heading == "At the top" else getattr(settings, heading.strip("`[]"))
    assert getattr(table, key) != TABLES[heading].model_fields[key].default


def test_every_variable_named_in_any_document_exists():
    known = set(VALUES) | COMMAND_VARIABLES | IN_EXPORTS
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        named = set(re.findall(r"\bVATS1C_[A-Z_]*[A-Z]", page.read_text(encoding="utf-8")))
        assert named <= known, page


def test_the_variables_on_the_page_can_be_used_together(monkeypatch, tmp_path):
    block = re.search(r"```sh\n(.+?)```", PAGE, re.DOTALL)[1]
    for name, value in re.findall(r"^export (\w+)='?(.+?)'?$", block, re.MULTILINE):
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    settings = config.load()

    assert settings.listen == "0.0.0.0:8080"
    assert settings.limits.body == 32_768
    assert settings.users[0].password_file == tmp_path / "soap-password.txt"
    assert settings.directories[0].own["path"] == "callers.csv"
    assert settings.folder == tmp_path


def test_the_publications_on_the_page_can_be_used(tmp_path):
    file = tmp_path / "vats1c.toml"
    file.write_text(re.search(r"```toml\n(.+?)```", PAGE, re.DOTALL)[1], encoding="utf-8")

    assert set(config.load(file).served) == {"sales", "support"}


def test_the_names_that_no_publication_may_have_are_the_documented_ones():
    from vats1c.config.schema import _RESERVED

    sentence = re.search(r"The names (.+?) are the service's own", PAGE, re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", sentence)) == _RESERVED


def example_keys(*, commented):
    """Return (table, key) for each line of the example that sets a key."""
    table, found = "", set()
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        text = line.removeprefix("# ") if commented else line
        if heading := re.fullmatch(r"\[+([a-z_.]+)\]+", text):
            table = heading[1]
        elif key := re.match(r"([a-z_]+) = ", text):
            found.add((table, key[1]))
    return found


def test_the_example_holds_every_setting_and_no_other():
    known = {("", key) for key, field in Settings.model_fields.items() if not models_in(field.annotation)}
    for name in (
        "users",
        "directories",
        "subscribers",
        "administrators",
        "say_name",
        "card",
        "journal",
        "limits",
        "staging",
        "upstream",
    ):
        (model,) = models_in(Settings.model_fields[name].annotation)
        known |= {(name, key) for key in model.model_fields}
    known |= {
        ("directories", "path"),
        ("publications.sales.users", "name"),
        ("publications.sales.users", "password_file"),
    }

    assert example_keys(commented=True) == known


def test_the_example_says_something_of_each_setting():
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for before, line in itertools.pairwise(lines):
        if re.match(r"(# )?[a-z_]+ = ", line) and "sales" not in line.lower():
            assert before.startswith("# "), line


def test_the_example_loads_and_its_values_are_the_defaults():
    settings = config.load(EXAMPLE)

    samples = {"users", "directories", "subscribers", "administrators"}
    plain = Settings.model_construct(users=settings.users)
    for key in Settings.model_fields.keys() - samples - {"data"}:
        assert getattr(settings, key) == getattr(plain, key), key
    assert settings.data == ROOT / plain.data
    assert {table: len(getattr(settings, table)) for table in samples} == dict.fromkeys(samples, 1)


def test_what_is_commented_out_in_the_example_can_be_used(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8").partition("# More than one endpoint")[0]
    text = re.sub(r"^# ((public_url|database|password_file) = )", r"\1", text, flags=re.MULTILINE)
    text = re.sub(r"^password_hash = .*$", "", text, flags=re.MULTILINE)
    file = tmp_path / "vats1c.toml"
    file.write_text(text, encoding="utf-8")

    settings = config.load(file)

    assert settings.public_url
    assert settings.database
    assert settings.users[0].password_file == tmp_path / "soap-password.txt"


def test_a_service_can_be_built_of_the_example(tmp_path):
    file = tmp_path / "vats1c.toml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "callers.csv").write_text("number,name\n89235292926,VIP:Ренессанс Капитал\n", encoding="utf-8")

    with open_application(config.load(file)) as application:
        (directory,) = application.publications[0].directories
        assert directory.state().callers == 1
