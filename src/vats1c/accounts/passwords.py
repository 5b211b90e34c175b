"""Password hashes: argon2id, made by `vats1c hash-password`. No other module verifies passwords."""

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's password storage cheat sheet: 19 MiB and two passes, small enough for a small container.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """Return the argon2id hash of `password`, salted, in the PHC string format."""
    return _hasher.hash(password)


def is_hash(text: str) -> bool:
    """Tell whether `text` is a hash that `verify` can read."""
    try:
        extract_parameters(text)
    except InvalidHashError:
        return False
    return True


def verify(text: str, password: bytes) -> bool:
    """Tell whether `password` (UTF-8) matches the hash `text`. Takes tens of milliseconds, on purpose."""
    try:
        return _hasher.verify(text, password)
    except (VerificationError, InvalidHashError):
        return False
