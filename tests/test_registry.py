"""The registry holds declarations; the decorators and `add` make the same thing."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

import obskit.registry
from obskit.checks.judge import above, below, outside
from obskit.exceptions import DeclarationError, DuplicateName
from obskit.registry import Registry

HERE = str(Path(__file__).resolve())


def test_a_decorated_function_is_left_as_it_is() -> None:
    def queue() -> int:
        return 3

    checks = Registry()
    assert checks.check("queue", every="1m")(queue) is queue
    assert checks.checks["queue"].subject is queue


def test_an_async_function_is_left_as_it_is() -> None:
    checks = Registry()

    @checks.check("queue", every="1m")
    async def queue() -> int:
        return 3

    assert asyncio.run(queue()) == 3


def test_the_decorator_and_add_declare_the_same() -> None:
    decorated, added = Registry(), Registry()
    judge = above(warning=1)

    def rows() -> int:
        """Rows."""
        return 0

    decorated.check("rows", every="1h", judge=judge, unit="{row}", owner="data")(rows)
    added.add("rows", rows, every="1h", judge=judge, unit="{row}", owner="data")
    one, other = decorated.checks["rows"], added.checks["rows"]
    assert {**vars(one), "place": None} == {**vars(other), "place": None}
    assert one.place.file == other.place.file == HERE
    assert other.place.line == one.place.line + 1


def test_freshness_and_add_declare_the_same() -> None:
    decorated, added = Registry(), Registry()

    def last_sync() -> datetime | None:
        return datetime.now(timezone.utc)

    kept = decorated.freshness("sync", every="5m", warning_after="1h", timezone="UTC")(last_sync)
    added.add("sync", last_sync, every="5m", warning_after="1h", timezone="UTC")
    assert kept is last_sync
    one, other = decorated.checks["sync"], added.checks["sync"]
    assert {**vars(one), "place": None} == {**vars(other), "place": None}
    assert one.kind == "freshness"


def test_freshness_without_a_limit_is_refused_where_it_stands() -> None:
    line = inspect.currentframe().f_lineno + 2  # type: ignore[union-attr]
    with pytest.raises(DeclarationError) as refused:
        Registry().freshness("sync", every="5m")
    assert str(refused.value) == (
        f"the check 'sync' ({HERE}:{line}): it has no limit:"
        " give warning_after, critical_after or both"
    )


def test_checks_are_held_in_the_order_of_their_declaration() -> None:
    checks = Registry()
    for name in ("c", "a", "b"):
        checks.add(name, lambda: True, every="1m")
    assert list(checks.checks) == ["c", "a", "b"]


def test_a_mapping_that_was_read_never_changes() -> None:
    checks = Registry()
    before = checks.checks
    checks.add("a", lambda: True, every="1m")
    assert dict(before) == {}
    with pytest.raises(TypeError):
        checks.checks["b"] = checks.checks["a"]  # type: ignore[index]


def test_another_function_under_a_taken_name_is_refused_with_both_places() -> None:
    checks = Registry()
    first = checks.add("a", lambda: True, every="1m")
    line = first.place.line
    with pytest.raises(DuplicateName) as refused:
        checks.add("a", lambda: False, every="1m")
    assert str(refused.value) == (
        f"the check 'a' ({HERE}:{line + 3}): the name is taken by another one"
        f" ({HERE}:{line}): choose another name"
    )
    assert checks.checks["a"] is first


def test_two_functions_under_one_name_are_told_apart_where_one_line_declares_both() -> None:
    checks = Registry()
    declare = checks.add

    def one() -> bool:
        return True

    def other() -> bool:
        return True

    with pytest.raises(DuplicateName):
        for function in (one, other):
            declare("a", function, every="1m")


def test_a_refused_declaration_leaves_nothing_behind() -> None:
    checks = Registry()
    with pytest.raises(DeclarationError):
        checks.add("a", lambda: True, every="soon")
    assert dict(checks.checks) == {}


def test_registries_know_nothing_of_each_other() -> None:
    one, other = Registry(), Registry()
    one.add("a", lambda: True, every="1m")
    other.add("a", lambda: False, every="1m")
    assert "a" not in obskit.registry.default_registry.checks


def test_threads_that_declare_at_once_lose_nothing() -> None:
    checks, together = Registry(), Barrier(8)

    def declare(start: int) -> None:
        together.wait(10)
        for number in range(start, start + 50):
            checks.add(f"c{number}", lambda: True, every="1m")

    threads = [Thread(target=declare, args=(50 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(checks.checks) == 400


def test_a_module_that_is_run_and_imported_declares_once(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from obskit.registry import check, default_registry\n"
        "@check('database', every='1m')\n"
        "def database():\n"
        "    return True\n"
        "if __name__ == '__main__':\n"
        "    import shop\n"
        "    print(list(default_registry.checks), shop.database is database)\n"
        "    print(default_registry.checks['database'].subject is shop.database)\n"
    )
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for path in (tmp_path / "shop.py", link / "shop.py"):
        ran = subprocess.run(
            [sys.executable, path], capture_output=True, text=True, check=True, timeout=60
        )
        assert ran.stdout == "['database'] False\nTrue\n"


def test_the_module_level_decorators_declare_into_the_default_registry() -> None:
    code = (
        "from obskit.registry import check, default_registry, freshness\n"
        "check('a', every='1m')(lambda: True)\n"
        "freshness('b', every='1m', critical_after='1h')(lambda: None)\n"
        "print({name: c.kind for name, c in default_registry.checks.items()})\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "{'a': 'check', 'b': 'freshness'}\n"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: above(warning=None), "give warning, critical or both"),
        (lambda: above(warning=5, critical=1), "warning may not exceed critical"),
        (lambda: above(warning=True), "a limit is a finite number, not True"),
        (lambda: above(critical=float("nan")), "a limit is a finite number, not nan"),
        (lambda: below(warning=None), "give warning, critical or both"),
        (lambda: below(warning=1, critical=5), "critical may not exceed warning"),
        (lambda: outside(warning=None), "give warning, critical or both"),
        (lambda: outside(warning=5), "a range is a pair such as (1, 5)"),  # type: ignore[arg-type]
        (lambda: outside(warning=(5, 5)), "a range is a pair such as (1, 5), rising"),
        (
            lambda: outside(warning=(0, 9), critical=(1, 8)),
            "the range of warning must lie within that of critical",
        ),
    ],
)
def test_a_wrong_judge_is_refused_where_it_stands(make: Any, told: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        make()
    assert told in str(refused.value)
    assert f"({HERE}:{make.__code__.co_firstlineno})" in str(refused.value)
