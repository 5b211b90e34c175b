"""Callers of a real 1C base, copied through its standard OData interface from time to time and answered from memory.

Rule: a call never waits for 1C, and is always answered from a whole copy, the old one or the new one.
"""

import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog

from vats1c.directory import DirectoryError, State, snapshot
from vats1c.directory.http_client import SETTINGS, checked_url
from vats1c.directory.index import CallerIndex
from vats1c.directory.odata_pages import EntityPages, UnreachableError
from vats1c.directory.odata_rows import Layout
from vats1c.directory.settings_checks import refuse_no_text, refuse_unknown, seconds_of
from vats1c.model import Match
from vats1c.number import Number, NumberPlan

log = structlog.get_logger("vats1c.directory")

_TEXTS = (*SETTINGS, "password_file", "callers", "owner", "cache")
_SETTINGS = (*_TEXTS, "phones", "fields", "page", "every", "timeout")
_PAGE, _MOST_PAGE = 1_000, 10_000
_EVERY, _LONGEST_EVERY = 600.0, 86_400.0
# 1C that was idle takes more than half a minute to wake up.
_TIMEOUT, _LONGEST_TIMEOUT = 60.0, 600.0
# Before a page is asked for again, seconds.
_RETRY_DELAYS_S = (1.0, 2.0, 5.0, 10.0, 30.0)
# Before all is tried again where 1C does not answer: this, then twice as long, and so on to `every`.
_FIRST_REST = 15.0
# Fewer callers than this share of the last good copy are taken for half a base (as files.py does).
_MIN_SHARE = 0.5
# Of the callers that have a number too long to be read, so many are named in the log.
_MAX_LOGGED_KEYS = 10


class OdataDirectory:
    """Callers of one 1C base."""

    nonblocking = True
    file_settings = ("ca", "cache", "password_file")

    def __init__(
        self, name: str, settings: Mapping[str, Any], plan: NumberPlan, pauses: Sequence[float] = _RETRY_DELAYS_S
    ) -> None:
        """Answer from what was kept, and begin to copy on a thread of its own. Raises DirectoryError."""
        self.name = name
        given = _checked(settings)
        self._plan = plan
        self._layout = Layout.of(given)
        self._every = seconds_of(given, "every", _EVERY, _LONGEST_EVERY)
        self._closed = threading.Event()
        timeout = seconds_of(given, "timeout", _TIMEOUT, _LONGEST_TIMEOUT)
        self._pages = EntityPages(given, given.get("page", _PAGE), timeout, pauses, self._closed)
        self._cache = Path(given["cache"]) if "cache" in given else None
        self._source = _fingerprint(given["url"], self._layout, plan)
        self._index = self._from_snapshot()
        self._ready = self._index is not None
        self._reason = DirectoryError("база 1С ещё не прочитана", "the 1C base has not been read yet")
        self._copying = threading.Lock()
        self._copied = self._failed = 0
        self._due = time.monotonic()
        threading.Thread(target=self._run, name=f"directory {name}", daemon=True).start()

    def find(self, number: Number) -> Match | None:
        """Return the callers with this number. Raises DirectoryError until the base has been read once."""
        if self._index is None:
            raise DirectoryError(self._reason.message.ru, self._reason.message.en)
        return self._index.find(number)

    def state(self) -> State:
        """Return the number of callers; not ready while the copy is older than it should be."""
        return State(ready=self._ready, callers=None if self._index is None else len(self._index))

    def close(self) -> None:
        """Stop copying; a page that is being read is waited for by nobody."""
        self._closed.set()

    def refresh(self) -> None:
        """Copy the base now, or wait for the copy being made; keep the last good one when this one is worse."""
        copied = self._copied
        with self._copying:
            if self._copied == copied:
                self._copy()

    def _run(self) -> None:
        while not self._closed.wait(max(0.0, self._due - time.monotonic())):
            with self._copying:
                # Somebody else may have refreshed it meanwhile.
                if time.monotonic() >= self._due:
                    self._copy()
        with self._copying:
            self._pages.close()

    def _copy(self) -> None:
        if self._closed.is_set():
            return
        rest = self._every
        try:
            too_long: list[str] = []
            self._use(CallerIndex(self._layout.rows(self._pages.entries, self._plan, too_long.append)))
            self._failed = 0
            if too_long:
                log.warning(
                    "number_cells_too_long",
                    directory=self.name,
                    count=len(too_long),
                    first_keys=too_long[:_MAX_LOGGED_KEYS],
                )
        except DirectoryError as error:
            self._keep_last_good(error)
            # A login that was refused is not tried again soon: 1C locks users out.
            if isinstance(error, UnreachableError):
                rest = min(rest, _FIRST_REST * 2 ** min(self._failed, 16))
            self._failed += 1
        except Exception as error:  # a defect must not end the copying
            kind = type(error).__name__
            log.exception("directory_reader_failed", directory=self.name)
            self._keep_last_good(DirectoryError(f"ошибка чтения: {kind}", f"the reading failed: {kind}"))
        self._copied += 1
        self._due = time.monotonic() + rest

    def _use(self, index: CallerIndex) -> None:
        """Answer from `index` from now on. Raises DirectoryError when it is too small to be believed."""
        held = 0 if self._index is None else len(self._index)
        if len(index) < held * _MIN_SHARE:
            raise DirectoryError(f"абонентов {len(index)} вместо {held}", f"{len(index)} callers instead of {held}")
        self._index = index
        self._ready = True
        log.info("directory_copied", directory=self.name, callers=len(index))
        if self._cache is not None:
            try:
                snapshot.save(self._cache, self._source, index)
            except DirectoryError as error:
                log.warning("cache_unusable", directory=self.name, reason=str(error))

    def _keep_last_good(self, error: DirectoryError) -> None:
        if self._closed.is_set():
            return
        self._ready = False
        self._reason = error
        log.warning("directory_kept_last_good", directory=self.name, reason=str(error))

    def _from_snapshot(self) -> CallerIndex | None:
        if self._cache is None:
            return None
        try:
            return snapshot.load(self._cache, self._source)
        except DirectoryError as error:
            log.warning("cache_unusable", directory=self.name, reason=str(error))
            return None


