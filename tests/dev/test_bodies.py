"""Bodies are read whole and never grow beyond the limit."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.dev.bodies import BodyError, decompress, read_body


def read(body: bytes, limit: int = 100, **headers: str) -> bytes:
    """Read a body with headers whose underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_body(io.BytesIO(body), named, limit)  # type: ignore[arg-type]


def refusal(function: object, *args: object, **fields: object) -> tuple[int, str]:
    """The status and the reason with which a body is refused."""
    with pytest.raises(BodyError) as caught:
        function(*args, **fields)  # type: ignore[operator]
    return caught.value.status, str(caught.value)


def test_a_body_is_as_long_as_the_request_says() -> None:
    assert read(b"spans and more", Content_Length="5") == b"spans"


@pytest.mark.parametrize("length", ["", "five", "-1", "٣"])
def test_a_request_without_a_usable_length_is_refused(length: str) -> None:
    assert refusal(read, b"spans", Content_Length=length) == (411, "the request says no length")


def test_a_body_that_ends_early_is_refused() -> None:
    assert refusal(read, b"spa", Content_Length="5") == (400, "the body ended early")


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    assert read(b"x" * 100, Content_Length="100") == b"x" * 100


def test_a_body_above_the_limit_is_read_off_and_refused() -> None:
    stream = io.BytesIO(b"x" * 101)
    headers = {"Content-Length": "101"}
    assert refusal(read_body, stream, headers, 100) == (413, "the body is larger than 100 bytes")
    assert stream.read() == b""


def test_a_huge_body_is_refused_without_reading_it_all() -> None:
    stream = io.BytesIO(b"x" * 1000)
    assert refusal(read_body, stream, {"Content-Length": "1000"}, 100)[0] == 413
    assert stream.tell() == 200


def test_a_chunked_body_is_joined() -> None:
    body = b"3;note=x\r\nspa\r\n2\r\nns\r\n0\r\nTrailer: x\r\n\r\nnext request"
    stream = io.BytesIO(body)
    assert read_body(stream, {"Transfer-Encoding": "Chunked"}, 100) == b"spans"  # type: ignore[arg-type]
    assert stream.read() == b"next request"


@pytest.mark.parametrize("body", [b"", b"zz\r\nab\r\n", b"-1\r\nab\r\n"])
def test_a_body_that_is_not_well_chunked_is_refused(body: bytes) -> None:
    expected = (400, "the body is not well chunked")
    assert refusal(read, body, Transfer_Encoding="chunked") == expected


def test_chunks_above_the_limit_are_refused() -> None:
    body = b"40\r\n" + b"x" * 64 + b"\r\n" + b"25\r\n" + b"x" * 37 + b"\r\n0\r\n\r\n"
    expected = (413, "the body is larger than 100 bytes")
    assert refusal(read, body, Transfer_Encoding="chunked") == expected


def test_endless_trailers_are_left() -> None:
    body = b"0\r\n" + b"A: b\r\n" * 1000
    assert read(body, Transfer_Encoding="chunked") == b""


RAW_DEFLATE = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", b"spans"),
        ("identity", b"spans"),
        (" GZIP ", gzip.compress(b"spans")),
        ("gzip", gzip.compress(b"sp") + gzip.compress(b"ans")),
        ("deflate", zlib.compress(b"spans")),
        ("deflate", RAW_DEFLATE.compress(b"spans") + RAW_DEFLATE.flush()),
    ],
)
def test_a_body_is_decompressed(encoding: str, body: bytes) -> None:
    assert decompress(body, encoding, 5) == b"spans"


def test_a_bomb_is_refused_before_it_is_large() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    expected = (413, "the body is larger than 1000 bytes decompressed")
    assert refusal(decompress, bomb, "gzip", 1000) == expected


def test_a_bomb_of_several_members_is_refused() -> None:
    bomb = gzip.compress(bytes(600)) * 2
    assert refusal(decompress, bomb, "gzip", 1000)[0] == 413


def test_a_bomb_of_many_empty_members_is_refused() -> None:
    expected = (400, "the compressed body is in too many parts")
    assert refusal(decompress, gzip.compress(b"") * 65, "gzip", 1000) == expected


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_empty_compressed_body_is_refused(encoding: str) -> None:
    assert refusal(decompress, b"", encoding) == (400, "the compressed body ended early")


def test_a_compressed_body_that_is_cut_short_is_refused() -> None:
    body = gzip.compress(b"spans")[:-9]
    assert refusal(decompress, body, "gzip") == (400, "the compressed body ended early")


def test_a_broken_compressed_body_is_refused() -> None:
    status, reason = refusal(decompress, b"not compressed", "gzip")
    assert (status, reason.partition(":")[0]) == (400, "the compressed body is broken")


def test_an_unknown_encoding_is_refused() -> None:
    expected = (415, "the content encoding 'zstd' is not known")
    assert refusal(decompress, b"spans", "zstd") == expected


def test_brotli_is_read_where_it_is_installed() -> None:
    brotli = pytest.importorskip("brotli")
    body = brotli.compress(b"spans" * 100)
    assert decompress(body, "br", 500) == b"spans" * 100
    assert refusal(decompress, body, "br", 499)[0] == 413
    assert refusal(decompress, body[:-4], "br") == (400, "the compressed body ended early")
    assert refusal(decompress, b"\xff\xff\xff", "br")[0] == 400


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (None, "the content encoding 'br' needs: pip install brotli"),
        (type("old", (), {}), "the content encoding 'br' needs brotli 1.2 or newer"),
    ],
)
def test_brotli_that_cannot_be_bounded_is_refused(
    monkeypatch: pytest.MonkeyPatch, module: object, reason: str
) -> None:
    if module is not None:
        module.error = ValueError  # type: ignore[attr-defined]
        decoder = type("Decompressor", (), {"process": lambda _self, _body: b""})
        module.Decompressor = decoder  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "brotli", module)
    assert refusal(decompress, b"", "br") == (415, reason)


@settings(deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["gzip", "deflate", "br", "identity"]),
    st.integers(0, 300),
)
def test_whatever_comes_is_bounded_or_refused(body: bytes, encoding: str, limit: int) -> None:
    try:
        assert len(decompress(body, encoding, limit)) <= max(limit, len(body))
    except BodyError as error:
        assert error.status in (400, 413, 415)
