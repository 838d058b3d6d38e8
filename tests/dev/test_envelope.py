"""Sentry envelopes become errors, whatever their fields hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obskit.dev.envelope import EnvelopeError, decode_envelope, decode_event
from obskit.stories.signals import Error, Frame, Raised

NOW = 1_700_000_000.0


def event(**fields: Any) -> Error:
    """Read an event with these fields."""
    return decode_event(json.dumps(fields).encode(), NOW)


def raised(**fields: Any) -> Raised:
    """Read the one exception of an event."""
    return event(exception={"values": [fields]}).exceptions[0]


def test_an_event_is_read_with_its_stack_and_locals() -> None:
    frame = {
        "filename": "shop.py",
        "lineno": 84,
        "function": "boom",
        "context_line": "    total = basket['price']",
        "in_app": True,
        "vars": {
            "basket": {"'sku'": "'A-1'"},
            "items": ["1", "2"],
            "nothing": None,
            "deep": [[[[[["x"]]]]]],
        },
    }
    read = event(
        event_id="9f3c",
        timestamp="2023-11-14T22:13:20.500000Z",
        contexts={"trace": {"trace_id": "4BF92F3577B34DA6A3CE929D0E0E4736"}},
        tags={"request_id": "abc-1", "attempt": 2},
        exception={
            "values": [
                {"type": "ConnectionError", "value": "refused"},
                {
                    "type": "Declined",
                    "module": "shop.errors",
                    "value": "no money",
                    "stacktrace": {"frames": [frame]},
                },
            ]
        },
    )
    assert read == Error(
        source="sentry",
        time=1_700_000_000.5,
        exceptions=(
            Raised("ConnectionError", "refused"),
            Raised(
                "shop.errors.Declined",
                "no money",
                (
                    Frame(
                        file="shop.py",
                        line=84,
                        function="boom",
                        source="    total = basket['price']",
                        in_app=True,
                        variables={
                            "basket": "{'sku': 'A-1'}",
                            "items": "[1, 2]",
                            "nothing": "None",
                            "deep": "[[[[[…]]]]]",
                        },
                    ),
                ),
            ),
        ),
        event_id="9f3c",
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        tags={"request_id": "abc-1", "attempt": "2"},
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"message": "stock is low"}, "stock is low"),
        ({"logentry": {"message": "%s is low", "formatted": "milk is low"}}, "milk is low"),
        ({"logentry": {"message": "stock is low"}}, "stock is low"),
        ({"logentry": {"message": 7}, "message": None}, ""),
    ],
)
def test_a_message_is_read_from_wherever_it_stands(fields: dict[str, Any], message: str) -> None:
    assert event(**fields).message == message


@pytest.mark.parametrize(
    ("timestamp", "seconds"),
    [
        (1.5, 1.5),
        ("1970-01-01T00:00:02", 2.0),
        ("1970-01-01T01:00:02+01:00", 2.0),
        ("soon", NOW),
        ("0001-01-01T00:00:00+23:59", NOW),
        (-5, NOW),
        (None, NOW),
    ],
)
def test_the_time_is_read_or_else_now(timestamp: object, seconds: float) -> None:
    assert event(timestamp=timestamp).time == seconds


def test_older_forms_are_read() -> None:
    read = event(exception=[{"type": "KeyError"}], tags=[["a", "b"], ["c"], 7])
    assert (read.exceptions, read.tags) == ((Raised("KeyError", ""),), {"a": "b"})


@pytest.mark.parametrize("module", [None, "builtins", "__main__"])
def test_a_module_that_says_nothing_is_left_out(module: str | None) -> None:
    assert raised(type="KeyError", module=module).type == "KeyError"


def test_an_exception_without_a_type_is_an_error() -> None:
    assert raised(value="odd").type == "Error"


def test_the_absolute_path_stands_in_for_the_file() -> None:
    frames = [{"abs_path": "/srv/a.py", "lineno": True, "in_app": "yes"}]
    expected = (Frame("/srv/a.py", 0, "", in_app=True),)
    assert raised(stacktrace={"frames": frames}).frames == expected


def test_code_of_python_itself_is_not_the_program_s_own() -> None:
    frames = [{"filename": "contextlib.py", "abs_path": "/usr/lib/python3.11/contextlib.py"}]
    assert raised(stacktrace={"frames": frames}).frames[0].in_app is False


def test_only_the_innermost_frames_and_the_first_variables_are_kept() -> None:
    frames = [{"lineno": n, "vars": {f"v{i}": "1" for i in range(60)}} for n in range(150)]
    kept = raised(stacktrace={"frames": frames}).frames
    assert (len(kept), kept[0].line, kept[-1].line) == (100, 50, 149)
    assert len(kept[0].variables) == 50


def test_only_the_last_exceptions_of_a_chain_are_kept() -> None:
    chain = event(exception={"values": [{"type": f"E{n}"} for n in range(12)]}).exceptions
    assert [link.type for link in chain] == [f"E{n}" for n in range(2, 12)]


def test_events_are_found_among_the_items_of_an_envelope() -> None:
    attachment = b'{"type":"attachment","length":7}\nnot\n{}\n\n'
    first = b'{"type":"event","length":15}\n{"message":"a"}\r\n'
    second = b'{"type":"event"}\n{"message":"b"}'
    body = b'{"event_id":"9f"}\n' + attachment + first + second
    assert [error.message for error in decode_envelope(body, NOW)] == ["a", "b"]


def test_an_envelope_without_items_holds_nothing() -> None:
    assert decode_envelope(b"{}", NOW) == []
    assert decode_envelope(b"{}\n\n", NOW) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}\nnot json",
        b'{}\n{"type":"event","length":100}\n{}',
        b'{}\n{"type":"event","length":-1}\n{}',
        b'{}\n{"type":"event","length":"2"}\n{}',
        b'{}\n{"type":"event"}\n[]',
        b'{}\n{"type":"event"}\n' + b"[" * 100_000,
        b"{}\n" + b'{"type":"session"}\n{}\n' * 1001,
    ],
)
def test_a_body_that_is_no_envelope_is_refused(body: bytes) -> None:
    with pytest.raises(EnvelopeError):
        decode_envelope(body, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
EVENT = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("event_id", "timestamp", "contexts", "tags", "message", "logentry", "exception"), JSON
    ),
)
VALUES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "type": JSON,
            "module": JSON,
            "value": JSON,
            "stacktrace": st.fixed_dictionaries(
                {
                    "frames": st.lists(
                        st.fixed_dictionaries(
                            {}, optional={"filename": JSON, "lineno": JSON, "vars": JSON}
                        ),
                        max_size=3,
                    )
                }
            ),
        },
    ),
    max_size=3,
)


@settings(deadline=None)
@given(EVENT, VALUES)
def test_fields_of_any_kind_are_read(fields: dict[str, Any], values: list[Any]) -> None:
    fields.setdefault("exception", {"values": values})
    read = event(**fields)
    assert isinstance(read.key, tuple)
    assert read.time >= 0
