"""The API of exchanges, expectations, fault plans and publications on request: the routes that staging adds."""

from vats1c.staging.api.routes import rules

__all__ = ["rules"]
