"""What `vats1c demo` shows: a small phone book and the settings around it."""
