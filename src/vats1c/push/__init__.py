"""The open card windows, and the delivery of calls to them. Rule: nothing in this package waits for a window."""
