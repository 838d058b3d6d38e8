"""YAML as people read it."""

from __future__ import annotations

from obskit.alerts.yaml_text import dump


def test_an_expression_of_several_lines_stays_one_and_a_long_line_is_not_folded() -> None:
    assert dump({"expr": "a\n> 1", "long": "word " * 60 + "end"}) == (
        "expr: |-\n  a\n  > 1\nlong: " + "word " * 60 + "end\n"
    )


def test_keys_keep_their_order_and_nothing_refers_to_elsewhere() -> None:
    shared = {"b": 1, "a": 2}
    assert dump([shared, shared]) == "- b: 1\n  a: 2\n- b: 1\n  a: 2\n"


def test_letters_beyond_ascii_are_written_as_they_are() -> None:
    assert dump({"summary": "Prüfung"}) == "summary: Prüfung\n"
