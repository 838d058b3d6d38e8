"""What has been declared of one kind, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Protocol, TypeVar

from obskit.declaration import Job, Operation, Place, Quota
from obskit.exceptions import DuplicateName


class Named(Protocol):
    """What can be declared."""

    @property
    def name(self) -> str:
        """Its name, unique among its kind."""

    @property
    def place(self) -> Place:
        """Where it was declared."""


T = TypeVar("T", bound=Named)


class Declared(Mapping[str, T]):
    """The declarations of one kind, in their order.

    Args:
        kind: What is declared here, in a word.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._lock = Lock()
        self._held: Mapping[str, T] = {}

    def __getitem__(self, name: str) -> T:
        return self._held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)  # never changed, but replaced

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, declared: T) -> T:
        """Take a declaration.

        Returns:
            The one to use: that of before where it says the same, as when a module is imported twice.

        Raises:
            DuplicateName: Another line holds the name.
        """
        with self._lock:
            held = self._held.get(declared.name)
            if held is not None and held.place != declared.place:
                raise DuplicateName(
                    f"the {self._kind} {declared.name!r} ({declared.place}): the name is taken by"
                    f" another one ({held.place}): choose another name"
                )
            if held is not None and held == declared:
                return held
            self._held = {**self._held, declared.name: declared}
            return declared


class Declarations:
    """The jobs, operations and quotas of one application."""

    def __init__(self) -> None:
        self.jobs: Declared[Job] = Declared("job")
        self.operations: Declared[Operation] = Declared("operation")
        self.quotas: Declared[Quota] = Declared("quota")
