"""HTTP Basic authentication (RFC 7617, UTF-8): fast for a correct login, slow for a wrong one.

A correct login costs one keyed digest: a password hash is verified once, and its result is remembered.
Rule: a correct login is never refused because of wrong ones; wrong logins are delayed.
"""

import base64
import binascii
import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vats1c.accounts.passwords import hash_password, verify
from vats1c.accounts.throttling import Failures
from vats1c.metrics import Metrics

# The realm that a published 1C base sends in WWW-Authenticate.
REALM = "1C:Enterprise 8.3"
_DELAY_S = 1.0
_MAX_DELAYED = 16
_MAX_REMEMBERED = 1_000
# Longer than any real login; a longer header is refused without decoding.
_MAX_HEADER_CHARS = 1_024


class LoginRefused(Exception):  # noqa: N818 - an outcome, not a defect: it becomes a 401 or a 429
    """The login is refused; `status` is the HTTP status of the response."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, slots=True, repr=False)
class User:
    """A SOAP user: `password` in clear, or `hashed` by `hash_password`."""

    name: str
    password: str | None = None
    hashed: str | None = None


class Logins:
    """Checks the Authorization header of each request. Called by many threads at once."""

    def __init__(
        self,
        users: Iterable[User],
        metrics: Metrics,
        max_failures: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._digest_key = secrets.token_bytes(32)
        self._hashes: dict[bytes, str] = {}
        self._accepted: set[bytes] = set()
        self._passed: set[bytes] = set()
        for user in users:
            if user.password is not None:
                self._accepted.add(self._digest(f"{user.name}:{user.password}".encode()))
            elif user.hashed is not None:
                self._hashes[user.name.encode()] = user.hashed
        # The hash that is verified for an unknown name, so that the response time does not reveal which names exist.
        self._dummy_hash = hash_password(secrets.token_urlsafe()) if self._hashes else ""
        self._lock = threading.Lock()
        # Changed under the lock, but read without it: a read that misses a new entry costs only one more verification.
        self._rejected: OrderedDict[bytes, None] = OrderedDict()
        self._failures = Failures(now)
        self._max_failures = max_failures
        self._sleep = sleep
        self._delay_slots = threading.BoundedSemaphore(_MAX_DELAYED)
        # One verification runs at a time for addresses below the limit of failures, and one for all other addresses.
        self._lanes = {False: threading.Lock(), True: threading.Lock()}
        self._counted = {word: metrics.failed_logins.labels(word) for word in ("refused", "slowed", "turned_away")}

    def check(self, header: str | None, address: str) -> None:
        """Check the Authorization `header` of a request from the IP address `address`. Raises LoginRefused."""
        # A header that passed before passes again, without a verification.
        if self.has_passed(header):
            return
        self._check(header, address)
        if header and len(self._passed) < _MAX_REMEMBERED:
            self._passed.add(self._digest(header.encode()))

    def has_passed(self, header: str | None) -> bool:
        """Tell whether the Authorization `header` passed before. Costs one digest."""
        if not header or len(header) > _MAX_HEADER_CHARS:
            return False
        # Inlines `_digest`, because this line runs for every request.
        return hashlib.blake2b(header.encode(), key=self._digest_key, digest_size=32).digest() in self._passed

    def _check(self, header: str | None, address: str) -> None:
        credentials = _credentials(header)
        if credentials is None:
            raise LoginRefused(401)
        digest = self._digest(credentials)
        if digest in self._accepted:
            return
        if self._hashes and digest not in self._rejected and self._verified(credentials, address):
            self._accepted.add(digest)
            return
        self._refuse(digest, address)

    def _digest(self, credentials: bytes) -> bytes:
        # The digest is keyed with a secret of this process, so that neither the time of a lookup nor a digest in memory
        # reveals anything about a password.
        return hashlib.blake2b(credentials, key=self._digest_key, digest_size=32).digest()

    def _verified(self, credentials: bytes, address: str) -> bool:
        name, _, password = credentials.partition(b":")
        lane = self._lanes[self._failures.count(address) >= self._max_failures]
        # A correct login may wait here, but is never refused. The size of the sign-in pool limits the wait.
        with lane:
            return verify(self._hashes.get(name, self._dummy_hash), password) and name in self._hashes

    def _refuse(self, digest: bytes, address: str) -> None:
        with self._lock:
            self._rejected[digest] = None
            if len(self._rejected) > _MAX_REMEMBERED:
                self._rejected.popitem(last=False)
        if self._failures.add(address) <= self._max_failures:
            self._counted["refused"].inc()
            raise LoginRefused(401)
        # A delay occupies a thread, so the number of concurrent delays is limited; further logins get 429 at once.
        if not self._delay_slots.acquire(blocking=False):
            self._counted["turned_away"].inc()
            raise LoginRefused(429)
        try:
            self._counted["slowed"].inc()
            self._sleep(_DELAY_S)
        finally:
            self._delay_slots.release()
        raise LoginRefused(401)


def _credentials(header: str | None) -> bytes | None:
    """Return the bytes "name:password" of a Basic header; None if there is no such header or it is malformed."""
    if not header or len(header) > _MAX_HEADER_CHARS:
        return None
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        credentials = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return credentials if b":" in credentials else None
