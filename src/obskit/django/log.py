"""What the host's own `LOGGING` may use: a filter that puts ids on records, and a formatter.

```python
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": "obskit.django.log.Ids"}},
    "formatters": {
        "plain": {"format": "{asctime} {levelname} [{request_id}] {message}", "style": "{"},
        "json": {"()": "obskit.django.log.Formatter"},
    },
    "handlers": {
        "file": {
            "class": "logging.FileHandler",
            "filename": "shop.log",
            "formatter": "json",
            "filters": ["ids"],
        },
    },
    "root": {"handlers": ["file"], "level": "INFO"},
}
```

What is logged reaches obskit in any case, and the console once: lines that a handler of the host's
shows there, obskit does not.
"""

from __future__ import annotations

import logging

from obskit import context
from obskit.telemetry import failure, loggers, stdlib
from obskit.telemetry.console import to_json
from obskit.telemetry.pipeline import Record

_LIMIT = 65_536
_NOTHING = "-"
_IDS = ("request_id", "trace_id", "span_id")
# The ids stand on each line by themselves.
_NO_FIELDS = stdlib._OWN_ATTRIBUTES.union(_IDS)


class Ids(logging.Filter):
    """Puts `request_id`, `trace_id` and `span_id` on each record, `-` where there is none.

    >>> record = logging.makeLogRecord({"msg": "order.placed"})
    >>> Ids().filter(record), record.request_id
    (True, '-')
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record through, with the ids."""
        trace_id, span_id = context.ids()
        record.request_id = context.request_id() or _NOTHING
        record.trace_id, record.span_id = trace_id or _NOTHING, span_id or _NOTHING
        return True


class Formatter(logging.Formatter):
    """Writes a record as obskit's console does: a line of JSON, secrets masked, with the ids at hand.

    >>> record = logging.LogRecord("shop", logging.INFO, "", 0, "key.made", (), None)
    >>> record.password, record.created = "hunter2", 0.0
    >>> Formatter().format(record)
    '{"timestamp":"1970-01-01T00:00:00.000000Z","level":"info","logger":"shop","event":"key.made","password":"[redacted]"}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line."""
        return to_json(_plain(record), {}, _LIMIT)


def _plain(record: logging.LogRecord) -> Record:
    fields = {name: value for name, value in vars(record).items() if name not in _NO_FIELDS}
    made = loggers.active()._record(
        record.name,
        record.levelno,
        stdlib._message(record),
        fields,
        failure.from_exc_info(record.exc_info),
        record.created,
        event_name=None,
        on_console=True,
        to_backend=False,
    )
    ids = {name: vars(record).get(name, _NOTHING) for name in _IDS}
    # Those that `Ids` has put there are of the request, in whatever thread this is.
    return made._replace(**{name: value for name, value in ids.items() if value != _NOTHING})
