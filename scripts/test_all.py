"""Runs the tests on every Python from 3.10 to 3.13, and fails when one of the four is not there.

Interpreters are sought on the PATH and where pyenv keeps them; each is run before it counts. What starts
programs takes three quarters of the time: all of it runs on the newest Python, and on the oldest what is about
processes. What is the same on every Python, such as what promtool says of generated rules, runs on the newest
alone. One run more than there are processors goes on at once, for the tests wait as much as they work. What each
writes is shown when it has ended.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
ROOT = Path(__file__).resolve().parent.parent
OF_PROCESSES = ("tests/processes", "tests/hostile", "tests/test_termination.py")


class Run(NamedTuple):
    """A part of the tests on one Python.

    Attributes:
        version: Of Python.
        part: What pytest keeps of it is named by it.
        options: For pytest.
    """

    version: str
    part: str
    options: str


# The longest first.
RUNS = (
    Run(
        VERSIONS[-1],
        "programs",
        " ".join(["-m starts_programs", *(f"--ignore={path}" for path in OF_PROCESSES)]),
    ),
    Run(VERSIONS[-1], "processes", " ".join(["-m starts_programs", *OF_PROCESSES])),
    Run(VERSIONS[-1], "rest", "-m 'not starts_programs'"),
    Run(
        VERSIONS[0],
        "processes",
        " ".join(["-m 'starts_programs and not of_any_python'", *OF_PROCESSES]),
    ),
    *(Run(one, "rest", "-m 'not of_any_python and not starts_programs'") for one in VERSIONS[:-1]),
)


def main() -> int:
    """Run the tests on each version."""
    found = {version: interpreter(version) for version in VERSIONS}
    missing = [version for version, path in found.items() if path is None]
    if missing:
        print(f"no interpreter found for Python {', '.join(missing)}", file=sys.stderr)
        return 1
    with ThreadPoolExecutor((os.cpu_count() or 1) + 1) as pool:
        # Two runs of a version must not both make its environment.
        made = list(
            pool.map(lambda version: _has_environment(version, str(found[version])), VERSIONS)
        )
        if not all(made):
            return 1
        passed = list(pool.map(lambda run: _passes(run, str(found[run.version])), RUNS))
    failed = [
        f"{run.version} ({run.part})" for run, well in zip(RUNS, passed, strict=True) if not well
    ]
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


def _has_environment(version: str, python: str) -> bool:
    done = _done(version, python, "make", f".venvs/{version}/dev")
    if done.returncode:
        print(f"no environment for Python {version}:\n{done.stdout}", file=sys.stderr, flush=True)
    return done.returncode == 0


def _passes(run: Run, python: str) -> bool:
    twice = [str(ROOT / ".ci" / "twice")] if os.environ.get("OBSKIT_REQUIRE_EVERYTHING") else []
    kept = f"KEPT=.venvs/{run.version}/pytest_cache_{run.part}"
    begun = time.monotonic()
    done = _done(run.version, python, *twice, "make", "test", kept, options=run.options)
    took = time.monotonic() - begun
    title = f"Python {run.version}, {run.part}: {python}"
    print(f"== {title}\n{done.stdout}== {took:.0f} s\n", flush=True)
    return done.returncode == 0


def _done(
    version: str, python: str, *command: str, options: str = ""
) -> subprocess.CompletedProcess[str]:
    # The environment of `make test` is named by its folder: each version has its own.
    return subprocess.run(
        [*command, f"PYTHON={python}", f"VENV=.venvs/{version}"],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": options},
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


if __name__ == "__main__":
    sys.exit(main())
