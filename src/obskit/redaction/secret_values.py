"""Secrets in free text, found by their own shape or by the name in front of them.

Cost is bounded by design: a repetition is either bounded, or nothing that could fail follows it, so
that each pass walks a text once. Ordinary text is told by one pass and returned as it is.
"""

from __future__ import annotations

import re
from base64 import b64decode
from functools import cache
from itertools import pairwise
from typing import Any

from obskit.redaction import rules as redaction_rules
from obskit.redaction.card_numbers import redact_cards
from obskit.redaction.named_values import redact_named
from obskit.redaction.sensitive import MASK

# Something of this is in every text that holds a secret of a known shape. Every branch begins with
# a letter of its own: the engine then skips all others.
_SHAPES = (
    r"-(?:(?<=pat-|ypi-|ox[a-z]-)|(?<=sk-)|(?=----(?:BEGIN|END))|(?<=app-))"
    r"|_(?<=gh[pousr]_|pat_|ive_|est_|sec_|npm_|_v1_)|_(?<=hf_)|S(?=G\.)|J(?<=eyJ)"
    r"|A(?=KIA|SIA|Iza)|B(?=earer|asic|EARER)|b(?=earer|asic)"
    r"|2(?=\d{3}[ -]?\d{4})|3(?=\d{3}[ -]?\d{4})|4(?=\d{3}[ -]?\d{4})|5(?=\d{3}[ -]?\d{4})"
    r"|6(?=\d{3}[ -]?\d{4})"
)
_TRIGGER = re.compile(rf"=|:(?<![0-9]:)(?!//)|,(?<=['\"],)|{_SHAPES}|-(?<=--)(?<!---)(?=\w)")
_SHAPE = re.compile(_SHAPES)
_triggers = _TRIGGER.search
# Behind a letter it is part of a word, unless that letter is of an escape.
_START = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<=\\[nrt]))"


@cache
def _tokens() -> re.Pattern[str]:
    """Compiled when first needed, as the other long ones: that takes longer than their module does."""
    return re.compile(
        r"(?P<jwt>eyJ[\w.-]*)"
        r"|(?P<scheme>(?<![A-Za-z])(?:[Bb]earer|BEARER|[Bb]asic)(?:[ \t]{1,4}|%20|\+))"
        r"(?P<credentials>[A-Za-z0-9._~+/%=-]{8,})"
        r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"  # GitHub
        r"|glpat-[\w.-]{16,}"  # GitLab
        r"|xox[abceoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}"  # Slack
        r"|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{10,}"  # Stripe
        rf"|{_START}(?:AKIA|ASIA)[A-Z0-9]{{16}}(?![A-Za-z0-9])"  # AWS
        r"|AIza[\w-]{30,}"  # Google
        rf"|{_START}sk-(?:(?:proj|ant|svcacct|admin|or)-[\w-]{{16,}}|[A-Za-z0-9]{{32,}})"  # OpenAI, …
        rf"|{_START}SG\.[\w-]{{16,}}\.[\w-]{{16,}}"  # SendGrid
        rf"|{_START}npm_[A-Za-z0-9]{{30,}}|{_START}hf_[A-Za-z0-9]{{30,}}"  # npm, Hugging Face
        r"|pypi-Ag[\w-]{20,}"  # PyPI
        r"|do[opr]_v1_[0-9a-f]{32,}"  # DigitalOcean
    )


