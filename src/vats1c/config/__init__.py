"""Settings: a typed schema, loaded from vats1c.toml and VATS1C_* variables; all problems are reported together."""

from vats1c.config.load import PREFIX, load
from vats1c.config.problems import ConfigError, Problem, Unusable
from vats1c.config.schema import UPSTREAM, PublicationTable, Settings
from vats1c.config.tables import (
    AdministratorTable,
    CardTable,
    DirectoryTable,
    JournalTable,
    LimitsTable,
    PasswordTable,
    SayNameTable,
    StagingTable,
    SubscriberTable,
    UpstreamTable,
    UserTable,
)

__all__ = [
    "PREFIX",
    "UPSTREAM",
    "AdministratorTable",
    "CardTable",
    "ConfigError",
    "DirectoryTable",
    "JournalTable",
    "LimitsTable",
    "PasswordTable",
    "Problem",
    "PublicationTable",
    "SayNameTable",
    "Settings",
    "StagingTable",
    "SubscriberTable",
    "Unusable",
    "UpstreamTable",
    "UserTable",
    "load",
]
