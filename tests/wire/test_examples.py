"""The vendor's own requests get the vendor's answers, byte for byte."""

from pathlib import Path

import pytest

from tests.support.live import PATH

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.request.xml"))


@pytest.mark.parametrize("path", [PATH, PATH + ".1cws"])
@pytest.mark.parametrize("request_file", EXAMPLES, ids=lambda file: file.name.split(".")[0])
def test_an_example_request_gets_its_example_answer_byte_for_byte(live, request_file, path):
    expected = request_file.with_name(request_file.name.replace("request", "response")).read_bytes()

    answer = live.post(request_file.read_bytes(), {"Cache-Control": "no-cache"}, path=path)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.body == expected


def test_every_example_has_been_asked():
    assert len(EXAMPLES) == 4
