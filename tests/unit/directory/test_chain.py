"""Several directories answer as one, and a broken one never breaks the call."""

from vats1c.directory import State
from vats1c.directory.chain import Chain
from vats1c.metrics import Metrics
from vats1c.model import Caller, Match
from vats1c.number import identify

NUMBER = identify("89235292926")


class Knowing:
    """A directory that always gives the same answer."""

    nonblocking = True

    def __init__(self, name, caller):
        self.name = name
        self.caller = caller
        self.closed = False

    def find(self, number):
        return Match.of([self.caller] if self.caller else [])

    def state(self):
        return State(ready=True)

    def close(self):
        self.closed = True


class Broken(Knowing):
    """A directory that fails when it is asked."""

    def find(self, number):
        raise RuntimeError("the disk is gone")


def outcomes(metrics):
    return {
        (sample.labels["directory"], sample.labels["outcome"]): sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "vats1c_lookups_total" and sample.value
    }


def test_the_first_that_knows_the_caller_answers():
    chain = Chain("telephony", [Knowing("a", None), Knowing("b", Caller("Б")), Knowing("c", Caller("В"))], Metrics())

    assert chain.find(NUMBER).caller == Caller("Б")


def test_nobody_knows_an_unknown_caller():
    assert Chain("telephony", [Knowing("a", None)], Metrics()).find(NUMBER) is None
    assert Chain("telephony", [], Metrics()).find(NUMBER) is None


def test_a_broken_directory_is_passed_over_and_counted():
    metrics = Metrics()

    assert Chain("telephony", [Broken("a", None), Knowing("b", Caller("Б"))], metrics).find(NUMBER).caller == Caller(
        "Б"
    )
    assert outcomes(metrics) == {("telephony/a", "failed"): 1, ("telephony/b", "found"): 1}


def test_closing_the_chain_closes_every_directory():
    directories = [Knowing("a", None), Knowing("b", None)]

    Chain("telephony", directories, Metrics()).close()

    assert all(directory.closed for directory in directories)
