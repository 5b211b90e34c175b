"""The staging bench: a stand-in for 1C to test against. Off unless the settings open it; no HTTP and no XML in here."""
