"""What has been declared of one kind, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from types import MappingProxyType
from typing import Protocol, TypeVar

from obskit.declaration import Job, Objective, Operation, Place, Quota
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


def _of_one_place(declared: Named, held: Named) -> bool:
    return declared.place == held.place


class Declared(Mapping[str, T]):
    """The declarations of one kind, in their order.

    Args:
        kind: What is declared here, in a word.
        repeats: Whether a declaration is the one that is held under its name, made again.

    Attributes:
        held: What is declared now: a mapping that never changes, a later declaration makes another.
    """

    def __init__(self, kind: str, repeats: Callable[[T, T], bool] = _of_one_place) -> None:
        self._kind = kind
        self._repeats = repeats
        self._lock = Lock()
        self.held: Mapping[str, T] = MappingProxyType({})

    def __getitem__(self, name: str) -> T:
        return self.held[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.held)

    def hold(self, declared: T) -> T:
        """Take a declaration.

        Returns:
            The one to use: that of before where it says the same, as when a module is imported twice.

        Raises:
            DuplicateName: Another one holds the name.
        """
        with self._lock:
            held = self.held.get(declared.name)
            if held is not None and not self._repeats(declared, held):
                raise DuplicateName(
                    f"the {self._kind} {declared.name!r} ({declared.place}): the name is taken by"
                    f" another one ({held.place}): choose another name"
                )
            if held is not None and held == declared:
                return held
            self.held = MappingProxyType({**self.held, declared.name: declared})
            return declared


class Declarations:
    """The jobs, operations, quotas and objectives of one application."""

    def __init__(self) -> None:
        self.jobs: Declared[Job] = Declared("job")
        self.operations: Declared[Operation] = Declared("operation")
        self.quotas: Declared[Quota] = Declared("quota")
        self.objectives: Declared[Objective] = Declared("objective")
