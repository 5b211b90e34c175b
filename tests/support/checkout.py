"""The checkout that the tests run in, and copies of it."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Files that tools create in a checkout.
_CREATED = (".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "build", "dist", "data", "node_modules")


def copy_checkout(target):
    """Copy the checkout to `target` without its git repository and what tools created; return `target`."""
    return shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*_CREATED))
