"""One module for each kind of directory. Rule: no module outside `vats1c.directory` names a kind."""
