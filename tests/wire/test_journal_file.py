"""The journal's files are removed, moved, replaced or cut short under load: no call is answered 1 into nothing."""

import http.client
import itertools
import os
import shutil
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from tests.support.live import AUTHORIZATION, PATH, incoming_call
from tests.support.office import PEOPLE, SOAP_USER, Office
from tests.support.waiting import until

HEADERS = {"Content-Type": "text/xml", "Authorization": AUTHORIZATION}
SENDERS = 6
FILE = "vats1c.sqlite"


class Storm:
    """Senders that report calls one after another, each with a key of its own, until they are stopped."""

    def __init__(self, live):
        self.live = live
        self.acknowledged, self.refused = [], []
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    def _send(self, sender):
        with closing(http.client.HTTPConnection("127.0.0.1", self.live.port, timeout=30)) as connection:
            for number in itertools.count():
                if self._stopped.is_set():
                    return
                key, begun = f"{sender}-{number}", time.monotonic()
                connection.request("POST", PATH, incoming_call(f"8900{sender}{number:06}", key).encode(), HEADERS)
                answer = connection.getresponse()
                body = answer.read()
                if b">1</m:return>" in body:
                    self.acknowledged.append((begun, key))
                else:
                    assert (answer.status, b"<soap:Fault>" in body) == (500, True), body
                    self.refused.append(key)

    def since(self, moment):
        """Return the keys of the acknowledged calls that were sent after `moment`."""
        return {key for begun, key in self.acknowledged if begun > moment}

    def stop(self):
        self._stopped.set()
        for thread in self._threads:
            thread.join()


def remove(folder, *suffixes):
    for suffix in suffixes:
        (folder / f"{FILE}{suffix}").unlink(missing_ok=True)


def remove_all(folder, _backup):
    remove(folder, "", "-wal", "-shm")


def remove_all_slowly(folder, _backup):
    for suffix in ("-wal", "-shm", ""):
        remove(folder, suffix)
        time.sleep(0.03)


def remove_database_alone(folder, _backup):
    remove(folder, "")


def move_database(folder, _backup):
    (folder / FILE).rename(folder / "moved.sqlite")


def move_all(folder, _backup):
    for suffix in ("", "-wal", "-shm"):
        (folder / f"{FILE}{suffix}").rename(folder / f"moved.sqlite{suffix}")


def remove_folder(folder, _backup):
    # A file may be made in it meanwhile.
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def restore_by_rename(folder, backup):
    backup.replace(folder / FILE)


def restore_without_log(folder, backup):
    backup.replace(folder / FILE)
    remove(folder, "-wal", "-shm")


def restore_slowly(folder, backup):
    remove(folder, "", "-wal", "-shm")
    time.sleep(0.5)
    shutil.copyfile(backup, folder / FILE)


def remove_log(folder, _backup):
    remove(folder, "-wal")


def remove_index(folder, _backup):
    remove(folder, "-shm")


def remove_log_and_index(folder, _backup):
    remove(folder, "-wal", "-shm")


def empty_database(folder, _backup):
    os.truncate(folder / FILE, 0)


def cut_database(folder, _backup):
    os.truncate(folder / FILE, 5_000)


# What stays whole: nothing that was acknowledged before may be lost.
HARMLESS = [remove_log, remove_index, remove_log_and_index]
HARMFUL = [
    remove_all,
    remove_all_slowly,
    remove_database_alone,
    move_database,
    move_all,
    remove_folder,
    restore_by_rename,
    restore_without_log,
    restore_slowly,
    empty_database,
    cut_database,
]
RESTORED = {restore_by_rename, restore_without_log, restore_slowly}
# With workers, which notice one after another.
WITH_WORKERS = [remove_log_and_index, remove_all, remove_all_slowly, restore_without_log, cut_database]


@pytest.fixture(
    params=[(1, act) for act in (*HARMLESS, *HARMFUL)] + [(2, act) for act in WITH_WORKERS],
    ids=lambda given: f"{given[1].__name__} {given[0]}",
)
def incident(request):
    """How many workers there are, and what happens to the journal's files."""
    return request.param


@pytest.fixture
def act(incident):
    return incident[1]


@pytest.fixture
def live(incident, start):
    return start(extra=f"workers = {incident[0]}\n", users=SOAP_USER + PEOPLE)


@pytest.fixture
def backup(live, tmp_path):
    """A copy of the journal with one call in it, made as the documentation says."""
    live.post(incoming_call("89991112233", "in the backup"))
    copy = live.config.parent / "backup.sqlite"
    with closing(sqlite3.connect(live.config.parent / "data" / FILE)) as source, closing(sqlite3.connect(copy)) as made:
        source.backup(made)
    return copy


@pytest.mark.slow
def test_every_acknowledged_call_is_in_the_journal_that_a_restart_reads(live, backup, act):
    folder = live.config.parent / "data"
    stream = Office(live).stream("admin")
    stream.wait("hello")
    storm = Storm(live)
    try:
        until(lambda: len(storm.acknowledged) > 20)
        act(folder, backup)
        done = time.monotonic()
        until(lambda: len(storm.since(done)) > 60, seconds=60)
    finally:
        storm.stop()
    # A window that was open all the time is shown what rings now.
    live.post(incoming_call("89990000001", "the last"))
    until(lambda: any(call["received"] == "89990000001" for name, _, call in stream.events if name == "call"))
    ready = live.get("/readyz")
    assert ready.status == 200, ready.text + live.printed[-6000:]
    stream.close()
    live.kill()

    written = {call["key"] for call in live.journal()}
    acknowledged = storm.since(0 if act in HARMLESS else done)
    assert acknowledged <= written, (len(acknowledged - written), len(acknowledged))
    assert "the last" in written
    if act in RESTORED:
        assert "in the backup" in written
    assert "Traceback" not in live.printed
