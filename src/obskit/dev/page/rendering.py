"""Templates whose output is harmless and bounded, whatever was received."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from obskit.dev.plain import duration, plain, time_of_day

# Of one text, whatever its length.
_CHARACTERS = 2000

_Item = TypeVar("_Item")


def short(value: object, most: int = _CHARACTERS) -> str:
    r"""Return a value as one line of text that is no longer than `most` characters.

    Args:
        value: Text as it was received, or the value of an attribute.
        most: The most characters.

    >>> short("a\nb"), short([1, 2]), short("abcdef", 4)
    ('a\\nb', '[1, 2]', 'abc…')
    """
    text = value if isinstance(value, str) else repr(value)
    # Twice, because what is made plain may become longer.
    text = plain(text[: most + 1])
    return text if len(text) <= most else f"{text[: most - 1]}…"


def render(template: str, **values: Any) -> str:
    """Fill a template.

    Args:
        template: The name of its file.
        **values: What it shows. Every text is escaped, made plain and cut.
    """
    return _TEMPLATES.get_template(template).render(values)


def macro(template: str, name: str) -> Callable[..., Markup]:
    """Return a macro of a template."""
    found: Callable[..., Markup] = getattr(_TEMPLATES.get_template(template).module, name)
    return found


def fitting(
    items: Iterable[_Item], write: Callable[[_Item], Markup], most: int
) -> tuple[list[Markup], int]:
    """Write as many items as fit a page.

    Args:
        items: What there is.
        write: Writes one.
        most: The most bytes of all together. The first item is written whatever its size.

    Returns:
        What was written, and how many items that is.

    >>> fitting("abc", Markup, most=2)
    ([Markup('a'), Markup('b')], 2)
    """
    written: list[Markup] = []
    size = 0
    for item in items:
        text = write(item)
        size += len(text.encode())
        if written and size > most:
            break
        written.append(text)
    return written, len(written)


def _finalize(value: object) -> object:
    # Markup is what templates made, not what was received.
    return short(value) if type(value) is str else value


_TEMPLATES = Environment(
    loader=PackageLoader("obskit.dev.page"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_finalize,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters.update(short=short, duration=duration, time_of_day=time_of_day)
