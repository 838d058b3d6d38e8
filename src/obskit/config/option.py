"""How an option is declared: as a field of a dataclass that knows where its value comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import Field, dataclass, field, fields
from typing import Any

from obskit.config.values import Value


@dataclass(frozen=True)
class Option:
    """One option of the configuration.

    Attributes:
        name: The field, and the key in a file.
        env: The environment variables that set it, the first one that is set wins.
        value: What kind of value it takes.
        help: What it does, in a sentence.
        default: The value when nothing sets it.
        secret: Whether its value is masked wherever it is shown.
    """

    name: str
    env: tuple[str, ...]
    value: Value
    help: str
    default: Any
    secret: bool = False


def option(default: Any, env: str, value: Value, help: str, *, secret: bool = False) -> Any:
    """A field of a configuration; the parameters are those of `Option`.

    Args:
        default: The value when nothing sets it.
        env: The environment variables, separated by spaces.
        value: What kind of value it takes.
        help: What it does.
        secret: Whether its value is masked.
    """
    metadata = {"env": tuple(env.split()), "value": value, "help": help, "secret": secret}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def declared(cls: type[Any]) -> Iterator[tuple[Field[Any], Any]]:
    """The options of a dataclass, each with its default.

    Args:
        cls: A dataclass whose fields have defaults.
    """
    blank = cls()
    for one in fields(cls):
        if one.metadata:
            yield one, getattr(blank, one.name)
