"""Memory and processor time of a process (Linux)."""

import os
from pathlib import Path


def resident(process="self"):
    """Return the resident memory of a process, bytes."""
    return int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(process):
    """Return the processor time that a process has used, seconds."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
