"""Every name in the documents is a name in the code, and every name in the code that the documents list is there."""

import ast
import importlib
import io
import json
import pkgutil
import re
import tokenize
from pathlib import Path

import pytest
import typer.main
from lxml import etree
from prometheus_client.metrics import MetricWrapperBase

import vats1c
from vats1c import soap
from vats1c.cli import app as commands
from vats1c.database import carried, file_guard
from vats1c.directory.columns import COLUMNS
from vats1c.journal import watcher
from vats1c.metrics import Metrics
from vats1c.model import Confidence
from vats1c.number import identify
from vats1c.staging import fault_injection

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
}
CONTRACT, OPERATIONS = PAGES["docs/contract.md"], PAGES["docs/operations.md"]


def code(page):
    """Return the code of `page`, blocks and words."""
    fenced = r"^ *```\w*\n(.*?)^ *```$"
    blocks = re.findall(fenced, page, re.DOTALL | re.MULTILINE)
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(fenced, "", page, flags=re.DOTALL | re.MULTILINE))


def section(page, heading):
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)[1]


def rows(text):
    """Return the cells of each row of the tables in `text`, headings left out."""
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    below = [number + 1 for number, line in enumerate(cells) if set("".join(line)) == {"-"}]
    return [line for number, line in enumerate(cells) if number + 1 not in below and number + 2 not in below]


def every_command():
    """Return "vats1c journal list" → its options, for the program and each command."""

    def walk(command, name):
        yield name, {option for one in command.params for option in one.opts if option.startswith("-")} - {"--help"}
        for below, child in getattr(command, "commands", {}).items():
            yield from walk(child, f"{name} {below}")

    return dict(walk(typer.main.get_command(commands), "vats1c"))


COMMANDS = every_command()


