"""Lines that differ in what varies are of one kind, and others are not."""

from __future__ import annotations

import pytest

from obskit.checks.library.template import template_of


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("user 17 logged in", "user 4212 logged in"),
        ("Jan  5 10:00:00 web sshd[1]: failed", "Feb 15 23:59:59 web sshd[22]: failed"),
        ("took 1.5s", "took 20.75s"),
        (
            "order 0b8c5d28-7a1e-4c26-abcd-feedfacecafe",
            "order deadbeef-cafe-babe-dead-feedfacecafe",
        ),
        ("trace af8b0288828c5d287a1e4c266537eef5", "trace deadbeefdeadbeefdeadbeefdeadbeef"),
        ('no such user "Ada Lovelace"', 'no such user "Bob"'),
        ("no column named 'a b'", "no column named ''"),
        ("GET /orders/17/items", "GET /orders/9/items"),
        ("from 10.0.0.1:5432", "from 192.168.1.20:61000"),
        ("id req_8f3a2b", "id req_11"),
        ("Mon went", "Tue went"),
        ("a" * 1_000 + "x", "a" * 1_000 + "y"),
    ],
)
def test_lines_of_one_kind(one: str, another: str) -> None:
    assert template_of(one) == template_of(another)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("connection refused", "connection reset"),
        ("GET /orders/17", "GET /users/17"),
        ("can't open the file, it's gone", "can't open the door, it's gone"),
        ("worker-3 died", "job-3 died"),
        ("ERROR 5", "WARNING 5"),
        ("", "a"),
    ],
)
def test_lines_of_two_kinds(one: str, another: str) -> None:
    assert template_of(one) != template_of(another)


@pytest.mark.parametrize(
    ("line", "template"),
    [
        ("user 17 of shop_2", "user # of #"),
        ("  a\t b  ", "a b"),
        ("deadbeef beef", "# beef"),
        ("it's 'quoted' \"twice\"", 'it\'s "" ""'),
        ('an open "quote 5', 'an open "quote #'),
    ],
)
def test_what_a_line_is_reduced_to(line: str, template: str) -> None:
    assert template_of(line) == template
