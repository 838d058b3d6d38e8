"""What the examples keep of what is generated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def made_anew(example: Path, folder: Path, *options: str) -> dict[str, str]:
    """What `obskit generate all` writes for an example now, as far as examples keep it.

    Args:
        example: The example's folder.
        folder: Where it may write.
        *options: Of the command.
    """
    done = subprocess.run(
        [sys.executable, "-m", "obskit", "generate", "all", *options, "-o", str(folder / "made")],
        cwd=example,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return kept(folder / "made")


def kept(folder: Path) -> dict[str, str]:
    """The files of a folder, without the tests of the rules."""
    files = [file for file in folder.rglob("*") if file.is_file() and "tests" not in file.parts]
    return {str(file.relative_to(folder)): file.read_text() for file in files}