def documented_commands():
    parts = re.split(r"^## `(.+)`$", PAGES["docs/commands.md"], flags=re.MULTILINE)
    return {
        name: {option for row in rows(text) for option in re.findall(r"`(-[^`]+)`", row[0])}
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_every_command_and_option_is_on_the_page_and_no_other():
    # `vats1c journal` by itself does nothing: its commands are there. `vats1c wsdl` does.
    groups = {name for name in COMMANDS if any(other.startswith(f"{name} ") for other in COMMANDS)} - {
        "vats1c",
        "vats1c wsdl",
    }
    expected = {name: options for name, options in COMMANDS.items() if name not in groups}

    assert documented_commands() == expected


def test_the_defaults_of_options_are_the_documented_ones():
    for name, text in re.findall(r"^## `(.+?)`$(.*?)(?=^## |\Z)", PAGES["docs/commands.md"], re.DOTALL | re.MULTILINE):
        command = typer.main.get_command(commands)
        for part in name.split()[1:]:
            command = command.commands[part]
        defaults = {option: one.default for one in command.params for option in one.opts}
        for option, default, _ in rows(text):
            if default.startswith("`") and name != "vats1c wsdl":
                assert str(defaults[option.strip("`")]) == default.strip("`"), (name, option)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_named_anywhere_exists_with_its_options(page):
    for piece in code(PAGES[page]):
        for line in piece.replace("\\\n", " ").splitlines():
            for words in re.findall(r"(?<![\w./:-])vats1c((?: [\w./:=-]+)+)", line):
                given = words.split()
                name = "vats1c"
                while given and f"{name} {given[0]}" in COMMANDS:
                    name += f" {given.pop(0)}"
                # After a command come options and arguments, and no other word.
                assert name != "vats1c" or given[0].startswith("-") or given == ["."], line
                assert {word for word in given if word.startswith("-")} <= COMMANDS[name] | {"--help"}, line


def test_commands_are_looked_for_where_they_are_named():
    found = [page for page in PAGES if any("vats1c serve" in piece for piece in code(PAGES[page]))]

    assert {"README.md", "README.ru.md", "docs/commands.md"} <= set(found)


def test_the_newest_release_in_the_changelog_is_the_version_of_the_code():
    releases = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", PAGES["CHANGELOG.md"], re.MULTILINE)

    assert releases[0] == vats1c.__version__


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_named_exists(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    named = {target for piece in code(PAGES[page]) for target in re.findall(r"^make ([a-z-]+)", piece, re.MULTILINE)}
    assert named <= targets


def test_the_readme_names_the_commands_of_a_newcomer():
    pieces = [piece for piece in code(PAGES["README.md"]) if piece.startswith("make ")]

    assert [piece.partition("#")[0].strip() for piece in pieces] == ["make demo", "make test", "make lint"]


def metrics():
    """Return name as scraped → labels."""
    found = [one for one in vars(Metrics()).values() if isinstance(one, MetricWrapperBase)]
    return {one._name + ("_total" if one._type == "counter" else ""): one._labelnames for one in found}


def test_every_metric_is_on_the_page_with_its_labels_and_no_other():
    page = {row[0].strip("`"): tuple(re.findall(r"`(\w+)`", row[1])) for row in rows(section(OPERATIONS, "Metrics"))}

    assert page == metrics()
    assert {*re.findall(r"\bvats1c_\w+", OPERATIONS)} == metrics().keys()


def test_metrics_are_scraped_under_the_documented_names(live):
    scraped = live.get("/metrics").text

    for name in metrics():
        assert f"# TYPE {name} " in scraped


@pytest.mark.parametrize("address", re.findall(r"`(GET|POST) (/[^`]*)`", OPERATIONS + CONTRACT), ids="-".join)
def test_every_address_named_answers(live, address):
    from tests.support.live import say_name

    # Pages send whoever is not signed in to do so first.
    expected = {"/calls": 303, "/card": 303, "/directory": 303, "/card/events": 401}
    method, path = address
    answer = live.get(path) if method == "GET" else live.post(say_name(), path=path)
    assert answer.status == expected.get(path, 200)


def test_the_addresses_are_all_looked_at():
    assert {path for _, path in re.findall(r"`(GET|POST) (/[^`]*)`", OPERATIONS)} == {
        "/",
        "/calls",
        "/card",
        "/card/events",
        "/directory",
        "/healthz",
        "/metrics",
        "/readyz",
        "/telephony/ws/VATS",
        "/telephony/ws/VATS?wsdl",
    }


def source_of(package):
    """Return the syntax trees of a package's modules."""
    files = [file for folder in package.__path__ for file in Path(folder).rglob("*.py")]
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files if file.name not in ("__main__.py", "env.py")]


def calls(trees):
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_every_fault_is_on_the_page_with_its_code_and_status_and_no_other():
    raised = {
        (call.args[1].value, call.args[0].value, {word.arg: word.value for word in call.keywords}.get("status"))
        for call in calls([*source_of(soap), *source_of(fault_injection)])
        if getattr(call.func, "id", "") == "SoapFault"
    }
    expected = {(reason, kind, status.value if status else 500) for reason, kind, status in raised}

    page = {(row[0].strip("`"), row[1], int(row[2])) for row in rows(section(CONTRACT, "Faults"))}

    assert page == expected


def test_the_fault_shown_is_the_one_sent(live):
    from tests.support.live import say_name

    (fault,) = re.findall(r"```xml\n(.+?)\n```", section(CONTRACT, "Faults"))

    assert live.post(say_name(), authorization=None).text == fault


def test_the_document_of_the_later_sayname_is_the_one_sent(live):
    from tests.support.live import say_name

    (document,) = re.findall(r"```xml\n(.+?)```", section(CONTRACT, "Operations"), re.DOTALL)

    assert live.post(say_name(parameter="Number")).returned == document


def test_the_limits_are_the_documented_ones():
    from vats1c.config import LimitsTable
    from vats1c.database import schema
    from vats1c.soap import parser

    page = {row[0]: int(re.sub(r"\D", "", row[1].partition("(")[0])) for row in rows(section(CONTRACT, "Limits"))}

    assert page == {
        "body": LimitsTable().body,
        "elements in the envelope": parser._MAX_ELEMENTS,
        "attributes of one element": parser._MAX_ATTRIBUTES,
        "namespace declarations in the envelope": parser._MAX_NAMESPACES,
        "time for the header": LimitsTable().header_timeout,
        "time for the body": LimitsTable().body_timeout,
        "number kept in the journal": schema.MAX_NUMBER_CHARS,
        "key kept in the journal": schema.MAX_KEY_CHARS,
    }


def test_what_is_said_of_a_removed_journal_is_so():
    said = section(OPERATIONS, "Journal").partition("### When its file is removed or replaced")[2]

    assert ("for two seconds" in said, file_guard._SETTLE_S) == (True, 2.0)
    assert f"{carried._GAP:,} further" in said
    assert ("a tenth of a second" in said, watcher._POLL_INTERVAL_S) == (True, 0.1)


def test_the_realm_is_the_documented_one(live):
    realm = live.post("", authorization=None).headers["www-authenticate"]

    assert f"`WWW-Authenticate: {realm}`" in CONTRACT


def test_every_event_in_the_log_is_on_the_page_with_its_level_and_no_other():
    levels = {"info": "info", "warning": "warning", "error": "error", "exception": "error"}
    packages = [vats1c, *(importlib.import_module(f"vats1c.{one.name}") for one in rooms() if one.ispkg)]
    logged = {
        (call.args[0].value, levels[call.func.attr])
        for call in calls([tree for package in packages for tree in source_of(package)])
        if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "log"
    }

    assert {(row[0].strip("`"), row[1]) for row in rows(section(OPERATIONS, "Logs"))} == logged


def rooms():
    return [one for one in pkgutil.iter_modules(vats1c.__path__) if one.name != "__main__"]


def test_every_room_is_on_the_page_and_no_other():
    page = [row[0].strip("`") for row in rows(section(PAGES["docs/architecture.md"], "Rooms"))]

    assert sorted(page) == sorted(f"vats1c.{one.name}" for one in rooms())


def test_every_module_named_in_the_architecture_exists():
    named = set(re.findall(r"`([\w/]+)\.py`", PAGES["docs/architecture.md"]))

    assert named
    for name in named:
        assert importlib.import_module(f"vats1c.{name.replace('/', '.')}")


@pytest.mark.parametrize("page", PAGES)
def test_every_path_of_the_sources_named_in_a_document_exists(page):
    named = set(re.findall(r"`((?:src|tests|examples|bench|wsdl|docs)/[\w./-]+)`", PAGES[page]))

    if not (ROOT / "src").exists():
        # The tests of a wheel run without the sources beside them.
        named = {path for path in named if path.startswith(("bench/", "docs/", "examples/"))}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_columns_of_a_csv_directory_are_the_documented_ones():
    page = {
        row[0].strip("`"): (row[0].strip("`"), *re.findall(r"`([^`]+)`", row[1]))
        for row in rows(section(PAGES["docs/directories.md"], "`csv`"))
    }

    assert page == COLUMNS


@pytest.fixture(scope="module")
def shown(start, tmp_path_factory):
    """Start a service whose directory is the one on the page."""
    file = tmp_path_factory.mktemp("shown") / "callers.csv"
    page = PAGES["docs/directories.md"]
    file.write_text(re.search(r"```csv\n(.+?)```", page, re.DOTALL)[1], encoding="utf-8")
    return start(env={"VATS1C_DIRECTORIES": json.dumps([{"name": "x", "type": "csv", "path": str(file)}])})


@pytest.mark.parametrize(
    ("number", "name", "category", "manager"),
    [
        ("89235292926", "VIP:Ренессанс Капитал", "0", "244"),
        ("84957771234", "Рога & Копыта", "1", "245"),
        ("83912746614", "Рога & Копыта", "1", "245"),
        ("89161234567", "Смирнова Ольга / Смирнов Пётр", "", ""),
    ],
)
def test_the_callers_shown_are_answered_as_said(shown, number, name, category, manager):
    from tests.support.live import say_name

    document = etree.fromstring(shown.post(say_name(number, parameter="Number")).returned.encode())

    assert [document.findtext(path) for path in ("title", "category", "manager/phone")] == [name, category, manager]


def test_the_kinds_of_a_match_are_the_documented_ones():
    page = {row[0].replace(" ", "_") for row in rows(section(PAGES["docs/directories.md"], "How numbers match"))}

    assert page == {one.value for one in Confidence}


def test_the_spellings_said_to_be_one_number_are_one_number():
    sentence = re.search(r"So\n(.+?) are one number", PAGES["docs/directories.md"], re.DOTALL)[1]
    spellings = re.findall(r"`([^`]+)`", sentence)

    assert len(spellings) == 4
    assert {identify(one).canonical for one in spellings} == {"+79235292926"}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_project_leads_somewhere(page):
    def anchors(text):
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-") for one in headings}

    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_page_is_in_the_index():
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", PAGES["docs/README.md"]))

    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}


