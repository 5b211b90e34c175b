"""The staging bench: it makes the service a test double of 1C, and shows the exchanges.

Rule: no other package imports `staging`. The application adds it to the service in two places: `FaultInjector` wraps a
publication's endpoint (only if `staging.enabled` is set), and `api.rules` are routes of the site.
"""
