"""The audit: who did what to whom, in a chain of records in which nothing is changed unseen.

It is written to `audit.log` in the folder that `OBSKIT_LOG_FOLDER` names, and verified by
`obskit audit verify`.

>>> import obskit.audit
>>> obskit.audit.record("quest.approved", actor="ann", target="quest 7")  # without obskit.init
False
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from obskit import context, default_runtime
from obskit.exceptions import ObskitError
from obskit.logfiles import naming
from obskit.logfiles.audit import append
from obskit.logfiles.complaint import Complaint, say
from obskit.logfiles.streams import AUDIT
from obskit.redaction import kind_of, names_and_values, plain
from obskit.runtime import Runtime
from obskit.telemetry.console import to_json
from obskit.telemetry.pipeline import Record
from obskit.telemetry.sinks import of_the_service

_INFO = 20
_MAX_FIELDS = 128
#: What the chain adds to a record; a field under one of these names gets a `_` behind it.
_OF_THE_CHAIN = frozenset(("seq", "prev", "hash"))


class NotRecorded(ObskitError):
    """What had to be on record could not be written; its cause says why."""


def record(
    event: object,
    /,
    actor: object = None,
    target: object = None,
    *,
    required: bool = False,
    **fields: object,
) -> bool:
    """Record what somebody did. When this returns True, the disk has it.

    It waits for the disk, and for other processes that record: a few milliseconds, 2 s at most.

    Args:
        event: What was done, such as `quest.approved`.
        actor: Who did it.
        target: To whom or what.
        required: Whether to raise where it cannot be recorded, so that it is not done either.
        **fields: Further fields, made plain and redacted as those of a log line.

    Returns:
        Whether it is on record. If not, standard error says why once, and the ledger of
        `obskit.status()` counts it under `logs`.

    Raises:
        NotRecorded: It is required and could not be recorded.
    """
    runtime = default_runtime.current()
    try:
        _record(runtime, event, {"actor": actor, "target": target, **fields})
    except Exception as error:
        if runtime is not None:
            runtime.ledger.refuse("logs", f"audit_{kind_of(error)}")
        if required:
            raise NotRecorded(f"{plain(event)!r} is not on record: {error}") from error
        return False
    return True


def _record(runtime: Runtime | None, event: object, fields: Mapping[str, object]) -> None:
    if runtime is None or runtime.config.log_folder is None:
        what = "obskit.init was not called" if runtime is None else "OBSKIT_LOG_FOLDER is not set"
        _say_once(what)
        raise LookupError(what)
    config = runtime.config
    line = _line(event, fields, runtime)
    folder = Path(str(config.log_folder))
    complaint = _complaint(naming.active(folder, AUDIT))
    try:
        append(folder, line.encode(), config.log_file_max_bytes)
    except OSError as error:
        complaint.wrong(error)
        raise
    complaint.well()


def _line(event: object, fields: Mapping[str, object], runtime: Runtime) -> str:
    given = names_and_values({k: v for k, v in fields.items() if v is not None}, _MAX_FIELDS)
    scope = context.current()
    trace_id, span_id, sampled = context.ids_and_sampled()
    own = {**scope.fields, **given} if scope else given
    one = Record(
        runtime.clock.now(),
        _INFO,
        "obskit.audit",
        str(plain(event)),
        {f"{name}_" if name in _OF_THE_CHAIN else name: value for name, value in own.items()},
        scope.request_id if scope else None,
        trace_id,
        span_id,
        None,
        None,
        on_console=False,
        to_backend=False,
        sampled=sampled,
    )
    return to_json(one, of_the_service(runtime.resource), runtime.config.log_line_limit)


@lru_cache(maxsize=8)
def _complaint(path: Path) -> Complaint:
    return Complaint(path)


@lru_cache(maxsize=8)
def _say_once(what: str) -> None:
    say(f"nothing is put on record by obskit.audit: {what}. The calls return False")