def _checked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings, each of its type, the password among them. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, _TEXTS)
    if "url" not in settings:
        raise DirectoryError("нужен адрес: …/odata/standard.odata", "the URL is needed: …/odata/standard.odata", "url")
    checked_url(settings["url"])
    if "?" in settings["url"] or "#" in settings["url"]:
        raise DirectoryError("в адресе не может быть ? и #", "the URL cannot hold ? or #", "url")
    page = settings.get("page", _PAGE)
    if isinstance(page, bool) or not isinstance(page, int) or not 0 < page <= _MOST_PAGE:
        raise DirectoryError(f"нужно целое от 1 до {_MOST_PAGE}", f"must be from 1 to {_MOST_PAGE}", "page")
    return {**settings, **_password(settings)}


def _password(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the password that stands in a file. Raises DirectoryError."""
    if "password_file" not in settings:
        return {}
    if "password" in settings:
        raise DirectoryError(
            "нужно одно из двух: password или password_file",
            "either password or password_file, not both",
            "password_file",
        )
    path = Path(settings["password_file"])
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "UTF-8?"
        raise DirectoryError(
            f"файл с паролем не читается: {path}: {reason}",
            f"cannot read the password file {path}: {reason}",
            "password_file",
        ) from error
    if not password:
        raise DirectoryError(f"файл с паролем пуст: {path}", f"the password file is empty: {path}", "password_file")
    return {"password": password}


def _fingerprint(url: str, layout: Layout, plan: NumberPlan) -> str:
    """Return what tells the callers of one source, read one way, from those of any other; it does not show the URL."""
    parts = json.dumps([url, layout.callers, layout.phones, layout.owner, layout.fields, asdict(plan)], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()
