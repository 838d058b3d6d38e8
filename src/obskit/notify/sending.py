"""Sends a message by Apprise, which knows the ways to many services."""

from __future__ import annotations

import re
import warnings
from urllib.parse import urlsplit

try:
    import apprise
except ImportError as error:
    from obskit.exceptions import MissingExtra

    raise MissingExtra("notify", "Notifying people") from error

from obskit.notify.message import COLOURS, Message
from obskit.redaction import MASK, text

# It imports its services when it needs the first. What they use of Python may be deprecated, which
# is no news to this host, and no reason to fail where warnings are errors.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    apprise.Apprise.instantiate("json://localhost")

_WARNING = 30
# What messages are said to come from.
_ASSET = apprise.AppriseAsset(
    app_id="obskit", app_desc="obskit", app_url="", html_notify_map=dict(COLOURS)
)
# How Apprise begins a line of its log.
_PREFIX = re.compile(r"^[\d-]+ [\d:,]+ - \w+ - ", re.MULTILINE)
# What hears of one incident at a time takes no more than one message for it.
_WHOLE = frozenset(("pagerduty", "opsgenie", "sms"))

# Shorter words are none that must be kept secret, and stand in every text.
_SECRET = 9


def send(url: str, kind: str, message: Message) -> str | None:
    """Send a message, and wait until it is taken.

    Args:
        url: Where to, as Apprise writes it.
        kind: The kind of the channel.
        message: What.

    Returns:
        Why it was not taken, without secrets; or None.
    """
    with apprise.LogCapture(level=_WARNING) as log:  # type: ignore[no-untyped-call]
        try:
            service = apprise.Apprise.instantiate(url, asset=_ASSET)
            if service is None:
                return _why(log.getvalue(), url) or "Apprise knows no service with such a URL"
            mode = apprise.OverflowMode
            service.overflow_mode = mode.TRUNCATE if kind in _WHOLE else mode.SPLIT
            one = apprise.Apprise()
            one.add(service)
            is_html = kind == "email"
            taken = one.notify(
                title=message.title,
                body=message.html if is_html else _short(kind, message),
                notify_type=message.tone,
                body_format="html" if is_html else "text",
            )
        except Exception as failure:  # a service that somebody has written
            return _why(f"{type(failure).__name__}: {failure}", url)
        return None if taken else _why(log.getvalue(), url) or "it was not taken"


def _short(kind: str, message: Message) -> str:
    """The text, as far as there is room for it."""
    return message.text.partition("\n\n")[0] if kind == "sms" else message.text


def _why(told: str, url: str) -> str:
    """What Apprise logged, in one line. What it knows from the URL, it may log."""
    host = urlsplit(url).hostname
    for part in sorted(set(re.split(r"[/:@?&=]+", url)), key=len, reverse=True):
        if len(part) >= _SECRET and part.lower() != host:
            told = told.replace(part, MASK)
    return text("; ".join(_PREFIX.sub("", told).split("\n")).strip("; "))[:500]
