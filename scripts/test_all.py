"""Runs the tests on every Python from 3.10 to 3.13, and fails when one of the four is not there.

Interpreters are sought on the PATH and where pyenv keeps them; each is run before it counts. One version
more runs at once than there are processors, for the tests wait as much as they work. What is the same
on every Python, such as what promtool says of generated rules, runs on the newest alone; what starts
programs, which is most of the time, on the oldest and the newest. What each writes is shown when it has
ended.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the tests on each version."""
    found = {version: interpreter(version) for version in VERSIONS}
    missing = [version for version, path in found.items() if path is None]
    if missing:
        print(f"no interpreter found for Python {', '.join(missing)}", file=sys.stderr)
        return 1
    longest_first = sorted(found, key=lambda version: version not in (VERSIONS[0], VERSIONS[-1]))
    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        passed = pool.map(
            _passes, longest_first, (str(found[version]) for version in longest_first)
        )
        failed = [version for version, well in zip(longest_first, passed, strict=True) if not well]
    if failed:
        print(f"the tests fail on Python {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def interpreter(version: str) -> str | None:
    """An interpreter of this version that runs, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    kept = sorted(pyenv.glob(f"{version}.*/bin/python"), key=_release, reverse=True)
    for candidate in (*map(str, kept), f"python{version}"):
        try:
            done = subprocess.run(
                [
                    candidate,
                    "-c",
                    "import sys, ssl, sqlite3; print('%d.%d' % sys.version_info[:2])",
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0 and done.stdout.strip() == version:
            return candidate
    return None


def _release(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", path.parts[-3]))


def _passes(version: str, python: str) -> bool:
    # The environment of `make test` is named by its folder: each version has its own.
    command = ["make", "test", f"PYTHON={python}", f"VENV=.venvs/{version}"]
    if os.environ.get("OBSKIT_REQUIRE_EVERYTHING"):
        command = [str(ROOT / ".ci" / "twice"), *command]
    environ = dict(os.environ)
    if version != VERSIONS[-1]:
        inner = "" if version == VERSIONS[0] else " and not starts_programs"
        environ["PYTEST_ADDOPTS"] = f"-m 'not of_any_python{inner}'"
    begun = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    took = time.monotonic() - begun
    print(f"== Python {version}: {python}\n{done.stdout}== {took:.0f} s\n", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