def test_the_words_that_the_glossary_rules_out_are_not_used():
    ruled_out = [word for row in rows(PAGES["docs/glossary.md"]) for word in re.findall(r"`(\w+)`", row[2])]
    assert len(ruled_out) > 3

    for page, text in PAGES.items():
        if page != "docs/glossary.md":
            found = [word for word in ruled_out if re.search(rf"\b{word}s?\b", text, re.IGNORECASE)]
            assert not found, page


def test_the_glossary_tells_each_word_once():
    words = [word.strip().lower() for row in rows(PAGES["docs/glossary.md"]) for word in row[0].split(",")]

    assert len(words) == len(set(words))
    assert {"caller", "call", "subscriber"} <= set(words)


@pytest.mark.parametrize("page", PAGES)
def test_nothing_in_a_document_is_true_on_one_machine_only(page):
    assert not re.search(r"/(work|root|home|Users|tmp)/|[A-Z]:\\\\", PAGES[page])


def test_the_limits_of_the_server_are_the_documented_ones():
    from vats1c import http
    from vats1c.server import http_server, parsing, stream_writer

    assert (parsing._MAX_HEADERS, parsing._MAX_HEAD_BYTES) == (100, 64 * 1024)
    assert http.MAX_DISCARDED_BYTES == stream_writer._MAX_UNSENT_BYTES == 1024 * 1024
    assert http_server._STOP_GRACE_S == 5
    for sentence in ("up to 1 MiB", "when 1 MiB waits for it", "within `limits.body_timeout` and five seconds"):
        assert sentence in OPERATIONS
    assert "more than 100 headers, or headers longer than 64 KiB" in CONTRACT


