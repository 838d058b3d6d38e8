"""Values of JSON with their secrets masked and nothing else changed: no bound, no cut."""

from __future__ import annotations

from typing import Any

from obskit.redaction import rules as redaction_rules
from obskit.redaction.card_numbers import is_card
from obskit.redaction.secret_values import own_word, redact_values
from obskit.redaction.sensitive import MASK, is_sensitive, redact_url

_PAIR = 2
# A mask that stands there already is as good as ours.
_MASKS = (MASK, "[Filtered]")


def masked(value: Any, key: str = "") -> Any:
    """A copy of a value with the secrets in it masked, by names and by shapes.

    Args:
        value: What `json.loads` may give. Values of other types stay as they are.
        key: The name that it stands under.

    Raises:
        RecursionError: It is nested deeper than the interpreter can follow.

    >>> masked({"user": "ann", "password": "hunter2", "note": "see https://a:b@host"})
    {'user': 'ann', 'password': '[redacted]', 'note': 'see https://a:[redacted]@host'}
    """
    if value is None or value is True or value is False or not redaction_rules.active.on:
        return value
    if key and is_sensitive(key):
        return value if value in _MASKS else MASK
    kind = type(value)
    if kind is str:
        return own_word(key, redact_values(redact_url(value)))
    if kind is int or kind is float:
        return MASK if kind is int and is_card(value) else own_word(key, value)
    if kind is dict:
        return {
            name: masked(inner, name if type(name) is str else "") for name, inner in value.items()
        }
    if kind is list or kind is tuple:
        if (
            len(value) == _PAIR and type(value[0]) is str
        ):  # a name and its value, as headers have them
            return kind((masked(value[0]), masked(value[1], value[0])))
        return kind(masked(inner) for inner in value)
    return value
