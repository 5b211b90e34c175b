"""The composition root: the parts that the settings name are opened, joined and closed here."""