_LEAST_PART = len("eyJhbGciOi")
_EMAIL = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z]{2,24}"
)
_KEY_BEGINS = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_KEY_ENDS = re.compile(r"-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
# A key's body, also where line ends are written as backslash and letter.
_BODY = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\\r\n\t "
_LONG = 20

#: Characters that a pattern of the host's own sees at once, and how many of them twice.
WINDOW = 4_096
OVERLAP = 1_024


def redact_values(text: str) -> str:
    """A text with the secrets masked that have a shape of their own or a name in front of them.

    Args:
        text: Any text. Its length should be bounded: the time grows with it, linearly.

    Returns:
        The text itself where nothing was found.

    >>> redact_values("called with Bearer 5f2c-99ab-1d by card 4111-1111-1111-1111")
    'called with Bearer [redacted] by card [redacted]'
    >>> redact_values("GET /orders?page=2 took 0.2 s")
    'GET /orders?page=2 took 0.2 s'
    """
    rules = redaction_rules.active
    if not rules.on:
        return text
    if _triggers(text) is not None:
        if _SHAPE.search(text) is not None:
            text = _redact_shapes(text)
        text = redact_named(text)
    if rules.emails and "@" in text:
        text = _EMAIL.sub(MASK, text)
    if rules.patterns:
        for pattern in rules.patterns:
            text = _redact_pattern(pattern, text)
    return text


def _redact_shapes(text: str) -> str:
    if "PRIVATE KEY" in text:
        text = _redact_keys(text)
    return redact_cards(_tokens().sub(_masked, text))


def _masked(match: re.Match[str]) -> str:
    if match["jwt"] is not None:
        return _without_jwt(match[0])
    if match["scheme"] is None:
        return MASK
    given = match["credentials"]
    told = _is_basic(given) if match["scheme"][1:5].lower() == "asic" else _is_opaque(given)
    return match["scheme"] + MASK if told else match[0]


def _without_jwt(given: str) -> str:
    """RFC 7519: parts with dots between them, of which the first begins as `{"` does in base64."""
    parts = given.split(".")
    for number, (part, following) in enumerate(pairwise(parts)):
        if part.startswith("eyJ") and min(len(part), len(following)) >= _LEAST_PART:
            return ".".join((*parts[:number], MASK)) + given[len(given.rstrip(".")) :]
    return given


def _is_opaque(given: str) -> bool:
    """No word: `Bearer authentication` names no secret."""
    return len(given) >= _LONG or not (given.isalpha() and given[1:].islower())


def _is_basic(given: str) -> bool:
    """RFC 7617: a user and a password with a colon between them, in base64."""
    try:
        return b":" in b64decode(given.rstrip("=.").encode() + b"==")
    except ValueError:
        return False


def _redact_keys(text: str) -> str:
    """Private keys masked; one that was cut off, to the end or from the beginning of the text."""
    kept: list[str] = []
    position = 0
    begin, end = _KEY_BEGINS.search(text), _KEY_ENDS.search(text)
    if end is not None and (begin is None or end.start() < begin.start()):
        kept += [text[: end.start()].rstrip(_BODY), MASK]
        position = end.end()
    while begin is not None:
        kept += [text[position : begin.start()], MASK]
        end = _KEY_ENDS.search(text, begin.end())
        if end is None:
            return "".join(kept)
        position = end.end()
        begin = _KEY_BEGINS.search(text, position)
    return "".join((*kept, text[position:]))


def _redact_pattern(pattern: re.Pattern[str], text: str) -> str:
    """What a pattern matches masked, in windows, so that its cost for one text is bounded."""
    if len(text) <= WINDOW:
        return pattern.sub(lambda match: MASK if match[0] else "", text)
    kept: list[str] = []
    done = 0
    for start in range(0, len(text), WINDOW - OVERLAP):
        for match in pattern.finditer(text, start, min(len(text), start + WINDOW)):
            if match.end() <= done or not match[0]:
                continue
            if match.start() >= done:
                kept += [text[done : match.start()], MASK]
            done = match.end()
    return "".join((*kept, text[done:]))


def own_word(key: str, value: Any) -> Any:
    """What the host's own function makes of a value; the mask, where the function fails.

    Args:
        key: The name that the value stands under, or "".
        value: Text, a number.
    """
    function = redaction_rules.active.function
    if function is None or not redaction_rules.active.on:
        return value
    try:
        given = function(key, value)
    except Exception:  # whatever the host's function does
        given = NotImplemented
    if given is None or type(given) in {str, int, float, bool}:
        return given
    redaction_rules.count_failure()
    return MASK
