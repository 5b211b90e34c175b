"""vats1c: the SOAP web service that stands where 1C would for the Mobilon virtual PBX."""

__version__ = "0.1.0"
