"""Request bodies: read whole, decompressed, and never more than a limit."""

from __future__ import annotations

import zlib
from io import BufferedIOBase
from typing import Protocol

#: Bytes of a body, after decompression.
BODY_LIMIT = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_CHUNK_HEADER_LIMIT = 1024
_LENGTH_DIGITS = 18
# Every member costs a copy of what follows it, so a body of empty members would take minutes.
_GZIP_MEMBERS = 64


class BodyError(Exception):
    """The body cannot be taken.

    Attributes:
        status: The HTTP status to answer with.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class _Headers(Protocol):
    def get(self, name: str, failobj: str = ...) -> str: ...


def read_body(stream: BufferedIOBase, headers: _Headers, limit: int = BODY_LIMIT) -> bytes:
    """Read a request's body off the connection.

    Args:
        stream: The connection, after the headers.
        headers: The request's headers.
        limit: The most bytes to take.

    Returns:
        The body as it was sent, still compressed.

    Raises:
        BodyError: The body is larger than the limit, cut short or has no length.
    """
    if headers.get("Transfer-Encoding", "").strip().lower() == "chunked":
        return _read_chunked(stream, limit)
    length = headers.get("Content-Length", "").strip()
    # isdigit() alone would let through digits of other scripts.
    if not (length.isascii() and length.isdigit()):
        raise BodyError(411, "the request says no length")
    # Python reads no more than 4,300 digits.
    size = int(length[-_LENGTH_DIGITS:]) if length[:-_LENGTH_DIGITS].strip("0") == "" else 2 * limit
    if size > limit:
        _discard(stream, min(size, 2 * limit))
        raise BodyError(413, f"the body is larger than {limit} bytes")
    return _read_exactly(stream, size)


def decompress(body: bytes, encoding: str, limit: int = BODY_LIMIT) -> bytes:
    """Undo the content encoding, never producing more than the limit.

    Args:
        body: The body as it was sent.
        encoding: The `Content-Encoding` header: gzip, deflate, br or nothing.
        limit: The most bytes to produce.

    Raises:
        BodyError: The encoding is unknown, the data broken, or the result larger than the limit.

    >>> decompress(zlib.compress(b"span"), "deflate")
    b'span'
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding == "gzip":
        return _inflate(body, zlib.MAX_WBITS | 16, limit)
    if encoding == "deflate":
        # Some senders leave out the zlib header. Where there is one, it begins like this.
        has_header = body.startswith(b"\x78")
        return _inflate(body, zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS, limit)
    if encoding == "br":
        return _unbrotli(body, limit)
    raise BodyError(415, f"the content encoding {encoding!r} is not known")


def _read_exactly(stream: BufferedIOBase, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise BodyError(400, "the body ended early")
    return body


def _read_chunked(stream: BufferedIOBase, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while True:
        header = stream.readline(_CHUNK_HEADER_LIMIT).partition(b";")[0].strip()
        try:
            size = int(header, 16)
        except ValueError:
            raise BodyError(400, "the body is not well chunked") from None
        if size < 0:
            raise BodyError(400, "the body is not well chunked")
        if size > left:
            raise BodyError(413, f"the body is larger than {limit} bytes")
        if size == 0:
            _skip_trailers(stream)
            return b"".join(parts)
        left -= size
        parts.append(_read_exactly(stream, size))
        stream.readline(_CHUNK_HEADER_LIMIT)


def _skip_trailers(stream: BufferedIOBase) -> None:
    for _ in range(100):
        if not stream.readline(_CHUNK_HEADER_LIMIT).strip():
            return


def _discard(stream: BufferedIOBase, size: int) -> None:
    # A sender that is still writing does not read the answer.
    while size > 0 and (part := stream.read(min(size, _CHUNK))):
        size -= len(part)


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    out = bytearray()
    try:
        for _ in range(_GZIP_MEMBERS):
            member = zlib.decompressobj(window)
            out += member.decompress(body, limit + 1 - len(out))
            if len(out) > limit:
                raise BodyError(413, f"the body is larger than {limit} bytes decompressed")
            if not member.eof:
                raise BodyError(400, "the compressed body ended early")
            body = member.unused_data
            if not body:
                return bytes(out)
    except zlib.error as error:
        raise BodyError(400, f"the compressed body is broken: {error}") from None
    raise BodyError(400, "the compressed body is in too many parts")


def _unbrotli(body: bytes, limit: int) -> bytes:
    try:
        # Not a dependency: sentry-sdk compresses with it where the host happens to have it.
        import brotli  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ModuleNotFoundError:
        raise BodyError(415, "the content encoding 'br' needs: pip install brotli") from None
    decoder = brotli.Decompressor()
    try:
        out: bytes = decoder.process(body, output_buffer_limit=limit + 1)
    except TypeError:
        raise BodyError(415, "the content encoding 'br' needs brotli 1.2 or newer") from None
    except brotli.error as error:
        raise BodyError(400, f"the compressed body is broken: {error}") from None
    if len(out) > limit:
        raise BodyError(413, f"the body is larger than {limit} bytes decompressed")
    if not decoder.is_finished():
        raise BodyError(400, "the compressed body ended early")
    return out
