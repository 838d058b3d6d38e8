"""Sizes as people read them."""

from __future__ import annotations

import pytest

from obskit.size import format_size


@pytest.mark.parametrize(
    ("count", "written"),
    [
        (0, "0 B"),
        (1_023, "1023 B"),
        (1_024, "1.0 KiB"),
        (10_239, "10.0 KiB"),
        (10_240, "10 KiB"),
        (1_073_741_824, "1.0 GiB"),
        (2**60, "1024 PiB"),
    ],
)
def test_a_size_is_written_in_its_largest_unit(count: int, written: str) -> None:
    assert format_size(count) == written
