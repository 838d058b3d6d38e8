"""What a statement may tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obskit.telemetry.statement import statement_of


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT a FROM t WHERE b = 'it''s' AND c = 'x'", "SELECT a FROM t WHERE b = ? AND c = ?"),
        (
            "SELECT a1, t2.b3 FROM t2 LIMIT 21 OFFSET 40",
            "SELECT a1, t2.b3 FROM t2 LIMIT ? OFFSET ?",
        ),
        ("SELECT -1.5e-3, 0xFF, +7", "SELECT ?, ?, ?"),
        ("SELECT $tag$secret$tag$, $$also$$", "SELECT ?, ?"),
        ("SELECT a -- card 4111\nFROM t /* of Ann */", "SELECT a FROM t"),
        ("SELECT '-- no comment', b FROM t", "SELECT ?, b FROM t"),
        ("SELECT a FROM t WHERE b = 'never closed", "SELECT a FROM t WHERE b = ?"),
        ("SELECT a FROM t /* never closed", "SELECT a FROM t"),
        ("SELECT a FROM t WHERE b = E'it\\'s secret' OR c = 'too'", "SELECT a FROM t WHERE b = E?"),
        ("SELECT a FROM t WHERE b IN (1, 2, 3)", "SELECT a FROM t WHERE b IN (?)"),
        ('ROLLBACK TO SAVEPOINT "s1398_x12"', "ROLLBACK TO SAVEPOINT ?"),
        ("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)", "INSERT INTO t (a, b) VALUES (%s)"),
    ],
)
def test_no_value_is_told(sql: str, text: str) -> None:
    assert statement_of(sql).text == text


def test_double_quotes_are_names_but_for_mysql() -> None:
    sql = 'SELECT "a" FROM t'
    assert statement_of(sql, "postgresql").text == 'SELECT "a" FROM t'
    assert statement_of(sql, "mysql").text == "SELECT ? FROM t"


@pytest.mark.parametrize(
    ("sql", "summary"),
    [
        ('UPDATE "shop_order" SET "paid" = %s', "UPDATE shop_order"),
        ("delete from shop.order where id = %s", "DELETE shop.order"),
        ("CREATE TABLE IF NOT EXISTS `basket` (a)", "CREATE basket"),
        ("(SELECT a FROM b) UNION (SELECT a FROM c)", "SELECT b"),
        ("SAVEPOINT s1_x2", "SAVEPOINT"),
        ("PRAGMA foreign_keys", "PRAGMA"),
        ("", ""),
    ],
)
def test_a_span_is_called_by_the_operation_and_the_table(sql: str, summary: str) -> None:
    assert statement_of(sql).summary == summary


def test_a_long_statement_is_cut() -> None:
    found = statement_of("SELECT " + ", ".join(f"column_{number}" for number in range(1_000)))
    assert len(found.text) == 2_048
    assert found.text.startswith("SELECT column_0, column_1,")


def test_a_drivers_own_object_is_read_as_text() -> None:
    class Composed:
        def __str__(self) -> str:
            return "SELECT a FROM t"

    assert statement_of(Composed()).summary == "SELECT t"


@given(st.text(alphabet="abc'\" $-/*\\0123456789", max_size=40))
def test_what_is_quoted_is_never_told_whatever_it_holds(secret: str) -> None:
    quoted = "SELECT 'KEPT" + secret.replace("'", "''") + "KEPT'"
    assert "KEPT" not in statement_of(quoted).text
