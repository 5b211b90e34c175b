"""`python -m vats1c`: the same command as `vats1c`."""

from vats1c.cli import main

main()
