"""The parts of the room, each by itself: what is bounded is, and what is written survives what it should."""

import json
import threading
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from vats1c.directory import DirectoryError
from vats1c.directory.chain import LookupResult, SourceAnswer
from vats1c.directory.resilience import LookupAnswer, LookupOutcome
from vats1c.directory.soap_answers import OneCReply
from vats1c.model import Caller, Match, Ringing
from vats1c.number import identify
from vats1c.upstream import Differences, Recording
from vats1c.upstream.background import Worker
from vats1c.upstream.differences import AnswerDifference, SideAnswer
from vats1c.upstream.forwarding import ForwardingRecorder
from vats1c.upstream.shadow import ComparisonPolicy, ShadowLookup

BODY = b'<soap:Envelope xmlns:soap="x"><soap:Body><m:SayNameResponse><m:return>%s</m:return></m:SayNameResponse>'
NUMBER = "+79235292926"


def heard(name="", *, body=None, error=None, elapsed=0.01, **words):
    answer = BODY % name.encode() if body is None else body
    match = Match.of([Caller(name, **words)]) if name and not error else None
    return OneCReply(b"<request/>", elapsed, 200, "text/xml", answer, match, error)


class TestBackground:
    def test_what_was_put_is_done_before_the_end(self):
        done = []
        background = Worker("x", done.append)
        for item in range(100):
            assert background.submit(item)
        background.close()

        assert done == list(range(100))
        assert not background.submit(100)

    def test_what_does_not_fit_is_refused_at_once(self):
        gate, begun = threading.Event(), threading.Event()

        def work(_item):
            begun.set()
            gate.wait(20)

        background = Worker("x", work, most=2)
        assert background.submit(1)
        begun.wait(20)
        taken = [background.submit(item) for item in range(5)]
        gate.set()
        background.close()

        assert taken == [True, True, False, False, False]

    def test_a_failure_does_not_end_the_work(self):
        done = []

        def work(item):
            done.append(item)
            raise ValueError(item)

        background = Worker("x", work)
        background.submit(1)
        background.submit(2)
        background.close()

        assert done == [1, 2]

    def test_it_may_be_closed_twice_and_without_a_start(self):
        background = Worker("x", print)
        background.close()
        background.close()


@pytest.fixture
def recording(tmp_path):
    """Write answers down, each in a recording opened anew or in the one given; return the two files' lines."""

    def written(*answers, folder=tmp_path / "recorded", own=None, **bounds):
        target = own or Recording(folder, **bounds)
        for number, what in answers:
            target.note("SayName", number, what)
        target.close()
        return tuple(
            (folder / name).read_text(encoding="utf-8").splitlines() if (folder / name).exists() else []
            for name in ("callers.csv", "exchanges.jsonl")
        )

    return written


