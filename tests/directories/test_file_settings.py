"""Relative paths in a directory's settings are taken from the settings file's folder, and nothing else is."""

import sys
from importlib import import_module

import pytest

from vats1c.directory import KINDS, DirectoryContext, DirectoryError, load
from vats1c.number import DEFAULT_PLAN, identify

CSV = "number;name\n89235292926;Ренессанс Капитал\n"
RENAISSANCE = identify("89235292926")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The settings are in one folder, and the service runs in another."""
    for name in ("settings", "elsewhere", "data"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return DirectoryContext(tmp_path / "data", "telephony", tmp_path / "settings")


def opened(kind, home, **settings):
    directory = load(kind, "crm", settings, DEFAULT_PLAN, home)
    directory.close()
    return directory


def test_a_relative_file_is_found_beside_the_settings(home):
    (home.folder / "callers.csv").write_text(CSV, encoding="utf-8")

    assert opened("csv", home, path="callers.csv").find(RENAISSANCE).caller.name == "Ренессанс Капитал"


def test_an_absolute_file_is_found_where_it_is(home):
    file = home.data / "callers.csv"
    file.write_text(CSV, encoding="utf-8")

    assert opened("csv", home, path=str(file)).find(RENAISSANCE) is not None


def test_the_store_is_made_beside_the_settings_when_its_path_is_relative(home):
    opened("store", home, path="callers.sqlite")

    assert (home.folder / "callers.sqlite").exists()
    assert not list(home.data.iterdir())


def test_the_store_is_made_in_the_data_folder_when_no_path_is_given(home):
    opened("store", home)

    assert list(home.data.glob("*.sqlite"))


@pytest.mark.parametrize(
    ("kind", "settings", "key"),
    [
        ("csv", {}, "path"),
        ("xlsx", {}, "path"),
        ("vcard", {}, "path"),
        ("http", {"url": "https://127.0.0.1:9/{number}"}, "ca"),
        ("soap", {"url": "https://127.0.0.1:9/ws"}, "ca"),
        ("odata", {"url": "https://127.0.0.1:9/odata/standard.odata"}, "ca"),
        ("odata", {"url": "https://127.0.0.1:9/odata/standard.odata", "user": "vats"}, "password_file"),
    ],
)
def test_a_missing_file_is_reported_with_its_place_beside_the_settings(home, kind, settings, key):
    with pytest.raises(DirectoryError) as caught:
        opened(kind, home, **settings, **{key: "there-is-none"})

    assert caught.value.key == key
    assert str(home.folder / "there-is-none") in str(caught.value)


@pytest.mark.parametrize("wrong", ["", 7, ["callers.csv"]])
def test_a_path_that_is_no_text_is_refused_by_the_kind(home, wrong):
    with pytest.raises(DirectoryError) as caught:
        opened("csv", home, path=wrong)

    assert caught.value.key == "path"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_names_its_files_and_no_other_settings(kind):
    module, _, name = KINDS[kind].partition(":")
    files = {"path", "ca", "cache", "password_file"} if kind not in ("http", "sql", "memory") else {"ca"}

    assert set(getattr(getattr(import_module(module), name), "file_settings", ())) <= files


def test_a_kind_of_your_own_gets_the_paths_that_it_names_and_its_other_settings_as_they_are(home, monkeypatch):
    (home.data / "own_kind.py").write_text(
        "class Kind:\n"
        "    file_settings = ('table',)\n"
        "    def __init__(self, name, settings, plan):\n"
        "        self.settings = settings\n"
        "    def close(self):\n"
        "        pass\n"
    )
    monkeypatch.syspath_prepend(str(home.data))
    try:
        directory = opened("own_kind:Kind", home, table="callers.txt", path="result.items", cache="6h")
    finally:
        sys.modules.pop("own_kind", None)

    assert directory.settings == {"table": str(home.folder / "callers.txt"), "path": "result.items", "cache": "6h"}
