"""The style sheet, which stands in each page, and the script, under a name that changes with what is in it."""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import blake2b, sha256
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"


@lru_cache(maxsize=1)
def style() -> str:
    """The style sheet. A new window that had to ask for it would show nothing until it came."""
    return (_FOLDER / "console.css").read_text("utf-8")


def style_source() -> str:
    """What the directive `style-src` allows: this style sheet, and no other.

    Source: Content Security Policy Level 3, section 2.3.1, hash-source.
    """
    return f"'sha256-{b64encode(sha256(style().encode()).digest()).decode()}'"


@lru_cache(maxsize=1)
def script() -> bytes:
    """The script."""
    return (_FOLDER / "console.js").read_bytes()


@lru_cache(maxsize=1)
def script_name() -> str:
    """The script's name in URLs."""
    return f"console.{blake2b(script(), digest_size=6).hexdigest()}.js"