class TestRecording:
    def test_the_last_answer_of_a_number_counts_and_what_is_said_again_is_not_written(self, recording):
        callers, exchanges = recording(
            (NUMBER, heard("Иванов")), (NUMBER, heard("Иванов")), (NUMBER, heard("Петров", category="1", manager="244"))
        )

        assert callers == ["number;name;category;manager", f"{NUMBER};Петров;1;244"]
        assert len(exchanges) == 2

    def test_a_restart_knows_what_is_there(self, recording):
        recording((NUMBER, heard("Иванов")))
        callers, exchanges = recording((NUMBER, heard("Иванов")), ("+79990000000", heard("Другой")))

        assert callers[1:] == [f"{NUMBER};Иванов;;", "+79990000000;Другой;;"]
        assert len(exchanges) == 2

    def test_who_is_unknown_by_now_is_no_caller_any_more(self, recording):
        callers, exchanges = recording((NUMBER, heard("Иванов")), (NUMBER, heard()))

        assert callers == ["number;name;category;manager"]
        assert [json.loads(line)["outcome"] for line in exchanges] == ["found", "unknown"]

    def test_an_answer_of_no_use_is_kept_and_changes_no_caller(self, recording):
        refused = heard(body=b"<html>\xff</html>", error=DirectoryError("нет", "no"))
        callers, exchanges = recording((NUMBER, heard("Иванов")), (NUMBER, refused))

        assert callers[1:] == [f"{NUMBER};Иванов;;"]
        assert json.loads(exchanges[1])["answer_base64"] == "PGh0bWw+/zwvaHRtbD4="

    def test_no_answer_is_none_to_keep(self, recording):
        gone = OneCReply(b"<request/>", 1.0, error=DirectoryError("нет", "no"))

        assert recording((NUMBER, gone)) == ([], [])

    def test_a_line_that_a_power_cut_left_half_of_is_passed_over(self, recording, tmp_path):
        recording((NUMBER, heard("Иванов")))
        for name in ("callers.csv", "exchanges.jsonl"):
            with (tmp_path / "recorded" / name).open("ab") as file:
                file.write("+79990000001;Ренес".encode())
        callers, exchanges = recording(("+79990000000", heard("Другой")))

        assert callers[1:] == [f"{NUMBER};Иванов;;", "+79990000000;Другой;;"]
        assert json.loads(exchanges[-1])["number"] == "+79990000000"

    def test_two_processes_write_to_one_folder(self, recording, tmp_path):
        first, second = Recording(tmp_path / "recorded"), Recording(tmp_path / "recorded")
        first.note("SayName", NUMBER, heard("Иванов"))
        first._background.close()
        second.note("SayName", NUMBER, heard("Петров"))
        callers, exchanges = recording(own=second)

        assert callers[1:] == [f"{NUMBER};Петров;;"]
        assert len(exchanges) == 2

    def test_it_is_bounded(self, recording):
        many = [(f"+7923529{number:04}", heard(f"Имя {number}")) for number in range(20)]
        callers, exchanges = recording(*many, most_callers=5, most_bytes=2_000)

        assert len(callers) == 6
        assert 0 < len("\n".join(exchanges).encode()) <= 2_000

    def test_a_name_of_several_lines_stays_one_row(self, recording):
        callers, _ = recording((NUMBER, heard('ООО\n"Юг";\tСтрой')))

        assert callers[1:] == [f'{NUMBER};"ООО ""Юг""; Строй";;']

    def test_a_folder_that_cannot_be_written_fails_nobody(self, recording, tmp_path):
        (tmp_path / "recorded").write_text("a file", encoding="utf-8")
        own = Recording(tmp_path / "recorded")
        own.note("SayName", NUMBER, heard("Иванов"))
        own.close()


class Answering:
    """Directories that know what they are given."""

    def __init__(self, **callers):
        self.caller = Caller(**callers) if callers else None

    def find(self, number):
        return Match.of([self.caller] if self.caller else [])

    def find_cached(self, number):
        return self.find(number), True

    def look_up(self, number, *, everybody=False):
        match = self.find(number)
        said = SourceAnswer("ours", LookupAnswer(LookupOutcome.FOUND if match else LookupOutcome.UNKNOWN, match))
        return LookupResult((said,), said if match else None)


class Real:
    name = "upstream"

    def __init__(self, answer):
        self.answer = answer

    def ask(self, number):
        return self.answer


@pytest.fixture
def shadowed(tmp_path):
    """Ask once; return the outcome that was counted and what was written down of it."""

    def asked(ours, theirs, *, document=False, most=1_000):
        counted, differences = [], Differences(tmp_path, "telephony")
        measure = ComparisonPolicy(lambda caller: caller.name if caller else "", document, 0.8)
        shadow = ShadowLookup(
            "telephony", ours, Real(theirs), measure, differences=differences, count=counted.append, most=most
        )
        shadow.look_up(identify("89235292926"))
        shadow.close()
        (outcome,) = counted
        return outcome.value, [one["differs"] for one in differences.last()]

    return asked


DOCUMENT = BODY % "&lt;data&gt;&lt;title&gt;А&lt;/title&gt;&lt;/data&gt;".encode()


