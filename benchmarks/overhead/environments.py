"""A virtual environment for each family of contenders: their packages never meet obskit's lock."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
REQUIREMENTS = Path(__file__).parent / "requirements"


def python(name: str) -> str:
    """The interpreter of an environment; made when it is missing or its requirements changed."""
    folder = ROOT / ".venvs" / f"benchmark-{name}"
    requirements = REQUIREMENTS / f"{name}.txt"
    content = requirements.read_bytes()
    if LOCK.name.encode() in content:  # obskit's own: the lock and its dependencies count too
        content += LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    wanted = hashlib.sha256(sys.version.encode() + content).hexdigest()
    made = folder / "made"
    interpreter = str(folder / "bin" / "python")
    if made.exists() and made.read_text() == wanted:
        return interpreter
    print(f"making {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
    uv = _uv()
    subprocess.run([uv, "venv", "-q", "--clear", "-p", sys.executable, folder], check=True)
    install = [uv, "pip", "install", "-q", "--compile-bytecode", "-p", interpreter]
    subprocess.run([*install, "-r", requirements], check=True, cwd=ROOT)
    made.write_text(wanted)
    return interpreter


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else "uv"
