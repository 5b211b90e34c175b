"""One module for each kind of directory. Rule: nothing outside the room `directory` names a kind."""
