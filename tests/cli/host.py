"""A folder with an app in it, and what `obskit check` says of it."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from click.testing import CliRunner, Result

from obskit.cli import main

CHECKS = """
import obskit
checks = obskit.Registry()
"""


class Host:
    """A folder with an app in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A name of its own: an imported module stays for the tests after this one.
        self.name = f"app_{abs(hash(str(folder)))}"

    def write(self, code: str, before: str = CHECKS) -> None:
        (self.folder / f"{self.name}.py").write_text(before + dedent(code))

    def run(self, *arguments: str, app: str = "checks", command: str = "run") -> Result:
        return CliRunner().invoke(
            main, ["check", command, "--app", f"{self.name}:{app}", *arguments]
        )


def lines(result: Result) -> list[str]:
    """The output, without what differs from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "NOW", result.stdout)
    return re.sub(r"\(\d+(\.\d)?m?s\)", "(TIME)", text).splitlines()