@pytest.mark.parametrize(
    ("ours", "theirs", "document", "expected"),
    [
        (Answering(name="А"), heard("А"), False, ("same", [])),
        (Answering(), heard(), False, ("same", [])),
        (Answering(name=" А  Б "), heard("А Б"), False, ("same", [])),
        (Answering(name="А"), heard("Б"), False, ("name", [["name"]])),
        (Answering(name="А"), heard(), False, ("name", [["name"]])),
        (Answering(), heard("Б"), False, ("name", [["name"]])),
        (Answering(name="А"), heard("А", elapsed=0.9), False, ("slower", [["time"]])),
        (Answering(name="А", manager="244"), heard("А", manager="245"), False, ("same", [])),
        (Answering(name="А", manager="1"), heard("А", manager="2", body=DOCUMENT), True, ("shape", [["manager"]])),
        (Answering(name="А", manager="Анна"), heard("А", body=DOCUMENT), True, ("same", [])),
        (Answering(name="А", manager="доб. 1"), heard("А", manager="1", body=DOCUMENT), True, ("same", [])),
        (Answering(name="А", category="1"), heard("А", body=DOCUMENT), True, ("shape", [["category"]])),
        (Answering(name="А"), heard("А"), True, ("shape", [["form"]])),
        (Answering(name="А"), heard("А", body=DOCUMENT), False, ("shape", [["form"]])),
        (Answering(name="А"), heard("А", body=b"<S:Envelope>"), False, ("shape", [["prefixes"]])),
        (Answering(name="А"), heard(error=DirectoryError("нет", "no")), False, ("failed", [[]])),
        (Answering(name="А"), OneCReply(b"", 1.0, error=DirectoryError("нет", "no")), False, ("failed", [])),
    ],
)
def test_an_answer_is_compared(shadowed, ours, theirs, document, expected):
    assert shadowed(ours, theirs, document=document) == expected


def difference(number=NUMBER, name="Б", outcome="name"):
    return AnswerDifference("2026-01-01T00:00:00+00:00", number, outcome, SideAnswer("А"), SideAnswer(name), ["name"])


class TestDifferences:
    def test_one_and_the_same_is_written_once_and_another_again(self, tmp_path):
        file = Differences(tmp_path, "telephony")

        assert [file.add(difference(name=name)) for name in ("Б", "Б", "В", "Б")] == [True, False, True, True]
        assert [one["theirs"]["name"] for one in file.last()] == ["Б", "В", "Б"]

    def test_the_older_half_goes_when_there_are_too_many(self, tmp_path):
        file = Differences(tmp_path, "telephony", most_bytes=4_000)
        for number in range(200):
            file.add(difference(f"+7923529{number:04}"))

        assert file.path.stat().st_size < 5_000
        assert file.last(1)[0]["number"] == "+79235290199"

    def test_a_broken_line_is_passed_over(self, tmp_path):
        file = Differences(tmp_path, "telephony")
        file.add(difference())
        with file.path.open("ab") as out:
            out.write(b'{"at": "2026\n[]\n')

        assert [one["number"] for one in file.last()] == [NUMBER]

    def test_a_number_is_erased(self, tmp_path):
        file = Differences(tmp_path, "telephony")
        file.add(difference())
        file.add(difference("+79990000000"))

        assert (file.erase(NUMBER), file.erase(NUMBER)) == (1, 0)
        assert [one["number"] for one in file.last()] == ["+79990000000"]


class Record:
    def __init__(self, error=None):
        self.error = error

    def record(self, ringing):
        recorded = Future()
        if self.error:
            recorded.set_exception(self.error)
        else:
            recorded.set_result("written")
        return recorded

    def set_caller(self, call_id, caller, confidence):
        self.named = call_id


def ringing():
    return Ringing("telephony", datetime.now(UTC), "89235292926", NUMBER, "external", "the-key")


class TestForwarding:
    def test_a_call_that_could_not_be_written_down_is_not_passed_on(self):
        told = []
        forwarding = ForwardingRecorder(
            Record(OSError("disk full")), lambda *given: told.append(given), lambda *_: None
        )
        with pytest.raises(OSError, match="disk full"):
            forwarding.record(ringing()).result()
        forwarding.close()

        assert told == []

    def test_a_call_is_passed_on_as_it_came(self):
        told, heard_of, counted = [], [], []

        def ring(*given):
            told.append(given)
            return heard()

        forwarding = ForwardingRecorder(Record(), ring, lambda number, _heard: heard_of.append(number), counted.append)

        assert forwarding.record(ringing()).result() == "written"
        forwarding.close()
        assert (told, heard_of, counted) == ([("89235292926", "the-key")], [NUMBER], ["taken"])

    def test_a_call_that_waited_too_long_is_dropped(self):
        told, counted = [], []
        forwarding = ForwardingRecorder(Record(), lambda *given: told.append(given), lambda *_: None, counted.append)
        forwarding._forward((ringing(), -1_000.0))

        assert (told, counted) == ([], ["dropped"])
