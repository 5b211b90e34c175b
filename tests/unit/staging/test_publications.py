"""Publications made on request, without a service around them."""

import pytest

from tests.support.waiting import until
from vats1c.config import StagingTable
from vats1c.database import DatabaseError
from vats1c.directory import DirectoryError
from vats1c.number import DEFAULT_PLAN, identify
from vats1c.staging.publications import Publications
from vats1c.staging.schema import StagingError


class Stage:
    """Remembers what is up."""

    def __init__(self):
        self.up = {}

    def add(self, name, own, callers, touch):
        self.up[name] = own, touch

    def remove(self, name):
        del self.up[name]


class Record:
    """A journal with one exchange, which may be broken."""

    def __init__(self, *, broken=False):
        self.broken = broken
        self.forgotten = []

    def last_exchange(self):
        return 1

    def forget(self, publication, since):
        self.forgotten.append(publication)
        if self.broken:
            raise DatabaseError("нет", "no")


@pytest.fixture
def make():
    made = []

    def one(record=None, **given):
        stage, record = Stage(), record or Record()
        made.append(Publications(StagingTable(**given), DEFAULT_PLAN, ["t-own"], stage, record))
        return made[-1], stage, record

    yield one
    for publications in made:
        publications.close()


def test_one_without_a_name_gets_one(make):
    publications, stage, _ = make()
    first, second = publications.make({}), publications.make({})

    assert first.name.startswith("t-")
    assert {first.name, second.name} == set(stage.up)
    assert first.cursor == 1
    assert first.name in publications
    assert [(user.name, user.password.get_secret_value()) for user in stage.up[first.name][0].users] == [
        ("SOAP", "123")
    ]


def test_what_cannot_be_put_up_is_not_there(make):
    publications, stage, _ = make()
    stage.add = lambda *_: (_ for _ in ()).throw(StagingError("login", "занят", "taken"))

    with pytest.raises(StagingError):
        publications.make({"name": "x"})
    assert "t-x" not in publications


def test_callers_may_be_many_and_no_more(make):
    publications, _, _ = make()
    made = publications.make({"callers": [{"number": "89235292926", "name": "Анна"}]})
    many = [{"number": f"8923{number:07}", "name": "x"} for number in range(10_000)]

    with pytest.raises(StagingError):
        publications.put(made.name, many, replace=False)
    publications.put(made.name, many, replace=True)
    with pytest.raises(DirectoryError):
        publications.put(made.name, "x", replace=True)
    assert made.callers.find(identify("89230000000")).caller.name == "x"
    assert made.callers.find(identify("89235292926")) is None


def test_one_that_nobody_uses_is_forgotten_with_its_rows(make):
    publications, stage, record = make(lives=1)
    made = publications.make({"name": "x"})

    until(lambda: record.forgotten)
    with pytest.raises(StagingError):
        publications.get("t-x")
    assert stage.up == {}
    assert record.forgotten == ["t-x"]
    assert made.name not in publications


def test_a_journal_that_cannot_forget_does_not_keep_the_next_from_expiring(make):
    publications, stage, record = make(Record(broken=True), lives=1)
    publications.make({"name": "a"})
    publications.make({"name": "b"})
    until(lambda: len(record.forgotten) == 2)

    assert sorted(record.forgotten) == ["t-a", "t-b"]
    assert stage.up == {}


def test_using_it_puts_its_end_off(make):
    publications, stage, _ = make()
    made = publications.make({})
    made.used -= 100
    before = publications.expires(made)
    stage.up[made.name][1]()

    assert publications.expires(made) > before
