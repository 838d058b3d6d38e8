"""What is made anew in a forked child: locks that nobody there would release, the parent's counts."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Renewed(Protocol):
    """What a forked child must not go on with as it is."""

    def after_fork(self) -> None:
        """Begin anew. Called in the child, where no other thread runs yet."""


_owners: WeakSet[Renewed] = WeakSet()


def renew_after_fork(owner: Renewed) -> None:
    """Have an object told when it finds itself in a forked child.

    Args:
        owner: The object; it may be forgotten meanwhile.
    """
    _owners.add(owner)


def _after_fork() -> None:
    for owner in list(_owners):
        owner.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
