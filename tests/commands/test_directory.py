"""The callers of one's own directory are imported, undone, edited and given out by command."""

import json
from pathlib import Path

import pytest

from tests.support.live import vats1c

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

TABLE = """\
номер;имя;компания;менеджер
8 (923) 529-29-26;Ренессанс Капитал;Ренессанс;244
8 913 500-44-55;Щербаков Жан-Жак;;
нет;Без Номера;;
8 913 500-44-56;;;
"""


@pytest.fixture
def run(tmp_path):
    """Return what runs a command of the group with settings of its own: exit code, output, errors."""
    settings = tmp_path / "vats1c.toml"
    settings.write_text(
        '[[users]]\nname = "SOAP"\npassword = "123"\n'
        '[[directories]]\nname = "clients"\ntype = "memory"\ncallers = []\n'
        '[[directories]]\nname = "own"\ntype = "store"\n',
        encoding="utf-8",
    )
    (tmp_path / "callers.csv").write_text(TABLE, encoding="utf-8")

    def ran(command, *arguments):
        return vats1c("directory", command, *arguments, "-c", settings, cwd=tmp_path)

    return ran


@pytest.fixture
def phone(tmp_path, run):
    """Return what the phone shows for a number."""
    return lambda number: vats1c("lookup", number, "-c", tmp_path / "vats1c.toml")[1].strip()


def test_an_import_says_what_it_did_and_what_it_passed_over(run, phone):
    code, said, _ = run("import", "callers.csv")

    assert code == 0
    assert "added: 2; changed: 0; the same: 0; passed over: 2" in said
    assert "callers.csv:4  NO-NUMBER" in said
    assert "callers.csv:5  NO-NAME" in said
    assert "vats1c directory undo 1" in said
    assert phone("89235292926") == "Ренессанс Капитал"


def test_an_import_in_json(run):
    code, said, _ = run("import", "callers.csv", "--json")

    assert code == 0
    assert {**json.loads(said), "skipped": []} == {
        "id": 1,
        "added": 2,
        "changed": 0,
        "same": 0,
        "passed_over": 2,
        "skipped": [],
    }
    assert [(one["line"], one["code"]) for one in json.loads(said)["skipped"]] == [(4, "NO-NUMBER"), (5, "NO-NAME")]


def test_a_dry_run_changes_nothing(run, phone):
    code, said, _ = run("import", "callers.csv", "--dry-run")

    assert code == 0
    assert "added: 2" in said
    assert "nothing was changed" in said
    assert run("find")[1] == ""
    assert run("imports")[1] == ""
    assert phone("89235292926") == ""


def test_an_import_is_undone(run, phone):
    run("add", "--number", "89135004455", "--name", "Щербаков Жан-Жак", "--note", "свой")
    run("import", "callers.csv")
    assert run("imports")[1].split()[::2] == ["1", "callers.csv"]

    assert run("undo", 1) == (0, "removed: 1; restored: 0; changed since and kept: 0\n", "")
    assert phone("89235292926") == ""
    assert phone("89135004455") == "Щербаков Жан-Жак"
    code, _, complaint = run("undo", 1)
    assert (code, "no such import: 1" in complaint) == (1, True)


def test_a_caller_is_added_found_changed_and_removed(run, phone):
    code, own_id, _ = run("add", "--number", "8 923 529-29-26", "--number", "8 391 274-66-14", "--name", "Ренессанс")
    assert code == 0
    assert phone("+73912746614") == "Ренессанс"

    assert run("change", own_id.strip(), "--name", "Ренессанс Капитал", "--manager", "244")[0] == 0
    (found,) = json.loads(run("find", "капитал", "--json")[1])
    assert {**found, "changed": ""} == {
        "id": int(own_id),
        "numbers": ["+79235292926", "+73912746614"],
        "name": "Ренессанс Капитал",
        "company": "",
        "category": "",
        "manager": "244",
        "note": "",
        "changed": "",
    }
    assert "Ренессанс Капитал" in run("find", "529-29")[1]

    assert run("remove", own_id.strip())[0] == 0
    assert phone("89235292926") == ""


def test_what_is_given_out_is_taken_in_again(run, tmp_path):
    run("import", "callers.csv")
    code, table, _ = run("export")
    assert code == 0
    (tmp_path / "again.csv").write_text(table, encoding="utf-8")

    assert "added: 0; changed: 0; the same: 2; passed over: 0" in run("import", "again.csv")[1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("add", "--number", "89235292926"), "a name is needed"),
        (("add", "--name", "A"), "a public number is needed"),
        (("change", "7", "--name", "A"), "no such caller: 7"),
        (("remove", "7"), "no such caller: 7"),
        (("import", "nowhere.csv"), "cannot read nowhere.csv"),
        (("import", "callers.pdf"), "unknown kind of file: callers.pdf"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run, arguments, complaint):
    code, _, said = run(*arguments)

    assert code == 1
    assert complaint in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", ["callers.csv", "callers.xlsx", "callers.vcf"])
def test_the_sample_of_each_kind_is_imported_whole(run, phone, name):
    code, said, _ = run("import", EXAMPLES / name)

    assert code == 0
    assert "added: 8; changed: 0; the same: 0; passed over: 0" in said
    assert phone("8 800 555-19-19") == "Хлопушкин Эдуард"
    assert phone("+375 29 111-22-33") == "Леся Якубович"


@pytest.mark.parametrize("name", ["callers.csv", "callers.xlsx", "callers.vcf"])
def test_a_dry_run_of_a_sample_says_what_it_would_do_and_does_nothing(run, name):
    code, said, _ = run("import", "--dry-run", EXAMPLES / name)

    assert code == 0
    assert "added: 8; changed: 0; the same: 0; passed over: 0" in said
    assert "a dry run" in said
    assert not run("find")[1]


def test_the_samples_hold_the_same_people(run):
    run("import", EXAMPLES / "callers.csv")

    for name in ("callers.xlsx", "callers.vcf"):
        assert "added: 0; changed: 0; the same: 8; passed over: 0" in run("import", EXAMPLES / name)[1]


@pytest.mark.parametrize("option", [("--directory", "other"), ("--publication", "other")])
def test_a_directory_that_is_not_there_is_said_with_how_to_get_one(run, option):
    code, _, said = run("find", *option)

    assert code == 2
    assert 'type = "store"' in said
