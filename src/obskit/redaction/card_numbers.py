"""Numbers of payment cards in texts: an issuer's prefix, a length that it has, and Luhn's sum."""

from __future__ import annotations

import re
from functools import cache

from obskit.redaction.sensitive import MASK


# ISO/IEC 7812: the ranges that issuers have, each with its lengths. No time since 1970 in
# seconds, milliseconds, microseconds or nanoseconds begins so before the year 2040.
@cache
def _issuer() -> re.Pattern[str]:
    return re.compile(
        r"4(?:\d{12}|\d{15}|\d{18})"
        r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
        r"|3[47]\d{13}"
        r"|(?:6011|64[4-9]\d|65\d\d|62\d\d|35[2-8]\d)\d{12,15}"
        r"|(?:30[0-5]\d|36\d\d|3[89]\d\d)\d{10,15}"
        r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}"
    )


# As they are written: in one, in groups of four, in those of American Express and Diners Club.
_WRITTEN = re.compile(
    r"(?<![0-9A-Za-z])(?<!\d\.)"
    r"(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}([ -])\d{6}\2\d{4,5}|\d{13,19})"
    r"(?![0-9A-Za-z])(?!\.\d)"
)
_GROUPED = len("4111 1111 1111 1111")
_FEWEST, _MOST = 10**12, 10**19


def redact_cards(text: str) -> str:
    """A text with the numbers of cards masked.

    >>> redact_cards("paid with 4111 1111 1111 1111 at 1714989000123")
    'paid with [redacted] at 1714989000123'
    """
    return _WRITTEN.sub(_masked, text)


def is_card(number: int) -> bool:
    """Whether a whole number is that of a card.

    >>> is_card(4111111111111111), is_card(4111111111111112)
    (True, False)
    """
    return _FEWEST <= number < _MOST and _is_card(str(number))


def _masked(match: re.Match[str]) -> str:
    written = match[0]
    if _is_card(written):
        return MASK
    # Three digits behind the four groups may be another number.
    head = written[:_GROUPED]
    if match[1] and len(written) > _GROUPED and _is_card(head):
        return MASK + written[_GROUPED:]
    return written


def _is_card(written: str) -> bool:
    digits = written.replace(" ", "").replace("-", "")
    return _issuer().fullmatch(digits) is not None and _luhn(digits) % 10 == 0


def _luhn(digits: str) -> int:
    """ISO/IEC 7812-1, annex B: every second digit from the right is doubled."""
    odd = sum(int(digit) for digit in digits[-1::-2])
    return odd + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
