"""The staging bench: a test double of 1C. It is off unless the settings enable it; no HTTP and no XML in this package.

The one exception is `client`, which calls the HTTP API of a running service.
"""
