"""`python -m vats1c`: the same command as `vats1c`."""

from vats1c.cli import main

if __name__ == "__main__":  # a worker process imports this module again, under another name
    main()
