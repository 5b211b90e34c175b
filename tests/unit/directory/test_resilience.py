"""A source may be slow, broken or gone: the call goes on, in time, with the best answer there is."""

import threading

import pytest
import structlog

from tests.support.waiting import until
from vats1c.directory import State
from vats1c.directory.chain import Chain
from vats1c.directory.resilience import GuardedDirectory, LookupOutcome, SourcePolicy
from vats1c.metrics import Metrics
from vats1c.model import Caller, Match
from vats1c.number import identify

NUMBER, OTHER = identify("89235292926"), identify("89135004455")
ANNA, IVAN = Match.of([Caller("Анна")]), Match.of([Caller("Иван")])
# Far more than a source here needs, far less than a test may take.
SOON, NEVER = 0.2, 30.0


class Source:
    """A source outside: says what it is told to say, when it is let."""

    nonblocking = False
    ready = True

    def __init__(self, name="source", said=ANNA, *, open_gate=True):
        self.name = name
        self.said = said
        self.asked = 0
        self.gate = threading.Event()
        if open_gate:
            self.gate.set()

    def find(self, number):
        self.asked += 1
        self.gate.wait(NEVER)
        if isinstance(self.said, Exception):
            raise self.said
        return self.said

    def state(self):
        return State(ready=self.ready)

    def close(self):
        self.gate.set()


class Memory(Source):
    """A directory that waits for nobody."""

    nonblocking = True


