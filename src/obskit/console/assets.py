"""The style sheet and the script, each under a name that changes with what is in it."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@lru_cache(maxsize=1)
def all_files() -> dict[str, tuple[str, bytes]]:
    """By its name in URLs: the type of each file, and the file."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            content = path.read_bytes()
            mark = blake2b(content, digest_size=6).hexdigest()
            found[f"{path.stem}.{mark}{path.suffix}"] = _TYPES[path.suffix], content
    return found


def name_of(file: str) -> str:
    """The name of a file in URLs.

    Args:
        file: What it is called in its folder.
    """
    stem, _, suffix = file.rpartition(".")
    return next(
        name
        for name in all_files()
        if name.startswith(f"{stem}.") and name.endswith(f".{suffix}") and name.count(".") > 1
    )
