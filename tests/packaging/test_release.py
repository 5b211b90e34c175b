"""`make release` builds a clean commit whose changelog names its version, and says what it built; `make audit` tells all results apart."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import ROOT, copy_checkout
from vats1c import __version__

SBOM = f"vats1c-{__version__}.cdx.json"
FILES = {f"vats1c-{__version__}.tar.gz", f"vats1c-{__version__}-py3-none-any.whl", SBOM}
# Which `make` installs from requirements-release.txt.
TOOLS = Path(sys.prefix) / ".release" / "bin" / "python"


def git(folder, *arguments):
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


def commit(folder):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Everything")
    return folder


def release(folder, python=sys.executable):
    return subprocess.run([python, "tools/release.py"], cwd=folder, check=False, capture_output=True, text=True)


@pytest.fixture
def small(tmp_path):
    """Commit the files that decide whether there may be a release."""
    for name in ("tools/release.py", "src/vats1c/__init__.py", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return commit(tmp_path)


def test_a_tree_with_changes_is_not_released(small):
    (small / "new.txt").touch()

    done = release(small)

    assert done.returncode == 1
    assert done.stderr == ("make release: the tree is not clean. Commit or remove these changes first:\n?? new.txt\n")


def test_a_folder_without_a_commit_is_not_released(small):
    shutil.rmtree(small / ".git")

    assert "a release is built from a commit, and git found none here" in release(small).stderr


@pytest.mark.parametrize("newest", ["Unreleased", "9.9.9 - 2026-01-01", __version__])
def test_a_version_that_is_not_the_newest_of_the_changelog_is_not_released(small, newest):
    (small / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## {newest}\n\n## {__version__} - 2026-01-01\n", encoding="utf-8"
    )
    git(small, "commit", "--all", "--message", "Another changelog")

    done = release(small)

    assert done.returncode == 1
    assert (
        f"the newest section of CHANGELOG.md is “{newest}”, and src/vats1c/__init__.py says {__version__}."
        in done.stderr
    )


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Release a copy of the checkout that is called the newest version; return its folder and what was printed."""
    if not TOOLS.exists():
        pytest.skip("the tools of a release are not installed (make release, or requirements-release.txt)")
    folder = copy_checkout(tmp_path_factory.mktemp("release") / "source")
    changelog = folder / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8").replace("## Unreleased", f"## {__version__} - 2026-01-01")
    changelog.write_text(text, encoding="utf-8")
    (folder / "dist").mkdir()
    (folder / "dist" / "older.whl").touch()
    done = release(commit(folder), TOOLS)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


@pytest.mark.slow
def test_a_release_is_the_archive_the_wheel_the_sbom_and_their_sums(released):
    folder, _ = released
    sums = (folder / "dist" / "SHA256SUMS").read_text(encoding="utf-8")

    assert {file.name for file in (folder / "dist").iterdir()} == {*FILES, "SHA256SUMS"}
    assert dict(reversed(line.split("  ")) for line in sums.splitlines()) == {
        name: hashlib.sha256((folder / "dist" / name).read_bytes()).hexdigest() for name in FILES
    }


@pytest.mark.slow
def test_the_sbom_lists_exactly_the_pinned_runtime_requirements_with_their_hashes(released):
    folder, _ = released
    sbom = json.loads((folder / "dist" / SBOM).read_text(encoding="utf-8"))
    listed = {
        f"{part['name']}=={part['version']}": {
            each["content"] for source in part["externalReferences"] for each in source["hashes"]
        }
        for part in sbom["components"]
    }
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if not line.lstrip().startswith("#")]

    assert sbom["bomFormat"] == "CycloneDX"
    assert (sbom["metadata"]["component"]["name"], sbom["metadata"]["component"]["version"]) == ("vats1c", __version__)
    assert listed == {line.split()[0]: set(re.findall(r"sha256:(\w+)", line)) for line in pinned}


@pytest.mark.slow
def test_nothing_is_published_and_the_commands_that_publish_are_shown(released):
    _, said = released

    assert "Nothing is published yet." in said
    assert f"git push origin v{__version__}" in said
    assert f"twine upload dist/vats1c-{__version__}.tar.gz dist/vats1c-{__version__}-py3-none-any.whl" in said
    assert said.count("PASSED") == 2


@pytest.mark.slow
def test_one_commit_released_twice_has_the_same_bytes(released):
    folder, _ = released
    sums = (folder / "dist" / "SHA256SUMS").read_bytes()

    assert release(folder, TOOLS).returncode == 0
    assert (folder / "dist" / "SHA256SUMS").read_bytes() == sums


SAFE = {"name": "a", "version": "1", "vulns": []}
VULNERABLE = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("report", "code", "said"),
    [
        ([SAFE, SAFE], 0, "2 packages were looked up: no known vulnerability."),
        ([SAFE, VULNERABLE], 1, "b 2: PYSEC-1, fixed in 3"),
        ([VULNERABLE, UNKNOWN], 1, "NOT AUDITED, unknown to the vulnerability service: c."),
        ([SAFE, UNKNOWN], 2, "NOT AUDITED, unknown to the vulnerability service: c."),
        ([UNKNOWN, UNKNOWN], 2, "NOT AUDITED: the vulnerability service was not reached."),
        (None, 2, "NOT AUDITED: the vulnerability service was not reached."),
    ],
)
def test_an_audit_without_an_answer_is_told_apart_from_one_without_a_finding(tmp_path, report, code, said):
    """A pip-audit that writes this report stands in for the real one, which needs the internet."""
    written = json.dumps({"dependencies": report})
    write = f"open(sys.argv[sys.argv.index('--output') + 1], 'w').write({written!r})" if report else ""
    (tmp_path / "pip_audit.py").write_text(f"import sys\n{write}\nsys.exit(1)\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "audit.py"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout
