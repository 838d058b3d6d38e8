"""Where a secret stands: in a file of its own, or in an environment variable."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Variable:
    """An environment variable, as hosts hand out secrets that have no files of their own.

    Attributes:
        name: Its name.

    >>> str(Variable("SLACK_WEBHOOK_URL"))
    '$SLACK_WEBHOOK_URL'
    """

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


#: Where a secret stands.
Secret = Path | Variable


def read(secret: Secret) -> str:
    """A secret, without the space around it; empty where nothing stands there.

    Args:
        secret: Where it stands.

    Raises:
        OSError: Its file cannot be read.
        ValueError: Its file is no text.
    """
    if isinstance(secret, Variable):
        return os.environ.get(secret.name, "").strip()
    return secret.read_text(encoding="utf-8").strip()
