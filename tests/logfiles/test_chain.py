"""A chain of records: any edit of it is found."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.logfiles import chain
from obskit.logfiles.chain import Head
from obskit.logfiles.verify import examine


def written(count: int) -> list[bytes]:
    head, lines = Head(), []
    for number in range(1, count + 1):
        line, head = chain.sealed(b'{"event":"e%d","who":"ann"}' % number, head)
        lines.append(line)
    return lines


LINES = written(9)
WHOLE = b"".join(LINES)


def findings(data: bytes) -> list[tuple[str, str]]:
    rows = ((f"audit.log:{n}", row) for n, row in enumerate(data.splitlines(keepends=True), 1))
    return [tuple(one) for one in examine(rows).findings]  # type: ignore[misc]


def test_a_record_holds_its_number_the_hash_before_and_its_own() -> None:
    first = b'{"event":"e1","who":"ann","seq":1,"prev":"' + b"0" * 64 + b'"'
    digest = hashlib.sha256(first).hexdigest()
    assert LINES[0] == first + b',"hash":"' + digest.encode() + b'"}\n'
    assert f'"seq":2,"prev":"{digest}"'.encode() in LINES[1]


def test_a_chain_that_nobody_touched_is_whole() -> None:
    seen = examine((("", row) for row in LINES), {4})
    assert (seen.records, seen.head.seq, seen.findings) == (9, 9, [])
    link = chain.read(LINES[3])
    assert link
    assert seen.hashes == {4: link.hash}


@settings(max_examples=400)
@given(st.data())
def test_any_single_edit_of_the_bytes_is_found(data: st.DataObject) -> None:
    """But a cut at the end of a record: the head, which is kept apart, knows of it."""
    at = data.draw(st.integers(0, len(WHOLE) - 1))
    end = data.draw(st.one_of(st.just(at), st.integers(at, len(WHOLE) - 1)))
    put = data.draw(st.one_of(st.binary(max_size=3), st.sampled_from(LINES), st.just(b"\n")))
    edited = WHOLE[:at] + put + WHOLE[end:]
    if edited == WHOLE:
        return
    assert findings(edited)


@given(st.permutations(range(9)))
def test_any_other_order_is_found(order: list[int]) -> None:
    moved = b"".join(LINES[number] for number in order)
    assert (findings(moved) == []) is (order == list(range(9)))


def test_what_was_done_is_said_with_the_record() -> None:
    fake, _ = chain.sealed(b'{"event":"fake"}', chain.read(LINES[3]).head)  # type: ignore[union-attr]
    other = b"1" if LINES[4].endswith(b'0"}\n') else b"0"
    for lines, expected in (
        (
            [*LINES[:4], LINES[4].replace(b"ann", b"eve"), *LINES[5:]],
            [("audit.log:5", "record 5 was changed")],
        ),
        (
            [*LINES[:4], fake, *LINES[5:]],
            [("audit.log:6", "record 6 follows another record 5, which was replaced")],
        ),
        ([*LINES[:4], *LINES[5:]], [("audit.log:5", "record 5 is missing before it")]),
        ([*LINES[:2], *LINES[5:]], [("audit.log:3", "records 3 to 5 are missing before it")]),
        ([*LINES[3:]], [("audit.log:1", "records 1 to 3 are missing before it")]),
        (
            [*LINES[:5], b'{"event":"mine"}\n', *LINES[5:]],
            [("audit.log:6", "is no record, behind record 5")],
        ),
        (
            [*LINES[:4], fake, *LINES[4:]],
            [
                (
                    "audit.log:6",
                    "record 5 stands here once more: one of them was inserted or moved",
                )
            ],
        ),
        ([*LINES[:8], LINES[8][:-40]], [("audit.log:9", "is no record, behind record 8")]),
        (
            [*LINES[:4], LINES[4][:-4] + other + b'"}\n', *LINES[5:]],
            [("audit.log:5", "record 5 was changed")],
        ),
    ):
        assert findings(b"".join(lines)) == expected
