"""The pages as HTML, made of templates in which everything is escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obskit.console import assets, links, pictures, words
from obskit.exceptions import MissingExtra

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent / "templates"
_DRAWN = (pictures.values, pictures.states, pictures.age, pictures.used, pictures.durations)
_WORDS = (
    *(
        words.sign,
        words.moment,
        words.iso,
        words.span,
        words.took,
        words.apart,
        words.amount,
        words.percent,
    ),
    *(words.cut, words.limits, words.evidence, words.is_moment),
)


def require() -> None:
    """Say now if what makes pages is not installed.

    Raises:
        MissingExtra: It is not.
    """
    _environment()


def render(template: str, **given: Any) -> str:
    """A template with what is given.

    Args:
        template: Its name, without the suffix.
        **given: What it shows.
    """
    return _environment().get_template(f"{template}.html").render(**given)


def ours(html: str) -> Any:
    """HTML that was made here of templates, to stand in another one as it is.

    Args:
        html: It; never what somebody else has written.
    """
    from markupsafe import Markup

    return Markup(html)  # noqa: S704


@lru_cache(maxsize=1)
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingExtra("console", "obskit.console") from error
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update({each.__name__: each for each in _WORDS})
    # What draws escapes by itself all that it is given.
    for draw in _DRAWN:
        made.globals[draw.__name__] = lambda *given, draw=draw: ours(draw(*given))
    made.globals.update(
        until=pictures.until,
        measured=pictures.measured,
        followed=links.followed,
        script=assets.script_name(),
        style=ours(assets.style()),
    )
    return made
