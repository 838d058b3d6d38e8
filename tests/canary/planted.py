"""Secrets of many kinds, each its own, with what must not be found of it."""

from __future__ import annotations

import random
import string
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple
from urllib.parse import quote, quote_plus

_LETTERS = string.ascii_letters + string.digits


class Secret(NamedTuple):
    """What is planted, and the part of it that is the secret."""

    planted: str
    secret: str


def secret(kind: str, chance: random.Random) -> Secret:
    """A new one."""
    body = "".join(chance.choices(_LETTERS, k=35)) + "7"
    if kind == "card":
        digits = "4" + "".join(chance.choices(string.digits, k=14))
        whole = next(f"{digits}{last}" for last in range(10) if _luhn(f"{digits}{last}") == 0)
        return Secret(whole, whole)
    if kind == "jwt":
        header = urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
        return Secret(f"{header}.{body}.{body[::-1]}", body)
    if kind == "basic":
        encoded = b64encode(f"ann:{body}".encode()).decode()
        return Secret(f"Basic {encoded}", encoded)
    return Secret(_FORMS[kind].format(body), body)


_FORMS = {
    "bearer": "Bearer {}",
    "key": "-----BEGIN PRIVATE KEY-----{}-----END PRIVATE KEY-----",
    "github": "ghp_{}",
    "gitlab": "glpat-{}",
    "slack": "xoxb-{}",
    "stripe": "sk_live_{}",
    "google": "AIza{}",
    "anthropic": "sk-ant-api03-{}",
    "npm": "npm_{}",
    "dsn": "postgres://app:{}@db.example:5432/shop",
    "named": "password={}",
    "url": "https://x.example/a?access_token={}",
    "plain": "{}",
}
SHAPES = ("bearer", "card", "jwt", "basic", *(kind for kind in _FORMS if kind != "plain"))
_OWN_KIND = {
    "whole number": "card",
    "URL of an outgoing request": "dsn",
    **dict.fromkeys(("cookie", "path", "parameter", "baggage", "trace state"), "github"),
}


def secrets(places: tuple[str, ...], named: tuple[str, ...]) -> dict[str, Secret]:
    """One for each place; those with a sensitive name have no shape of their own."""
    chance = random.Random(4711)
    kinds = cycle(SHAPES)
    return {
        **{place: secret(_OWN_KIND.get(place) or next(kinds), chance) for place in places},
        **{place: secret("plain", chance) for place in named},
    }


def forms(text: str) -> Iterator[bytes]:
    """A text as it may stand in a body: as it is, in a URL, in JSON, in base64 at any offset."""
    raw = text.encode()
    yield raw
    yield quote(text, safe="").encode()
    yield quote_plus(text).encode()
    yield raw.replace(b"/", b"\\/").replace(b"+", b"\\u002b")
    for encode in (b64encode, urlsafe_b64encode):
        for offset in range(3):
            # What the neighbours have a share in is cut off.
            yield encode(b"\0" * offset + raw)[4 if offset else 0 : -4]


def _luhn(digits: str) -> int:
    odd = sum(int(digit) for digit in digits[-1::-2])
    return (odd + sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])) % 10
