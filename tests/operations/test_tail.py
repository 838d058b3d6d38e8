"""The last lines of an output."""

from __future__ import annotations

from obskit.operations.tail import Tail


def test_the_last_fifty_lines_are_kept() -> None:
    tail = Tail()
    for number in range(120):
        tail.add(1, f"line {number}\n".encode())
    lines = tail.lines()
    assert (len(lines), lines[0], lines[-1]) == (50, "line 70", "line 119")


def test_a_line_may_come_in_pieces() -> None:
    tail = Tail()
    for piece in (b"on", b"e\r\ntw", b"o\nthr", b"ee"):
        tail.add(1, piece)
    assert tail.lines() == ("one", "two", "three")


def test_lines_that_have_ended_are_given_back_whole() -> None:
    tail = Tail()
    assert tail.add(1, b"x" * 2_000) == []
    assert tail.add(2, b"other") == []
    assert tail.add(1, b"y\nnext\nhalf") == [b"x" * 2_000 + b"y", b"next"]
    assert (tail.rest(1), tail.rest(2), tail.rest(3)) == (b"half", b"other", b"")


def test_of_a_line_without_end_the_beginning_is_given_back() -> None:
    tail = Tail()
    tail.add(1, b"a" * 60_000)
    tail.add(1, b"b" * 60_000)
    assert tail.add(1, b"c\n") == [b"a" * 60_000 + b"b" * 5_536]


def test_streams_do_not_mix_within_a_line() -> None:
    tail = Tail()
    tail.add(1, b"half")
    tail.add(2, b"oops\n")
    tail.add(1, b" and half\n")
    assert tail.lines() == ("oops", "half and half")


def test_a_long_line_is_cut_and_takes_no_room() -> None:
    tail = Tail()
    for _ in range(100):
        tail.add(1, b"x" * 65_536)
    assert len(tail._rests[1]) == 65_536
    assert tail.lines() == ("x" * 1_000,)


def test_secrets_are_masked_also_at_a_cut() -> None:
    tail = Tail()
    tail.add(1, b"from redis://:hunter2@cache/0\n")
    tail.add(1, b"x" * 985 + b" redis://:hunter2canary@cache/0\n")
    first, second = tail.lines()
    assert first == "from redis://:[redacted]@cache/0"
    assert "hunt" not in second
    assert len(second) <= 1_000


def test_what_is_no_text_is_written_all_the_same() -> None:
    tail = Tail()
    tail.add(1, b"\xff\xfe\n")
    assert tail.lines() == ("\\xff\\xfe",)
