"""The composition root: it opens, connects and closes the parts that the settings describe."""
