"""The pool of connections of an engine of SQLAlchemy, in this process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from obskit.checks.judge import Above, above
from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult


@dataclass(frozen=True)
class Use:
    """How much of what a pool may lend is lent, per cent, overflow included. Each process has its own.

    Args:
        engine: The engine, an async one too.

    Returns:
        Per cent, with how many are in use and how many may be. Unknown where the pool has no limit.

    >>> Use(None).default_judge(85).state
    'warning'
    """

    default_judge: ClassVar[Above] = above(warning=80, critical=100)
    default_scope: ClassVar[str] = "process"
    engine: Any = field(repr=False)

    def __call__(self) -> Measurement | CheckResult:
        """Measure it."""
        pool = getattr(self.engine, "sync_engine", self.engine).pool
        size, overflow = getattr(pool, "size", None), getattr(pool, "_max_overflow", -1)
        if not callable(size) or not size() or overflow < 0:
            kind = type(pool).__name__
            return CheckResult.unknown(
                f"{kind} has no limit of connections: use a QueuePool with a max_overflow"
            )
        most, used = size() + overflow, pool.checkedout()
        details = {"in_use": used, "most": most}
        return Measurement(round(100 * used / most, 1), "%", f"{used} of {most}", details)
