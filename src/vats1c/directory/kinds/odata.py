"""Callers copied periodically from a 1C base through its standard OData interface, and looked up in memory.

Rule: a lookup never waits for 1C, and sees one complete copy, the old copy or the new one.
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
_PAGE, _MAX_PAGE = 1_000, 10_000
_EVERY_S, _MAX_EVERY_S = 600.0, 86_400.0
# An idle 1C base takes more than 30 s to answer its first request.
_TIMEOUT_S, _MAX_TIMEOUT_S = 60.0, 600.0
# Delays before the retries of a page.
_RETRY_DELAYS_S = (1.0, 2.0, 5.0, 10.0, 30.0)
# Delay before the next copy when 1C does not answer, doubled after each failure up to the setting `every`.
_FIRST_BACKOFF_S = 15.0
# A new copy with less than this share of the last good callers is rejected as incomplete (as in files.py).
_MIN_SHARE = 0.5
# Callers with an overlong number cell are logged by key, at most this many.
_MAX_LOGGED_KEYS = 10


class OdataDirectory:
    """The callers of one 1C base."""

    nonblocking = True
    file_settings = ("ca", "cache", "password_file")

    def __init__(
        self, name: str, settings: Mapping[str, Any], plan: NumberPlan, pauses: Sequence[float] = _RETRY_DELAYS_S
    ) -> None:
        """Load the snapshot and start the thread that copies the base. Raises DirectoryError for wrong settings.

        `pauses` are the delays before the retries of a page, seconds.
        """
        self.name = name
        checked = _checked(settings)
        self._plan = plan
        self._layout = Layout.of(checked)
        self._every = seconds_of(checked, "every", _EVERY_S, _MAX_EVERY_S)
        self._closed = threading.Event()
        timeout = seconds_of(checked, "timeout", _TIMEOUT_S, _MAX_TIMEOUT_S)
        self._pages = EntityPages(checked, checked.get("page", _PAGE), timeout, pauses, self._closed)
        self._cache = Path(checked["cache"]) if "cache" in checked else None
        self._source = _fingerprint(checked["url"], self._layout, plan)
        self._index = self._from_snapshot()
        self._ready = self._index is not None
        self._reason = DirectoryError("база 1С ещё не прочитана", "the 1C base has not been read yet")
        self._copy_lock = threading.Lock()
        self._copies = self._failures = 0
        self._next_at = time.monotonic()
        threading.Thread(target=self._run, name=f"directory {name}", daemon=True).start()

    def find(self, number: Number) -> Match | None:
        """Return the match for `number`. Raises DirectoryError until there is a first copy or a snapshot."""
        if self._index is None:
            raise DirectoryError(self._reason.message.ru, self._reason.message.en)
        return self._index.find(number)

    def state(self) -> State:
        """Return the number of callers; not ready without callers, and after a failed copy."""
        return State(ready=self._ready, callers=None if self._index is None else len(self._index))

    def close(self) -> None:
        """Stop copying without waiting for the current page."""
        self._closed.set()

    def refresh(self) -> None:
        """Copy the base now, or wait for a running copy; keep the last good callers if it fails or is incomplete."""
        copies_before = self._copies
        with self._copy_lock:
            if self._copies == copies_before:
                self._copy()

    def _run(self) -> None:
        while not self._closed.wait(max(0.0, self._next_at - time.monotonic())):
            with self._copy_lock:
                # refresh() may have copied the base while this thread waited for the lock.
                if time.monotonic() >= self._next_at:
                    self._copy()
        with self._copy_lock:
            self._pages.close()

    def _copy(self) -> None:
        if self._closed.is_set():
            return
        delay_s = self._every
        try:
            too_long: list[str] = []
            self._use(CallerIndex(self._layout.rows(self._pages.entries, self._plan, too_long.append)))
            self._failures = 0
            if too_long:
                log.warning(
                    "number_cells_too_long",
                    directory=self.name,
                    count=len(too_long),
                    first_keys=too_long[:_MAX_LOGGED_KEYS],
                )
        except DirectoryError as error:
            self._keep_last_good(error)
            # After other errors the next copy waits for the full interval: 1C locks a user after repeated refusals.
            if isinstance(error, UnreachableError):
                delay_s = min(delay_s, _FIRST_BACKOFF_S * 2 ** min(self._failures, 16))
            self._failures += 1
        except Exception as error:  # a defect must not end the copying thread
            kind = type(error).__name__
            log.exception("directory_reader_failed", directory=self.name)
            self._keep_last_good(DirectoryError(f"ошибка чтения: {kind}", f"the reading failed: {kind}"))
        self._copies += 1
        self._next_at = time.monotonic() + delay_s

    def _use(self, index: CallerIndex) -> None:
        """Use `index` for lookups and save it to the snapshot. Raises DirectoryError when `index` is incomplete."""
        count = 0 if self._index is None else len(self._index)
        if len(index) < count * _MIN_SHARE:
            raise DirectoryError(f"абонентов {len(index)} вместо {count}", f"{len(index)} callers instead of {count}")
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
    """Return the validated settings, with the password read from `password_file`. Raises DirectoryError."""
    refuse_unknown(settings, _SETTINGS)
    refuse_no_text(settings, _TEXTS)
    if "url" not in settings:
        raise DirectoryError("нужен адрес: …/odata/standard.odata", "the URL is needed: …/odata/standard.odata", "url")
    checked_url(settings["url"])
    if "?" in settings["url"] or "#" in settings["url"]:
        raise DirectoryError("в адресе не может быть ? и #", "the URL cannot hold ? or #", "url")
    page = settings.get("page", _PAGE)
    if isinstance(page, bool) or not isinstance(page, int) or not 0 < page <= _MAX_PAGE:
        raise DirectoryError(f"нужно целое от 1 до {_MAX_PAGE}", f"must be from 1 to {_MAX_PAGE}", "page")
    return {**settings, **_password(settings)}


def _password(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return {"password": content of `password_file`}, {} without that setting. Raises DirectoryError."""
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
    """Return a SHA-256 digest of the settings that determine the callers: URL, layout and number plan."""
    parts = json.dumps([url, layout.callers, layout.phones, layout.owner, layout.fields, asdict(plan)], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()
