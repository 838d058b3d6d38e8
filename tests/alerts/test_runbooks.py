"""What to do about each alert."""

from __future__ import annotations

from obskit.alerts.runbooks import RUNBOOKS, text


def test_a_section_says_what_it_means_what_to_look_at_and_what_to_do() -> None:
    book = RUNBOOKS["Watchdog"]
    section = f"\n## Watchdog\n\n{book.means}\n\n**Look at:** {book.look}\n\n**Do:** {book.do}\n"
    assert section in text()


def test_no_part_of_any_is_left_out() -> None:
    for name, book in RUNBOOKS.items():
        assert all((book.means, book.look, book.do)), name


def test_sections_stand_in_the_order_of_their_names() -> None:
    headings = [line[3:] for line in text().splitlines() if line.startswith("## ")]
    assert headings == sorted(RUNBOOKS)
