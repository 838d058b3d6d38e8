"""Operations: what users do, judged by error ratio and duration over a window."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from opentelemetry import context as otel_context

from obskit import names
from obskit.checks.model import CheckResult
from obskit.declaration import Operation, Severity, UnknownOn
from obskit.declare import caller
from obskit.declared import Declarations
from obskit.duration import Duration, format_duration
from obskit.operations import surroundings
from obskit.operations.declare import read_operation, refuse_generator, summary
from obskit.operations.reasons import Reasons
from obskit.operations.tally import Tally
from obskit.operations.window import Window
from obskit.registry import default_registry
from obskit.telemetry import failure
from obskit.telemetry.loggers import get_logger

if TYPE_CHECKING:
    from typing_extensions import Self

Function = TypeVar("Function", bound=Callable[..., Any])

_log = get_logger("obskit.operation")


class OperationRun:
    """One run of an operation.

    Args:
        operation: What is run.
    """

    def __init__(self, operation: DeclaredOperation) -> None:
        self._operation = operation
        self._around = surroundings.active()
        self._begun = self._around.clock.monotonic()
        self._reason: str | None = None

    def fail(self, reason: object) -> None:
        """Users were not served, though nothing was raised.

        Args:
            reason: Why, in a word: of at most 20 reasons an operation, what is beyond is `other`.
        """
        self._reason = self._operation.reasons.bounded(reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        expected = isinstance(error, (GeneratorExit, *self._operation.expected))
        if error is not None and not expected:
            self._reason = self._operation.reasons.bounded(failure.type_name(error))
        seconds = max(0.0, self._around.clock.monotonic() - self._begun)
        self._operation.measure(seconds, self._reason, self._around)


class DeclaredOperation(Operation):
    """An operation that is measured: a decorator, and by `run` a block. `operation` makes it."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self.reasons = Reasons()
        self._window: Window[Tally] = Window(self.window, surroundings.monotonic, Tally)

    def run(self) -> OperationRun:
        """A block that is one run.

        >>> with operation("payment").run() as run:
        ...     run.fail("declined")
        """
        return OperationRun(self)

    def __call__(self, function: Function) -> Function:
        """Decorate a function, synchronous or not: each call is a run.

        Raises:
            DeclarationError: It is a generator.
        """
        refuse_generator("operation", self.name, self.place, function)
        if not self.description:
            # Part of the declaration, though Python runs the decorator later.
            object.__setattr__(self, "description", summary(function))
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def asynchronous(*args: Any, **kwargs: Any) -> Any:
                with self.run():
                    return await function(*args, **kwargs)

            return cast("Function", asynchronous)

        @wraps(function)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            with self.run():
                return function(*args, **kwargs)

        return cast("Function", synchronous)

    def measure(
        self, seconds: float, reason: str | None, around: surroundings.Surroundings
    ) -> None:
        """Count one run, record it in the histogram, and tell of a slow one. Never raises.

        Args:
            seconds: How long it took.
            reason: Why it failed, or None.
            around: Where it is recorded.
        """
        self._window.change(lambda tally: tally.add(seconds, reason))
        try:
            around.durations.record(
                seconds,
                (self.name, reason),
                partial(_attributes, self.name, reason),
                otel_context.get_current(),
            )
        except Exception:  # a meter of the host's own making may refuse it
            around.refuse("refused_by_the_sdk")
        if self.slow_after is not None and seconds > self.slow_after:
            fields = {names.OPERATION_NAME: self.name, "seconds": round(seconds, 6)}
            _log.warning("operation.slow", **fields)

    def tally(self) -> Tally:
        """What has been counted in the window that ends now, in this process."""
        tally = Tally()
        for each in self._window.read():
            tally.merge(each)
        return tally

    def health(self) -> CheckResult:
        """How the operation goes in this process, by the runs of its window.

        Its value is the share of runs that have failed. With fewer than `min_runs` it is ok, and
        says that it is not judged.
        """
        tally = self.tally()
        runs, failed = tally.runs, tally.failures
        period = format_duration(self.window)
        if runs < self.min_runs:
            return CheckResult.ok(
                f"not judged: {runs} of at least {self.min_runs} runs in {period}",
                details={"runs": runs},
            )
        ratio, p95 = failed / runs, tally.p95 or 0.0
        wrong = [*self._wrong_ratio(ratio), *self._wrong_p95(p95)]
        make = CheckResult.critical if wrong else CheckResult.ok
        return make(
            "; ".join(wrong) or f"{runs} runs in {period}, {failed} of them failed",
            value=ratio,
            details={"runs": runs, "failed": failed, "p95": p95},
            evidence=[f"{reason}: {count}" for reason, count in tally.failed.most_common()],
        )

    def _wrong_ratio(self, ratio: float) -> list[str]:
        if self.max_error_ratio is None or ratio <= self.max_error_ratio:
            return []
        return [f"{ratio:.2%} of the runs failed; {self.max_error_ratio:.2%} may"]

    def _wrong_p95(self, p95: float) -> list[str]:
        if self.max_p95 is None or p95 <= self.max_p95:
            return []
        return [f"the p95 is {p95:.3g} s; {self.max_p95:g} s is allowed"]


def _attributes(name: str, reason: str | None) -> dict[str, str]:
    attributes = {
        names.OPERATION_NAME: name,
        names.OPERATION_OUTCOME: "ok" if reason is None else "failed",
    }
    return attributes if reason is None else {**attributes, names.ERROR_TYPE: reason}


def operation(
    name: str,
    *,
    max_error_ratio: float | None = None,
    max_p95: Duration | None = None,
    slow_after: Duration | None = None,
    window: Duration = "10m",
    min_runs: int = 20,
    expected: UnknownOn = (),
    severity: Severity = "sev2",
    owner: str | None = None,
    runbook: str | None = None,
    description: str | None = None,
    registry: Declarations = default_registry,
) -> DeclaredOperation:
    """Declare an operation: something users do, judged by how often it fails and how long it takes.

    Args:
        name: 1 to 63 of ``a-z 0-9 . _ -``, a letter or digit first.
        max_error_ratio: The largest share of runs that may fail: ``0.01``.
        max_p95: The longest that 95 of 100 runs may take: ``"2s"``; at most 5 m.
        slow_after: Each run that takes longer is told in a line, the warning `operation.slow`.
        window: How far is looked back (10 m).
        min_runs: With fewer runs in the window nothing is judged (20).
        expected: Exceptions that are no failure of the operation, such as a wrong password.
        severity: ``sev1`` act now, ``sev2`` this working day (default), ``sev3`` daily.
        owner: Who acts. A team's name.
        runbook: Where it is written what to do. A URL.
        description: One line; else the first of the decorated function's docstring.
        registry: Where it is declared.

    Returns:
        A decorator; its `run()` is a context manager.

    Raises:
        DuplicateName: Another line declares an operation of this name.
        DeclarationError: A value is wrong.

    >>> @operation("sign-up", max_error_ratio=0.01, max_p95="2s")
    ... def sign_up(name: str) -> str:
    ...     return f"welcome, {name}"
    >>> sign_up("Ann")
    'welcome, Ann'
    """
    fields = read_operation(
        name,
        caller(),
        max_error_ratio=max_error_ratio,
        max_p95=max_p95,
        slow_after=slow_after,
        window=window,
        min_runs=min_runs,
        expected=expected,
        severity=severity,
        owner=owner,
        runbook=runbook,
        description=description,
    )
    return cast("DeclaredOperation", registry.operations.hold(DeclaredOperation(**fields)))