class Clock:
    """Time that is pushed."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


class Slow(Source):
    """A source that takes some seconds of the pushed time to answer."""

    def __init__(self, clock, seconds, said=ANNA):
        super().__init__(said=said)
        self.clock, self.seconds = clock, seconds

    def find(self, number):
        self.clock.now += self.seconds
        return super().find(number)


@pytest.fixture
def clock():
    return Clock()


def ask(guard, number=NUMBER, seconds=SOON):
    return guard.wait(number, guard.ask(number), seconds)


def landed(guard, number=NUMBER):
    """Wait until the question on its way has landed."""
    until(lambda: not guard._pending)


def test_an_answer_is_given_and_remembered(clock):
    source = Source()
    guard = GuardedDirectory(source, SourcePolicy(), clock)

    first, second = ask(guard), ask(guard)

    assert (first.outcome, first.match, first.age) == (LookupOutcome.FOUND, ANNA, None)
    assert (second.outcome, second.match, second.age, source.asked) == (LookupOutcome.FOUND, ANNA, 0.0, 1)


def test_that_nobody_was_found_is_remembered_for_a_shorter_time(clock):
    source = Source(said=None)
    guard = GuardedDirectory(source, SourcePolicy(cache_s=300, cache_unknown_s=30), clock)

    assert [ask(guard).outcome, ask(guard).outcome] == [LookupOutcome.UNKNOWN] * 2
    clock.now += 31
    ask(guard)

    assert source.asked == 2


def test_that_somebody_was_found_is_remembered_for_the_longer_time(clock):
    source = Source()
    guard = GuardedDirectory(source, SourcePolicy(cache_s=300, cache_unknown_s=30), clock)
    ask(guard)
    clock.now += 299

    assert (ask(guard).age, source.asked) == (299, 1)


def test_a_remembered_answer_can_be_had_without_asking_the_source(clock):
    source = Source()
    guard = GuardedDirectory(source, SourcePolicy(cache_s=300), clock)

    assert guard.cached(NUMBER) is None
    ask(guard)
    assert (guard.cached(NUMBER).match, guard.cached(OTHER), source.asked) == (ANNA, None, 1)
    clock.now += 301
    assert guard.cached(NUMBER) is None


def test_only_so_many_answers_are_remembered_and_the_one_not_used_for_longest_goes_first(clock, monkeypatch):
    monkeypatch.setattr("vats1c.directory.resilience._MAX_CACHED", 2)
    guard = GuardedDirectory(Source(), SourcePolicy(cache_s=300), clock)
    third = identify("89991234567")

    def remembered():
        return [number for number in (NUMBER, OTHER, third) if guard.cached(number)]

    for number in (NUMBER, OTHER):
        ask(guard, number)
    assert guard.cached(NUMBER)
    ask(guard, third)
    assert remembered() == [NUMBER, third]
    clock.now += 301
    ask(guard, NUMBER)
    ask(guard, OTHER)
    assert remembered() == [NUMBER, OTHER]


def test_an_answer_says_how_long_the_source_took(clock):
    guard = GuardedDirectory(Slow(clock, 2.0), SourcePolicy(), clock)
    failing = GuardedDirectory(Slow(clock, 3.0, OSError("gone")), SourcePolicy(), clock)
    hanging = Source(open_gate=False)

    assert (ask(guard).elapsed, ask(failing).elapsed) == (2.0, 3.0)
    assert ask(GuardedDirectory(hanging, SourcePolicy(), clock), seconds=0.01).elapsed == 0.01
    hanging.close()


def test_a_failure_without_a_text_is_told_by_its_kind(clock):
    assert ask(GuardedDirectory(Source(said=TimeoutError()), SourcePolicy(), clock)).reason == "TimeoutError"


def test_a_failure_is_logged_by_its_kind_and_not_by_its_text(clock):
    guard = GuardedDirectory(Source(said=OSError(f"{NUMBER.canonical} is gone")), SourcePolicy(), clock)
    with structlog.testing.capture_logs() as lines:
        ask(guard)

    assert lines == [
        {"event": "directory_failed", "log_level": "warning", "directory": "source", "error": "OSError"},
    ]


def test_an_answer_grows_old_and_is_asked_for_again(clock):
    source = Source()
    guard = GuardedDirectory(source, SourcePolicy(cache_s=300), clock)
    ask(guard)
    clock.now += 301
    source.said = IVAN

    assert ask(guard).match == IVAN


def test_many_calls_about_one_number_are_one_question():
    source = Source(open_gate=False)
    guard = GuardedDirectory(source, SourcePolicy())
    flights = [guard.ask(NUMBER) for _ in range(10)]
    source.gate.set()

    assert [flight.wait(5).match for flight in flights] == [ANNA] * 10
    assert source.asked == 1


def test_a_late_answer_is_not_waited_for_and_still_fills_the_cache():
    source = Source(open_gate=False)
    guard = GuardedDirectory(source, SourcePolicy())

    assert ask(guard, seconds=0.01).outcome is LookupOutcome.LATE
    source.gate.set()
    landed(guard)

    assert (ask(guard).match, source.asked) == (ANNA, 1)


def test_while_the_source_is_down_what_it_said_before_is_said_again_and_marked(clock):
    source = Source()
    guard = GuardedDirectory(source, SourcePolicy(cache_s=300, stale_s=1_000), clock)
    ask(guard)
    clock.now += 500
    source.said = OSError("gone")

    answer = ask(guard)

    assert (answer.outcome, answer.match, answer.stale, answer.age) == (LookupOutcome.FOUND, ANNA, True, 500)
    assert answer.reason == "gone"
    clock.now += 1_000
    assert ask(guard).outcome is LookupOutcome.FAILED


def test_while_the_source_is_down_an_unknown_caller_stays_unknown(clock):
    source = Source(said=None)
    guard = GuardedDirectory(source, SourcePolicy(cache_unknown_s=30), clock)
    ask(guard)
    clock.now += 31
    source.said = OSError("gone")

    answer = ask(guard)

    assert (answer.outcome, answer.match, answer.stale) == (LookupOutcome.UNKNOWN, None, True)


def test_so_many_questions_may_be_open_and_no_more():
    source = Source(open_gate=False)
    guard = GuardedDirectory(source, SourcePolicy(max_pending=3))
    for number in range(3):
        guard.ask(identify(f"8923529292{number}"))

    assert ask(guard, OTHER, 5).outcome is LookupOutcome.BUSY
    source.gate.set()
    landed(guard)
    assert ask(guard, OTHER, 5).outcome is LookupOutcome.FOUND


def test_a_source_that_keeps_failing_is_left_alone_and_then_tried_by_one_question(clock):
    source = Source(said=OSError("gone"))
    guard = GuardedDirectory(source, SourcePolicy(failures_to_open=3, open_s=10), clock)
    for _ in range(3):
        assert ask(guard).outcome is LookupOutcome.FAILED

    assert not guard.state().ready
    assert (ask(guard).outcome, source.asked) == (LookupOutcome.CIRCUIT_OPEN, 3)
    clock.now += 11
    source.gate.clear()
    probe = guard.ask(NUMBER)
    assert ask(guard, OTHER).outcome is LookupOutcome.CIRCUIT_OPEN
    source.said = ANNA
    source.gate.set()
    assert probe.wait(5).match == ANNA
    assert guard.state().ready
    assert ask(guard, OTHER).outcome is LookupOutcome.FOUND


def test_a_probe_that_fails_means_another_rest(clock):
    source = Source(said=OSError("gone"))
    guard = GuardedDirectory(source, SourcePolicy(failures_to_open=1, open_s=10), clock)
    ask(guard)
    clock.now += 11

    assert ask(guard).outcome is LookupOutcome.FAILED
    assert ask(guard).outcome is LookupOutcome.CIRCUIT_OPEN


def test_a_source_whose_probe_failed_is_tried_again_after_the_next_rest(clock):
    source = Source(said=OSError("gone"))
    guard = GuardedDirectory(source, SourcePolicy(failures_to_open=1, open_s=10), clock)
    for _ in range(3):
        assert ask(guard).outcome is LookupOutcome.FAILED
        clock.now += 11
    source.said = ANNA

    assert ask(guard).outcome is LookupOutcome.FOUND


def test_a_source_is_tried_again_after_a_probe_found_no_free_place(clock):
    source = Source(open_gate=False)
    guard = GuardedDirectory(source, SourcePolicy(max_pending=1, failures_to_open=1, open_s=10), clock)
    assert ask(guard, seconds=0.01).outcome is LookupOutcome.LATE
    clock.now += 11

    assert ask(guard, OTHER).outcome is LookupOutcome.BUSY
    source.gate.set()
    landed(guard)
    assert ask(guard, OTHER).outcome is LookupOutcome.FOUND


def test_only_failures_in_a_row_count(clock):
    source = Source()
    guard = GuardedDirectory(source, SourcePolicy(cache_s=0, failures_to_open=2), clock)
    for said in (OSError("gone"), ANNA) * 3:
        source.said = said
        clock.now += 1
        ask(guard)
        assert guard.state().ready
    source.said = OSError("gone")
    clock.now += 1
    ask(guard)
    ask(guard)

    assert not guard.state().ready


def test_a_source_that_is_always_late_is_left_alone_though_it_answers(clock):
    guard = GuardedDirectory(Slow(clock, 1.0), SourcePolicy(0.8, failures_to_open=2), clock)

    assert [ask(guard, number).outcome for number in (NUMBER, OTHER)] == [LookupOutcome.FOUND] * 2
    assert not guard.state().ready


def test_a_source_that_is_not_ready_itself_is_not_ready(clock):
    source = Source()
    source.ready = False

    assert not GuardedDirectory(source, SourcePolicy(), clock).state().ready


def test_closing_the_guard_closes_the_source(clock):
    source = Source(open_gate=False)
    GuardedDirectory(source, SourcePolicy(), clock).close()

    assert source.gate.is_set()


def test_a_source_that_hangs_does_not_keep_the_process_from_ending():
    source = Source("hanging", open_gate=False)
    GuardedDirectory(source, SourcePolicy()).ask(NUMBER)

    assert [thread.daemon for thread in threading.enumerate() if thread.name == "ask hanging"] == [True]
    source.close()


def test_a_source_that_hangs_is_left_alone_too():
    source = Source(open_gate=False)
    guard = GuardedDirectory(source, SourcePolicy(failures_to_open=2))
    for number in range(2):
        ask(guard, identify(f"8923529292{number}"), 0.01)

    assert ask(guard, OTHER).outcome is LookupOutcome.CIRCUIT_OPEN
    source.close()


def test_a_late_lookup_is_one_failure_however_many_calls_wait_for_it(clock):
    source = Source(open_gate=False)
    guard = GuardedDirectory(source, SourcePolicy(failures_to_open=2), clock)

    assert [ask(guard, seconds=0.01).outcome for _ in range(5)] == [LookupOutcome.LATE] * 5
    assert guard.state().ready
    clock.now += 60
    source.gate.set()
    landed(guard)

    assert guard.state().ready


def chain(*directories, deadline=SOON, **patience):
    return Chain("telephony", directories, Metrics(), deadline, [SourcePolicy(deadline, **patience)] * len(directories))


def test_the_higher_directory_decides_even_when_it_is_slower():
    high, low = Source("high", ANNA, open_gate=False), Source("low", IVAN)
    threading.Timer(0.05, high.gate.set).start()

    assert chain(high, low, deadline=5).find(NUMBER) == ANNA


def test_a_higher_directory_that_is_too_slow_yields_to_the_best_answer_so_far():
    high, low = Source("high", ANNA, open_gate=False), Source("low", IVAN)

    assert chain(high, low, deadline=0.05).find(NUMBER) == IVAN
    high.close()


def test_when_nobody_answers_in_time_nobody_was_found():
    sources = [Source(str(number), open_gate=False) for number in range(3)]

    assert chain(*sources, deadline=0.05).find(NUMBER) is None
    assert [source.asked for source in sources] == [1, 1, 1]
    for source in sources:
        source.close()


def test_a_directory_in_memory_above_the_others_is_enough():
    memory, source = Memory("memory", ANNA), Source("source", IVAN)

    assert chain(memory, source).find(NUMBER) == ANNA
    assert source.asked == 0


def test_nobody_is_asked_twice_about_one_call():
    memory, source = Memory("memory", None), Source("source", IVAN)

    assert chain(memory, source).find(NUMBER) == IVAN
    assert (memory.asked, source.asked) == (1, 1)


def test_a_directory_in_memory_below_is_the_best_answer_when_the_source_is_gone():
    assert chain(Source("source", OSError("gone")), Memory("memory", IVAN)).find(NUMBER) == IVAN


def test_a_directory_of_its_own_deadline_is_waited_for_no_longer():
    slow, low = Source("slow", ANNA, open_gate=False), Source("low", IVAN)
    made = Chain("telephony", [slow, low], Metrics(), 20.0, [SourcePolicy(0.05), SourcePolicy(20.0)])

    assert made.find(NUMBER) == IVAN
    slow.close()


def test_everybody_can_be_asked_to_explain():
    made = chain(Source("a", None), Source("b", ANNA), Source("c", OSError("gone")), Memory("d", IVAN))

    lookup = made.look_up(NUMBER, everybody=True)

    assert [(said.directory, said.answer.outcome) for said in lookup.answers] == [
        ("a", LookupOutcome.UNKNOWN),
        ("b", LookupOutcome.FOUND),
        ("c", LookupOutcome.FAILED),
        ("d", LookupOutcome.FOUND),
    ]
    assert lookup.decided.directory == "b"
    assert lookup.match == ANNA


def test_a_hanging_source_does_not_use_up_the_threads():
    source = Source(open_gate=False)
    made = chain(source, deadline=0.01, max_pending=4, failures_to_open=1_000)
    before = threading.active_count()

    for number in range(50):
        assert made.find(identify(f"89235292{number:03}")) is None

    assert threading.active_count() - before <= 4
    source.close()