def test_every_outcome_of_a_lookup_is_on_the_page_and_in_the_metrics_help():
    from vats1c.directory.resilience import LookupOutcome

    (line,) = [line for line in OPERATIONS.splitlines() if line.startswith("| `vats1c_lookups_total`")]
    (help_text,) = [line for line in Metrics().text().decode().splitlines() if line.startswith("# HELP vats1c_lookups")]
    assert [outcome for outcome in LookupOutcome if f"`{outcome.value}`" not in line] == []
    assert [outcome for outcome in LookupOutcome if outcome.value not in help_text] == []


def test_no_public_class_name_stands_twice_in_the_source():
    """A protocol may have the name of the class that fulfils it elsewhere; none needs it now."""
    names = [
        node.name
        for file in Path(vats1c.__file__).parent.rglob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]

    assert sorted({name for name in names if names.count(name) > 1}) == []


# Turns of phrase that hide a noun or a standard term: a stranger has to read them twice.
ODD_TURNS = re.compile(
    r"\b(whoever|somebody|nobody|so many|of no use|is another than|let go of|what (?:is|was) (?:said|told|given|kept|asked)"
    r"|told)\b",
    re.IGNORECASE,
)
# "Have the window close" for "Close the window".
CAUSATIVE = re.compile(r"(?:^|[.:] )Have (?:the|an?|all|it|them) ")


def prose():
    """Yield place and text of every comment and docstring of the package."""
    for file in sorted(Path(vats1c.__file__).parent.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield f"{file.name}:{token.start[0]}", token.string
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{file.name}:{getattr(node, 'lineno', 1)}", ast.get_docstring(node) or ""


def test_no_comment_or_docstring_hides_a_noun_behind_an_odd_turn():
    assert [f"{place}: {text}" for place, text in prose() if ODD_TURNS.search(text) or CAUSATIVE.search(text)] == []
