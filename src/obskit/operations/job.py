"""Jobs: runs that must happen in time."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, TypeVar, cast

from obskit.checks.model import CheckResult, nothing_to_do
from obskit.declaration import Job, Overlap, Severity
from obskit.declare import caller
from obskit.declared import Declarations
from obskit.duration import Duration
from obskit.operations import history
from obskit.operations.declare import read_job, refuse_generator, summary
from obskit.operations.execution import Execution, JobOverlap, at_hand, current_run
from obskit.operations.run import Run
from obskit.registry import default_registry

__all__ = ["DeclaredJob", "JobOverlap", "current_run", "job", "nothing_to_do"]

Function = TypeVar("Function", bound=Callable[..., Any])


class DeclaredJob(Job):
    """A job that can be run: a decorator, and a block. `job` makes it."""

    def run(self) -> Execution:
        """A block that is one run.

        >>> with job("tidy-up").run() as run:
        ...     run.count(files=3)
        """
        return Execution(self)

    def health(self) -> CheckResult:
        """How the job stands, by the runs that are kept: the subject of a check.

        >>> job("tidy-up").health().message[:21]
        'no runs are known her'
        """
        return history.health(self)

    def __enter__(self) -> Run:
        return self.run().__enter__()

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        # Threads and tasks may share the declaration: each leaves the run of its own context.
        execution = at_hand(self)
        if execution is not None:
            execution.__exit__(kind, error, traceback)

    def __call__(self, function: Function) -> Function:
        """Decorate a function, synchronous or not: each call is a run.

        Raises:
            DeclarationError: It is a generator.
        """
        refuse_generator("job", self.name, self.place, function)
        if not self.description:
            # Part of the declaration, though Python runs the decorator later.
            object.__setattr__(self, "description", summary(function))
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def asynchronous(*args: Any, **kwargs: Any) -> Any:
                with self.run() as run:
                    return _noted(run, await function(*args, **kwargs))

            return cast("Function", asynchronous)

        @functools.wraps(function)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            with self.run() as run:
                return _noted(run, function(*args, **kwargs))

        return cast("Function", synchronous)


def _noted(run: Run, returned: Any) -> Any:
    if isinstance(returned, CheckResult) and returned.nothing_to_do:
        run.nothing_to_do(returned.message)
    return returned


def job(
    name: str,
    *,
    expect_every: Duration | None = None,
    expect_cron: str | None = None,
    timezone: str | tzinfo | None = None,
    late_after: Duration = "5m",
    max_runtime: Duration | None = None,
    overlap: Overlap = "allow",
    severity: Severity = "sev2",
    owner: str | None = None,
    runbook: str | None = None,
    description: str | None = None,
    registry: Declarations = default_registry,
) -> DeclaredJob:
    """Declare a job: something that must run in time, and whose runs are watched.

    obskit expects the job, it does not start it. A run that raises has failed, and the exception
    goes on; `current_run()` says what else there is to say of it.

    Args:
        name: 1 to 63 of ``a-z 0-9 . _ -``, a letter or digit first.
        expect_every: How long after the begin of a run the next is to begin: ``"24h"``.
        expect_cron: When a run is to begin, as a crontab says it: ``"0 3 * * *"``, with `timezone`.
        timezone: What `expect_cron` is read in: ``"Europe/Berlin"``.
        late_after: How much later it may begin (5 m).
        max_runtime: How long a run may take.
        overlap: ``"refuse"``: a run that begins while another goes on raises `JobOverlap`, in all
            processes that share a store. ``"allow"`` (default): it may.
        severity: ``sev1`` act now, ``sev2`` this working day (default), ``sev3`` daily.
        owner: Who acts. A team's name.
        runbook: Where it is written what to do. A URL.
        description: One line; else the first of the decorated function's docstring.
        registry: Where it is declared.

    Returns:
        A decorator and a context manager, both for any number of runs.

    Raises:
        DuplicateName: Another line declares a job of this name.
        DeclarationError: A value is wrong.

    >>> @job("nightly-import", expect_every="24h", late_after="30m", max_runtime="10m")
    ... def nightly_import() -> int:
    ...     current_run().progress(3, 10)
    ...     return 3
    >>> nightly_import()
    3
    """
    fields = read_job(
        name,
        caller(),
        expect_every=expect_every,
        expect_cron=expect_cron,
        timezone=timezone,
        late_after=late_after,
        max_runtime=max_runtime,
        overlap=overlap,
        severity=severity,
        owner=owner,
        runbook=runbook,
        description=description,
    )
    return cast("DeclaredJob", registry.jobs.hold(DeclaredJob(**fields)))
