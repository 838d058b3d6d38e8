"""Events that are complete without sentry-sdk's integrations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest
import sentry_sdk
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext
from tests.monsters import MONSTERS
from tests.telemetry.envelopes import Reported
from tests.telemetry.lines import Installed
from tests.telemetry.served import Served

import obskit
from obskit.telemetry import sentry_event

CANARY = "hunter2-canary"


@dataclass
class Card:
    owner: str
    password: str


class Written:
    def __repr__(self) -> str:
        return f"Written(api_key={CANARY!r})"


def snapshot(**changes: Any) -> Callable[[], Mapping[str, Any]]:
    given = {
        "method": "POST",
        "url": "https://shop.example/orders/7",
        "path": "/orders/7",
        "query": f"page=2&access_token={CANARY}",
        "headers": {
            "Host": "shop.example",
            "Cookie": CANARY,
            "Authorization": CANARY,
            "X-Api-Key": CANARY,
            "X-Forwarded-For": "203.0.113.9",
        },
        "client": "203.0.113.9",
        "route": "/orders/<int:number>",
    }
    return lambda: given | changes


def fail_with_locals() -> None:
    card = Card("ann", CANARY)
    headers = {"Authorization": CANARY, "Accept": "*/*"}
    written, cards, deep = Written(), [Card("bob", CANARY)], [[[[[{"token": CANARY}]]]]]
    url, number, text = f"postgres://app:{CANARY}@db/x", 7, "x" * 100_000
    raise KeyError((card, headers, written, cards, deep, url, number, text)[-2])


def failed(reported: Reported, request: Any = None) -> dict[str, Any]:
    """The event of a request that failed, with all that can be known of it."""
    Installed(on_exception=lambda error, logger: reported.errors.capture(error, handled=True, logger=logger))  # fmt: skip
    span = NonRecordingSpan(SpanContext(0xABC, 0xDEF, is_remote=False))
    token = otel_context.attach(trace.set_span_in_context(span))
    with Served(reported.errors, span=span, snapshot=request or snapshot()):
        obskit.bind(user_id=7, plan="free", secret=CANARY)
        obskit.get_logger("shop").warning("about to fail", token=CANARY, order_id=3)
        fail_with_locals()
    otel_context.detach(token)
    (event,) = reported.events
    return event


def test_an_event_has_everything_that_is_known_of_the_request() -> None:
    event = failed(Reported())
    assert event["request"] == {
        "method": "POST",
        "url": "https://shop.example/orders/7",
        "query_string": "page=2&access_token=[redacted]",
        "headers": {
            "Host": "shop.example",
            "Cookie": "[Filtered]",
            "Authorization": "[Filtered]",
            "X-Api-Key": "[redacted]",
            "X-Forwarded-For": "[redacted]",
        },
    }
    assert event["transaction"] == "POST /orders/<int:number>"
    assert event["transaction_info"] == {"source": "route"}
    assert event["user"] == {"id": "7"}
    assert event["tags"] == {
        "request_id": "request-1",
        "trace_id": "00000000000000000000000000000abc",
    }
    assert event["contexts"]["trace"] == {
        "trace_id": "00000000000000000000000000000abc",
        "span_id": "0000000000000def",
    }
    assert event["contexts"]["obskit"] == {"user_id": 7, "plan": "free", "secret": "[redacted]"}
    assert (event["release"], event["environment"], event["level"]) == ("1.2.3", "test", "error")


def test_an_event_tells_where_it_ran() -> None:
    event = failed(Reported())
    assert event["contexts"]["runtime"]["name"] == sys.implementation.name
    assert event["contexts"]["runtime"]["version"] == ".".join(map(str, sys.version_info[:3]))
    assert event["modules"]["sentry-sdk"] == sentry_sdk.VERSION
    assert event["server_name"]


def test_an_event_has_the_last_lines_as_breadcrumbs() -> None:
    (crumb,) = failed(Reported())["breadcrumbs"]["values"]
    assert datetime.fromisoformat(crumb.pop("timestamp").replace("Z", "+00:00")).year >= 2026
    assert crumb == {
        "type": "log",
        "category": "shop",
        "level": "warning",
        "message": "about to fail",
        "data": {
            "user_id": 7,
            "plan": "free",
            "secret": "[Filtered]",
            "token": "[Filtered]",
            "order_id": 3,
        },
    }


def frame_of(event: dict[str, Any]) -> dict[str, Any]:
    frame: dict[str, Any] = event["exception"]["values"][-1]["stacktrace"]["frames"][-1]
    return frame


def test_an_event_has_locals_bounded_and_without_secrets() -> None:
    frame = frame_of(failed(Reported()))
    assert frame["function"] == "fail_with_locals"
    assert frame["context_line"].lstrip().startswith("raise KeyError(")
    text = frame["vars"].pop("text")
    assert text == "'" + "x" * 32_767 + "…[cut]"
    assert frame["vars"] == {
        "card": "Card {'owner': 'ann', 'password': '[redacted]'}",
        "headers": {"Authorization": "[redacted]", "Accept": "'*/*'"},
        "written": "Written(api_key=[redacted])",
        "cards": ["Card {'owner': 'bob', 'password': '[redacted]'}"],
        "deep": [[[["[{'token': '[redacted]'}]"]]]],
        "url": "'postgres://app:[redacted]@db/x'",
        "number": "7",
    }


def test_no_secret_leaves_by_any_part_of_an_event() -> None:
    reported = Reported()
    failed(reported)
    assert CANARY.encode() not in reported.memory.envelopes[0].serialize()


@pytest.mark.filterwarnings("ignore:The send_default_pii option:DeprecationWarning")
def test_personal_data_is_sent_where_the_host_wants_it() -> None:
    event = failed(Reported(send_default_pii=True))
    assert event["request"]["env"] == {"REMOTE_ADDR": "203.0.113.9"}
    assert event["request"]["headers"]["X-Forwarded-For"] == "203.0.113.9"
    assert CANARY not in str(event["request"])


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-Ip", "Forwarded"])
def test_no_header_tells_the_address_of_a_person(name: str) -> None:
    event = failed(Reported(), snapshot(headers={name: "203.0.113.9", "Accept": "*/*"}))
    assert event["request"]["headers"] == {name: "[redacted]", "Accept": "*/*"}
    assert "203.0.113.9" not in str(event)


def test_a_critical_line_is_a_fatal_breadcrumb() -> None:
    reported = Reported()
    Installed()
    with Served(reported.errors):
        obskit.get_logger("shop").critical("it burns")
        obskit.get_logger("shop").error("it smokes")
        raise ValueError("x")
    (event,) = reported.events
    assert [(crumb["level"], crumb["message"]) for crumb in event["breadcrumbs"]["values"]] == [
        ("fatal", "it burns"),
        ("error", "it smokes"),
    ]


def test_locals_are_left_out_where_the_host_wants_none() -> None:
    assert "vars" not in frame_of(failed(Reported(include_local_variables=False)))


@pytest.mark.parametrize(
    ("custom", "shown"),
    [
        (lambda value: "own" if value == 7 else None, "own"),
        (lambda _: f"token={CANARY}", "token=[redacted]"),
        (lambda value: 1 / 0, "7"),
    ],
    ids=["own", "secret", "raising"],
)
def test_a_host_may_show_locals_its_own_way(custom: Any, shown: str) -> None:
    assert frame_of(failed(Reported(custom_repr=custom)))["vars"]["number"] == shown


def test_a_request_without_a_route_is_named_by_its_path() -> None:
    event = failed(Reported(), snapshot(route=None))
    assert event["transaction"] == "POST /orders/7"
    assert event["transaction_info"] == {"source": "url"}


def test_a_request_that_cannot_be_read_costs_no_event() -> None:
    event = failed(Reported(), lambda: 1 / 0)
    assert "request" not in event
    assert event["tags"]["request_id"] == "request-1"


def test_nothing_of_one_request_shows_on_the_next() -> None:
    reported = Reported()
    failed(reported)
    sentry_sdk.get_isolation_scope()
    with Served(reported.errors, "request-2"):
        raise ValueError("second")
    reported.errors.capture(ValueError("third"), handled=True)
    _, second, third = reported.events
    assert second["tags"] == {"request_id": "request-2"}
    assert "tags" not in third or third["tags"] == {}
    for event in (second, third):
        assert not {"user", "request", "transaction"} & set(event)
        assert "obskit" not in event["contexts"]
        assert event.get("breadcrumbs", {"values": []}) == {"values": []}


@pytest.mark.parametrize("name", MONSTERS)
def test_any_local_variable_can_be_shown(name: str) -> None:
    reported = Reported()
    with Served(reported.errors):
        monster = MONSTERS[name]()
        nested = {"inner": [monster]}  # noqa: F841 - a local variable, which is shown
        raise ValueError("x")
    assert reported.values == ["x"]
    assert set(frame_of(reported.events[0])["vars"]) >= {"monster", "nested", "name"}


def test_a_message_is_bounded_and_shows_no_password() -> None:
    reported = Reported()
    with Served(reported.errors):
        raise ValueError(f"refused: postgres://app:{CANARY}@db " + "m" * 1_000_000)
    (message,) = reported.values
    assert message.startswith("refused: postgres://app:[redacted]@db mmm")
    assert len(message) < 33_000


def test_a_broken_package_costs_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        version = "1"

        @property
        def metadata(self) -> Any:
            raise PackageNotFoundError

    monkeypatch.setattr(sentry_event, "_known_modules", {})
    with monkeypatch.context() as patch:
        patch.setattr("importlib.metadata.distributions", lambda: [Broken()])
        reported = Reported()
        reported.errors.capture(ValueError("x"), handled=True)
    assert reported.values == ["x"]
