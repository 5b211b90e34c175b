"""The directory passes the suite of vats1c and reports the broken line of its file."""

import json

import pytest
from vats1c_jsonlines import JsonLinesDirectory

from vats1c.directory import DirectoryError
from vats1c.number import DEFAULT_PLAN
from vats1c.testing import CALLERS, DirectoryContract


@pytest.fixture
def directory(tmp_path):
    path = tmp_path / "callers.jsonl"
    lines = (json.dumps({"number": number, **caller._asdict()}) for number, caller in CALLERS)
    path.write_text("\n".join(lines), encoding="utf-8")
    return JsonLinesDirectory("example", {"path": str(path)}, DEFAULT_PLAN)


class TestJsonLines(DirectoryContract):
    """The suite of vats1c on a file of JSON lines."""


@pytest.mark.parametrize("content", ["{", "[]", '{"name": "A"}', '{"number": 1, "name": "A"}'])
def test_a_broken_line_is_named(tmp_path, content):
    path = tmp_path / "broken.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DirectoryError, match="line 1"):
        JsonLinesDirectory("example", {"path": str(path)}, DEFAULT_PLAN)
