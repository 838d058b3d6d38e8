"""What a statement of SQL may tell: its shape, without the values in it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_MOST = 2_048
_KEPT = 1_024
# Text, and numbers, but for those within names.
_TEXT = r"'(?:[^']|\'\')*(?:'|\Z) | \$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)"
_NUMBER = r"""(?<![\w"`$.])[-+]?(?:0x[0-9a-f]+|\d+(?:\.\d*)?(?:e[-+]?\d+)?)\b"""
_FLAGS = re.VERBOSE | re.DOTALL | re.IGNORECASE
_LITERAL = re.compile(f"{_TEXT} | {_NUMBER}", _FLAGS)
# MySQL alone takes what stands in double quotes for text.
_LITERAL_OF_MYSQL = re.compile(rf'{_TEXT} | "(?:[^"]|"")*(?:"|\Z) | {_NUMBER}', _FLAGS)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|--[^\n]*", re.DOTALL)
# Lists of any length are one statement.
_LIST = re.compile(r"\(\s*(%s|\?)(?:\s*,\s*(?:%s|\?))+\s*\)")
_ROWS = re.compile(r"(\((?:%s|\?)\))(?:\s*,\s*\((?:%s|\?)\))+")
# Django numbers them.
_SAVEPOINT = re.compile(r"""["`]?\bs\d+_x\d+\b["`]?""")
_SPACE = re.compile(r"\s+")
_OPERATION = re.compile(r"\s*\(?\s*([A-Za-z]+)")
_TABLE = re.compile(
    r"""\b(?:FROM|INTO|UPDATE|TABLE(?:\s+IF\s+(?:NOT\s+)?EXISTS)?)\s+["`\[]?([\w.$]+)""",
    re.IGNORECASE,
)


class Statement(NamedTuple):
    """A statement.

    Attributes:
        text: Itself, bounded, with `?` for each value.
        operation: `SELECT`, `INSERT`, ….
        table: The first that it names, or an empty text.
    """

    text: str
    operation: str
    table: str

    @property
    def summary(self) -> str:
        """The operation and the table: what spans are called by."""
        return f"{self.operation} {self.table}" if self.table else self.operation


def statement_of(sql: object, vendor: str = "") -> Statement:
    r"""What a statement may tell.

    Args:
        sql: The statement; drivers take objects of their own too.
        vendor: Of the database, as Django and SQLAlchemy call it.

    >>> statement_of('SELECT "id" FROM "shop_order" WHERE "name" = \'Ann\' AND "t1" > 7')
    Statement(text='SELECT "id" FROM "shop_order" WHERE "name" = ? AND "t1" > ?', operation='SELECT', table='shop_order')
    >>> statement_of("DELETE FROM a WHERE id IN (%s, %s, %s)").text
    'DELETE FROM a WHERE id IN (%s)'
    """
    return _read(str(sql)[: 2 * _MOST], vendor == "mysql")


@lru_cache(maxsize=_KEPT)
def _read(sql: str, of_mysql: bool) -> Statement:
    if "\\'" in sql or '\\"' in sql:  # databases differ on where the text ends: none of it is told
        sql = re.split("['\"]", sql, maxsplit=1)[0] + "'"
    text = (_LITERAL_OF_MYSQL if of_mysql else _LITERAL).sub("?", sql)
    # After the texts, in which two hyphens are no comment.
    text = _SPACE.sub(" ", _SAVEPOINT.sub("?", _COMMENT.sub(" ", text))).strip()
    text = _ROWS.sub(r"\1", _LIST.sub(r"(\1)", text))[:_MOST]
    operation, table = _OPERATION.match(text), _TABLE.search(text)
    return Statement(
        text, operation[1].upper() if operation else "", table[1][:128] if table else ""
    )
