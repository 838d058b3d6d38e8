"""Values that a text shows under sensitive names: `password=…`, `"token": "…"`, `--secret …`.

Each name is judged by itself, and only behind a sensitive one is a value looked for, so that a text
is walked once, whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from obskit.redaction.sensitive import MASK, is_sensitive

# Behind a name; every branch begins with a letter of its own, so that the engine skips all others.
_SEPARATOR = re.compile(
    r":(?!//)[:=]?>?[ \t]{0,2}|={1,3}>?[ \t]{0,2}|,(?<=['\"],) ?|-(?<=--)(?<!---)([\w.-]{1,64}) +(?!-)"
)
_LONGEST_NAME = 256
_NAME_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_QUOTES = "'\"\\"
# `API key: …`: the word before says what kind of key it is.
_SECOND_WORDS = frozenset(("key", "id", "string", "number", "code"))
_FIRST_WORD = re.compile(r"\w{2,12}[ ]\Z")
_VALUE = re.compile(
    r"[bru]{0,2}'(?:[^'\\]|\\.)*(?:'|\\?$)|[bru]{0,2}\"(?:[^\"\\]|\\.)*(?:\"|\\?$)"
    r"|\\{1,3}\"[^\"\\]*(?:\\{1,3}\")?|\\{1,3}'[^'\\]*(?:\\{1,3}')?"
    r"|(?:basic|bearer|digest|token|apikey|negotiate)[ ]+[^\s,;)\]}>'\"]+"
    r"|[^\s,;)\]}>&({\[]+[^\s,;)\]}>&]*",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r"[bru]{0,2}['\"\\]", re.IGNORECASE)
_REST_OF_LINE = re.compile(r"[^\r\n'\"]+")
_BRACKET = re.compile(r"[\[({]|[\])}]")
# What holds no secret: nothing, the mask, a type, a place for a parameter of SQL.
_HARMLESS = frozenset(
    (
        *("None", "null", "nil", "true", "false", "True", "False", '""', "''", "...", "…"),
        *("str", "bytes", "int", "bool", "float", "object", "%s", "?"),
    )
)
_PLACE = re.compile(r"\$\d+|%\(\w+|[bru'\"\\]{0,5}\[(?:redacted|Filtered)\].*|<[\w:.-]+", re.DOTALL)
# `token = make_token(…)`, as a stack trace shows the source.
_CODE = re.compile(r"(?:await )?[A-Za-z_][\w.]*[(\[]")


def redact_named(text: str) -> str:
    """A text with the values of sensitive names masked.

    >>> redact_named('login failed: {"user": "ann", "password": "hunter2"}')
    'login failed: {"user": "ann", "password": [redacted]}'
    """
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    done = position = 0
    while (found := _SEPARATOR.search(text, position)) is not None:
        position = found.end()
        name = found[1] or _name_before(text, found)
        if not name or not is_sensitive(name):
            continue
        end = _end_of_value(text, position, name, found[0])
        if end > position:
            yield text[done:position] + MASK
            done = position = end
    yield text[done:]


def _name_before(text: str, separator: re.Match[str]) -> str:
    """The name that ends at a separator, or nothing."""
    before = text[max(0, separator.start() - _LONGEST_NAME) : separator.start()]
    before = before.rstrip(_QUOTES if separator[0][0] == "," else "]) \t" + _QUOTES)
    rest = before.rstrip(_NAME_LETTERS)
    name = before[len(rest) :]
    if separator[0][0] == ",":
        # `('password', '…')` is a name with its value, `['password', '…']` are two names.
        return name if rest.rstrip(_QUOTES + "b").endswith("(") else ""
    if name.lower() in _SECOND_WORDS:
        first = _FIRST_WORD.search(rest[-13:])
        return first[0] + name if first else name
    return name


def _end_of_value(text: str, start: int, name: str, separator: str) -> int:
    """Where the value ends; where it begins, if there is none to hide."""
    if text[start : start + 1] in {"[", "{", "("}:
        return start if _PLACE.match(text, start) else _end_of_group(text, start)
    if separator == "= " and text[start - 3] == " " and _CODE.match(text, start):
        return start
    value = _VALUE.match(text, start)
    if value is None:
        return start
    written = value[0]
    bare = not _QUOTED.match(written)
    if bare:
        written = written.rstrip(_QUOTES)
    if written in _HARMLESS or _PLACE.fullmatch(written):
        return start
    if bare and ":" in separator and "cookie" in name.lower():
        rest = _REST_OF_LINE.match(text, start)
        return rest.end() if rest else start
    return start + len(written)


def _end_of_group(text: str, start: int) -> int:
    depth = 0
    for bracket in _BRACKET.finditer(text, start):
        depth += 1 if bracket[0] in "[{(" else -1
        if depth == 0:
            return bracket.end()
    return len(text)
