"""Build what a release publishes from the newest commit into dist/, and print the commands that publish it.

`make release` runs it in the environment of requirements-release.txt. It publishes nothing: that stays a person's step.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUMS = "SHA256SUMS"


class RefusedError(Exception):
    """The reason why this commit cannot be released, as a sentence."""


def main() -> int:
    try:
        check_commit()
        version = check_version()
        with tempfile.TemporaryDirectory() as folder:
            built = build(version, Path(folder))
            # Only a complete release replaces what dist/ holds.
            shutil.rmtree(ROOT / "dist", ignore_errors=True)
            shutil.copytree(built, ROOT / "dist")
    except RefusedError as error:
        print(f"make release: {error}", file=sys.stderr)
        return 1
    print(instructions(version))
    return 0


def check_commit() -> None:
    """Raise RefusedError when the tree holds something that the newest commit does not."""
    try:
        changed = git("status", "--porcelain", "--untracked-files=all")
    except (OSError, subprocess.CalledProcessError) as error:
        raise RefusedError(f"a release is built from a commit, and git found none here: {error}") from error
    if changed:
        raise RefusedError(f"the tree is not clean. Commit or remove these changes first:\n{changed}")


def git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.rstrip("\n")


def check_version() -> str:
    """Return the version of the code. Raises RefusedError when the changelog's newest section is another."""
    code = (ROOT / "src" / "vats1c" / "__init__.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "([^"]+)"$', code, re.MULTILINE)[1]
    newest = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    if not re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", newest):
        raise RefusedError(
            f"the newest section of CHANGELOG.md is “{newest}”, and src/vats1c/__init__.py says {version}. "
            "Both must name the version of this release, the changelog with its date."
        )
    return version


def build(version: str, folder: Path) -> Path:
    """Build and check the files of a release in `folder`; return the folder that holds them and nothing else."""
    source, built = folder / "source", folder / "dist"
    built.mkdir()
    # A clone has the files of the commit alone: none that .gitignore or a user's own list of ignored files hides.
    git("clone", "--quiet", str(ROOT), str(source))
    # The build and the SBOM take their time from here: the same commit gives the same bytes.
    os.environ["SOURCE_DATE_EPOCH"] = git("log", "-1", "--format=%ct")
    run("build", "--no-isolation", "--outdir", built, source)
    run("twine", "check", "--strict", *sorted(built.iterdir()))
    write_sbom(source, version, built / f"vats1c-{version}.cdx.json")
    files = sorted(built.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (built / SUMS).write_text("".join(lines), encoding="utf-8")
    return built


def write_sbom(source: Path, version: str, target: Path) -> None:
    """Write the SBOM of the pinned runtime requirements, for every platform; a list, without who needs whom."""
    project = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # The project's own version is dynamic, and the tool reads only one that stands in the file.
    described = {key: project[key] for key in ("name", "description", "license")} | {"version": version}
    lines = [f"{key} = {json.dumps(text)}\n" for key, text in described.items()]
    about = source.parent / "described.toml"
    about.write_text("[project]\n" + "".join(lines), encoding="utf-8")
    options = ("--pyproject", about, "--output-reproducible", "--output-format", "JSON", "--output-file", target)
    run("cyclonedx_py", "requirements", *options, source / "requirements.txt")


def run(module: str, *arguments: str | Path) -> None:
    """Run a tool of this environment, without its Python warnings. Raises RefusedError when it fails."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-m", module, *arguments], check=False)
    if done.returncode:
        raise RefusedError(f"{module} failed, for the reason above. dist/ is as it was.")


def instructions(version: str) -> str:
    twine = Path(sys.executable).with_name("twine")
    shown = twine.relative_to(ROOT) if twine.is_relative_to(ROOT) else twine
    return f"""
dist/ holds release {version}. Nothing is published yet. To publish it:

  git tag --sign v{version} --message "vats1c {version}"
  git push origin v{version}
  {shown} upload dist/vats1c-{version}.tar.gz dist/vats1c-{version}-py3-none-any.whl

Give users vats1c-{version}.cdx.json (the SBOM) and {SUMS} beside the notes of the release."""


if __name__ == "__main__":
    sys.exit(main())
