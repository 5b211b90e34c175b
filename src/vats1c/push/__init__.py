"""The open card windows and how a call reaches them. Rule: nothing here waits for a window."""
