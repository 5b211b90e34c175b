"""Who may call: SOAP users with HTTP Basic, checked before a byte of the body is read."""

from vats1c.auth.basic import REALM, Logins, Refused, User
from vats1c.auth.passwords import hash_password, is_hash

__all__ = ["REALM", "Logins", "Refused", "User", "hash_password", "is_hash"]
