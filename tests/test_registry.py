"""The registry: what it holds, what it refuses, what a decorated function remains."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

import obskit
from obskit import Registry, above
from obskit.declaration import Bands, Damping, Freshness
from obskit.exceptions import DeclarationError, DuplicateName, ObskitError

HERE = str(Path(__file__).resolve())


def nothing() -> None: ...


def test_a_decorated_function_remains_what_it_is() -> None:
    checks = Registry()

    def plain() -> int:
        return 3

    async def late() -> int:
        return 4

    assert checks.check("plain", every="1m")(plain) is plain
    assert checks.check("late", every="1m")(late) is late
    assert asyncio.run(late()) == 4
    assert list(checks.checks) == ["plain", "late"]


def test_a_check_holds_what_its_decorator_says() -> None:
    checks = Registry()
    judge = above(warning=1)

    @checks.check("rows", every="1h", judge=judge, unit="{row}", severity="sev1", owner="data")
    def rows() -> int:
        return 3

    held = checks.checks["rows"]
    assert held.subject is rows
    assert (held.every, held.judge, held.unit) == (3600.0, judge, "{row}")
    assert (held.severity, held.owner) == ("sev1", "data")
    assert held.place == (HERE, rows.__code__.co_firstlineno)


def test_a_freshness_holds_its_limits() -> None:
    checks = Registry()

    @checks.freshness(
        "sync", every="5m", warning_after="90m", critical_after="2h", timezone="UTC", readiness=True
    )
    def sync() -> datetime | None:
        return None

    held = checks.checks["sync"]
    assert held.subject is sync
    assert held.freshness is not None
    assert (held.freshness.warning_after, held.freshness.critical_after) == (5400.0, 7200.0)
    assert str(held.freshness.timezone) == "UTC"
    assert held.readiness
    assert held.place == (HERE, sync.__code__.co_firstlineno)


@pytest.mark.parametrize(
    ("limits", "freshness"),
    [
        ({"warning_after": "1h"}, Freshness(3600.0, None, None)),
        ({"critical_after": "1h"}, Freshness(None, 3600.0, None)),
    ],
)
def test_a_freshness_may_have_one_limit(limits: dict[str, Any], freshness: Freshness) -> None:
    checks = Registry()
    checks.freshness("sync", every="5m", **limits)(lambda: None)
    assert checks.checks["sync"].freshness == freshness


def test_a_freshness_without_a_limit_is_refused() -> None:
    with pytest.raises(DeclarationError) as told:
        Registry().freshness("sync", every="5m")
    line = told.traceback[0].lineno + 1
    assert str(told.value) == (
        f"the check 'sync' ({HERE}:{line}): it has no limit:"
        " give warning_after, critical_after or both"
    )


def test_add_returns_what_it_holds() -> None:
    checks = Registry()
    added = checks.add("sync", nothing, every="1m", critical_after="1h", timezone="UTC")
    assert checks.checks["sync"] is added
    assert added.kind == "freshness"
    assert added.place.file == HERE


def test_checks_that_were_read_never_change() -> None:
    checks = Registry()
    before = checks.checks
    checks.add("one", nothing, every="1m")
    assert list(before) == []
    with pytest.raises(TypeError):
        checks.checks["two"] = checks.checks["one"]  # type: ignore[index]


def test_a_taken_name_is_refused_and_both_places_are_told() -> None:
    checks = Registry()
    first = checks.add("rows", nothing, every="1m")
    with pytest.raises(DuplicateName) as told:
        checks.add("rows", nothing, every="1h")
    assert str(told.value) == (
        f"the check 'rows' ({HERE}:{first.place.line + 2}): the name is taken by another one"
        f" ({HERE}:{first.place.line}): choose another name"
    )
    assert isinstance(told.value, ObskitError)
    assert checks.checks["rows"] is first


def test_two_functions_declared_by_one_line_are_two() -> None:
    checks = Registry()

    def other() -> None: ...

    with pytest.raises(DuplicateName):
        for function in (nothing, other):
            checks.add("rows", function, every="1m")
    assert checks.checks["rows"].subject is nothing


class Ping:
    def __call__(self) -> None: ...


def wrapping(function: Any) -> Any:
    @wraps(function)
    def inner() -> None:
        function()

    return inner


def test_the_same_line_again_replaces() -> None:
    checks = Registry()
    makers: dict[str, Callable[[], Any]] = {
        "function": lambda: nothing,
        "partial": lambda: partial(partial(nothing)),
        "object": Ping,
        "wrapped": lambda: wrapping(nothing),
    }
    for name, make in makers.items():
        for every in ("1m", "1h"):
            checks.add(name, make(), every=every)
        assert checks.checks[name].every == 3600.0


def test_objects_of_two_classes_declared_by_one_line_are_two() -> None:
    class Pong(Ping): ...

    checks = Registry()
    with pytest.raises(DuplicateName):
        for subject in (Ping(), Pong()):
            checks.add("rows", subject, every="1m")


def test_two_partials_declared_by_one_line_are_two() -> None:
    def other() -> None: ...

    checks = Registry()
    with pytest.raises(DuplicateName):
        for subject in (partial(nothing), partial(other)):
            checks.add("rows", subject, every="1m")


def test_wrapped_functions_declared_by_one_line_are_two() -> None:
    def other() -> None: ...

    checks = Registry()
    with pytest.raises(DuplicateName):
        for subject in (wrapping(nothing), wrapping(other)):
            checks.add("rows", subject, every="1m")


def test_a_module_that_is_started_and_imported_declares_once(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "import obskit\n"
        "@obskit.check('rows', every='1m')\n"
        "def rows(): pass\n"
        "if __name__ == '__main__':\n"
        "    import shop\n"
        "    held = obskit.default_registry.checks['rows']\n"
        "    assert held.subject is shop.rows is not rows\n"
        "    print('once')\n"
    )
    (tmp_path / "link.py").symlink_to("shop.py")
    for script in ("shop.py", "./shop.py", "link.py"):
        done = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr) == ("once\n", "")


def test_the_module_level_names_declare_into_the_default_registry() -> None:
    assert obskit.check.__self__ is obskit.default_registry  # type: ignore[attr-defined]
    assert obskit.freshness.__self__ is obskit.default_registry  # type: ignore[attr-defined]


def test_declarations_of_several_threads_are_all_held() -> None:
    checks, together = Registry(), Barrier(8)

    def declare(thread: int) -> None:
        together.wait(60)
        for each in range(50):
            checks.add(f"check-{thread}-{each}", nothing, every="1m")

    threads = [Thread(target=declare, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(checks.checks) == 400


EVERY_KIND: dict[str, Any] = {
    "cron": "0 3 * * *",
    "timezone": "UTC",
    "timeout": "1m",
    "severity": "sev3",
    "owner": "data",
    "runbook": "https://wiki/rows",
    "description": "Rows.",
    "group": "database",
    "tags": ["daily"],
    "failures_before_alert": 3,
    "successes_before_recovery": 2,
    "quiet_at_start": "5m",
    "scope": "fleet",
    "isolate": True,
    "depends_on": ["database"],
    "on_timeout": "unknown",
    "unknown_on": OSError,
}


def test_what_every_kind_may_say_each_way_of_declaring_takes() -> None:
    checks = Registry()
    checks.check("decorated", **EVERY_KIND)(nothing)
    checks.freshness("fresh", critical_after="1h", **EVERY_KIND)(nothing)
    checks.add("added", nothing, **EVERY_KIND)
    for held in checks.checks.values():
        assert held.cron is not None
        assert (held.cron.expression, held.every, held.timeout) == ("0 3 * * *", 86_400.0, 60.0)
        assert (held.severity, held.owner, held.runbook) == ("sev3", "data", "https://wiki/rows")
        assert (held.description, held.group, held.tags) == (
            "Rows.",
            "database",
            frozenset({"daily"}),
        )
        assert held.damping == Damping(3, 2, 300.0)
        assert (held.scope, held.isolate, held.depends_on) == ("fleet", True, ("database",))
        assert (held.on_timeout, held.unknown_on) == ("unknown", (OSError,))
    checks.check("after", on="job:import")(nothing)
    assert checks.checks["after"].on == "job:import"


def test_a_check_may_judge_issues_or_a_share() -> None:
    checks = Registry()
    checks.check("valid", every="1h", alert_above={"error": 5})(nothing)
    checks.check("complete", every="1h", score=Bands(0.9, 0.8, 0.5), dimension="hours")(nothing)
    assert checks.checks["valid"].alert_above == {"error": 5}
    held = checks.checks["complete"]
    assert (held.bands, held.dimension) == (Bands(0.9, 0.8, 0.5), "hours")
