"""Look for known vulnerabilities of the versions in requirements.txt, and say whether every package was looked up.

`make audit` runs it in the environment of requirements-release.txt. pip-audit has one exit code for a vulnerability and
for a service that it does not reach, and it skips a package that the service does not know; the report says which.
Packages for other platforms than this one are not looked up.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Exit codes.
NONE_KNOWN, VULNERABLE, NOT_AUDITED = 0, 1, 2


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ("--disable-pip", "--progress-spinner", "off", "--format", "json", "--output", report)
        command = [sys.executable, "-m", "pip_audit", *options, "--requirement", ROOT / "requirements.txt"]
        done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
        # Without an answer from the service there is no report.
        packages = json.loads(report.read_text(encoding="utf-8"))["dependencies"] if report.exists() else []
    text, code = summary(packages)
    if not packages:
        text += "\n" + "\n".join(done.stderr.splitlines()[-3:])
    print(text)
    return code


def summary(packages: list[dict[str, Any]]) -> tuple[str, int]:
    """Return the result in words, and the exit code."""
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    lines = [describe(package, found) for package in vulnerable for found in package["vulns"]]
    if not packages or len(skipped) == len(packages):
        lines.append(
            "NOT AUDITED: the vulnerability service was not reached. Whether there are vulnerabilities is unknown."
        )
    elif skipped:
        lines.append(f"NOT AUDITED, unknown to the vulnerability service: {', '.join(skipped)}.")
    if vulnerable:
        return "\n".join(lines), VULNERABLE
    if lines:
        return "\n".join(lines), NOT_AUDITED
    return f"{len(packages)} packages were looked up: no known vulnerability.", NONE_KNOWN


def describe(package: dict[str, Any], vulnerability: dict[str, Any]) -> str:
    fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
    return f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main())
