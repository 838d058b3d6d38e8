"""What a receiver's answer to a batch means."""

from __future__ import annotations

import email.utils
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from obskit.clock import SYSTEM_CLOCK
from obskit.redaction.sensitive import redact_url

Kind = Literal["accepted", "retry", "too_large", "refused"]

# OTLP specification, OTLP/HTTP Response: retryable response codes.
_RETRYABLE = frozenset({429, 502, 503, 504})
_TOO_LARGE = 413
_LONGEST_PAUSE = 3_600.0
_MAX_MESSAGE = 300
# What a message is made of; the rest of a long page says no more.
_MAX_TEXT = 4_096
_MAX_BODY = 1024 * 1024
_MARKUP = re.compile(r"<[^<>]*>")
_DIGITS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True)
class Answer:
    """What became of a batch.

    Attributes:
        kind: `accepted`, `retry` (send it again later), `too_large` (send it in parts) or `refused`
            (sending it again would not help).
        rejected: Records that an accepting receiver did not take.
        retry_after: Seconds that the receiver asks to wait.
        reason: In a word, as a counter has it: `http_503`, `timeout`, `rejected`, …. Empty when
            there is nothing to say.
        message: In a line, for a person; at most 300 characters.
    """

    kind: Kind
    rejected: int = 0
    retry_after: float | None = None
    reason: str = ""
    message: str = ""


def read_answer(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """What an answer means (OTLP specification, OTLP/HTTP Response). Never raises.

    Args:
        status: The HTTP status.
        headers: The answer's headers; case does not count.
        body: As it came: it may be compressed, cut short, or no OTLP at all.

    >>> read_answer(503, {"Retry-After": "7"}, b"").retry_after
    7.0
    >>> read_answer(400, {}, b"no such tenant").message
    'HTTP 400: no such tenant'
    """
    known = {name.lower(): str(value) for name, value in headers.items()}
    content = _decompressed(body, known.get("content-encoding", ""))
    reason = f"http_{status}"
    if 200 <= status < 300:  # noqa: PLR2004
        if known.get("content-type", "").lower().startswith("text/html"):
            told = f"HTTP {status} with a web page: the endpoint is no receiver of OTLP"
            return Answer("refused", reason="web_page", message=told)
        return _accepted(content)
    if 300 <= status < 400:  # noqa: PLR2004
        where = known.get("location", "") or "an unknown place"
        told = line(f"HTTP {status}: it redirects to {where}; redirects are not followed")
        return Answer("refused", reason="redirect", message=told)
    detail = _error_text(content)
    message = line(f"HTTP {status}: {detail}" if detail else f"HTTP {status}")
    if status in _RETRYABLE or status < 200:  # noqa: PLR2004
        return Answer("retry", retry_after=_retry_after(known), reason=reason, message=message)
    return Answer(
        "too_large" if status == _TOO_LARGE else "refused", reason=reason, message=message
    )


def line(text: str) -> str:
    r"""A text in one line: bounded, without control characters, without passwords in its URLs.

    >>> line("no\x1b[31m\n such tenant")
    'no [31m such tenant'
    """
    shown = "".join(each if each.isprintable() else " " for each in text[:_MAX_TEXT])
    shown = redact_url(" ".join(shown.split()))
    return shown if len(shown) <= _MAX_MESSAGE else shown[: _MAX_MESSAGE - 1] + "…"


def _accepted(content: bytes | None) -> Answer:
    if content == b"":
        return Answer("accepted")
    try:
        rejected, told = _partial_success(content)
    except (ValueError, RecursionError):
        told = "accepted, with an answer that is not OTLP; is the endpoint the right one?"
        return Answer("accepted", reason="garbage", message=told)
    if rejected:
        told = told or f"{rejected} records were rejected"
        return Answer("accepted", rejected, reason="rejected", message=line(told))
    return Answer("accepted", reason="warning" if told else "", message=line(told))


def _partial_success(content: bytes | None) -> tuple[int, str]:
    """How many records were rejected, and why. Raises `ValueError` where it cannot be read."""
    if content is None:
        raise ValueError
    if _is_json(content):
        return _partial_success_in(json.loads(content))
    rejected, told = 0, ""
    for number, value in _fields(content):
        if number == 1 and isinstance(value, bytes):
            for inner, part in _fields(value):
                if inner == 1 and isinstance(part, int):
                    # An int64; a negative one is written as its complement.
                    rejected = part if part < 1 << 63 else 0
                elif inner == 2 and isinstance(part, bytes):  # noqa: PLR2004
                    told = part.decode("utf-8", "replace")
    return rejected, told


def _partial_success_in(content: Any) -> tuple[int, str]:
    found = content.get("partialSuccess", content.get("partial_success")) or {}
    if not isinstance(found, dict):
        raise ValueError  # noqa: TRY004 - what the caller takes for garbage
    rejected = 0
    for name, value in found.items():
        # rejectedSpans, rejectedDataPoints, rejectedLogRecords; an int64 is text in JSON.
        if name.startswith("rejected") and type(value) in {int, str}:
            rejected = max(0, int(value))
    told = found.get("errorMessage", found.get("error_message"))
    return rejected, told if isinstance(told, str) else ""


def _error_text(content: bytes | None) -> str:
    """What the body of an error says: google.rpc.Status as protobuf or JSON, or any text."""
    if content is None:
        return ""
    try:
        if _is_json(content):
            return _error_in(json.loads(content))
        told = [value for number, value in _fields(content) if number == 2]  # noqa: PLR2004
        if told and isinstance(told[-1], bytes):
            return told[-1].decode("utf-8")
    except (ValueError, RecursionError):
        pass
    return _MARKUP.sub(" ", content[:_MAX_TEXT].decode("utf-8", "replace"))


def _error_in(content: Any) -> str:
    for name in ("message", "error", "detail"):
        told = content.get(name)
        if isinstance(told, dict):
            told = told.get("message")
        if isinstance(told, str) and told:
            return told
    raise ValueError


def _is_json(content: bytes) -> bool:
    # No message in protobuf begins like this: it would be the start of a group.
    return content[:64].lstrip().startswith(b"{")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message in protobuf. Raises `ValueError` where it is none."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise ValueError
        if wire == _VARINT:
            value, position = _varint(data, position)
            yield number, value
            continue
        if wire == _BYTES:
            size, position = _varint(data, position)
        elif wire in {_FIXED64, _FIXED32}:
            size = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError
        if position + size > len(data):
            raise ValueError
        yield number, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[position : position + 10]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:  # noqa: PLR2004
            return value & (1 << 64) - 1, position + place + 1
    raise ValueError


def _decompressed(body: bytes, encoding: str) -> bytes | None:
    """The body, or None where it cannot be read."""
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"} or not body:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        return None
    try:
        reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
        content = reader.decompress(body, _MAX_BODY)
    except zlib.error:
        return None
    return content if reader.eof else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from a number of them or from a date (RFC 9110, section 10.2.3)."""
    given = headers.get("retry-after", "").strip()[:64]
    if _DIGITS.fullmatch(given):
        seconds = float(given)
    else:
        moment = _moment(given)
        if moment is None:
            return None
        # By the receiver's own clock where it tells it: ours may be wrong.
        now = _moment(headers.get("date", ""))
        seconds = moment - (SYSTEM_CLOCK.now() if now is None else now)
    return min(max(0.0, seconds), _LONGEST_PAUSE)


def _moment(given: str) -> float | None:
    parts = email.utils.parsedate_tz(given[:64])
    if parts is None:
        return None
    try:
        return float(email.utils.mktime_tz(parts))
    except (ValueError, OverflowError):
        return None
