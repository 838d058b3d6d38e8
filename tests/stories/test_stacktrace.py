"""Real tracebacks are read back into frames."""

from __future__ import annotations

import traceback

import pytest

from obskit.stories.signals import Frame
from obskit.stories.stacktrace import frames_of


def formatted() -> str:
    """The traceback of an error that was raised while another was handled."""
    try:
        try:
            int("one")
        except ValueError as error:
            raise RuntimeError("no number") from error
    except RuntimeError:
        text = traceback.format_exc()
    return text


def test_the_frames_are_of_what_was_raised_last() -> None:
    (frame,) = frames_of(formatted())
    assert frame.file == __file__
    assert (frame.function, frame.in_app) == ("formatted", True)
    assert frame.source == 'raise RuntimeError("no number") from error'


def test_marks_under_the_source_are_passed_over_and_missing_source_is_empty() -> None:
    text = (
        "Traceback (most recent call last):\n"
        '  File "/app/a.py", line 1, in outer\n'
        "    total(1 / 0)\n"
        "          ~~^~~\n"
        '  File "<string>", line 2, in <module>\n'
        '  File "/app/b.py", line 3, in inner'
    )
    assert frames_of(text) == (
        Frame("/app/a.py", 1, "outer", "total(1 / 0)", in_app=True),
        Frame("<string>", 2, "<module>", "", in_app=True),
        Frame("/app/b.py", 3, "inner", "", in_app=True),
    )


@pytest.mark.parametrize(
    "file",
    [
        "/venv/lib/python3.11/site-packages/flask/app.py",
        "/usr/lib/python3/dist-packages/flask/app.py",
        "/usr/lib/python3.11/json/decoder.py",
        "<frozen runpy>",
    ],
)
def test_installed_code_is_not_the_program_s_own(file: str) -> None:
    (frame,) = frames_of(f'  File "{file}", line 1, in go')
    assert frame.in_app is False


@pytest.mark.parametrize("text", ["", "java.io.IOException\n\tat a.B.c(B.java:7)"])
def test_text_that_is_no_traceback_has_no_frames(text: str) -> None:
    assert frames_of(text) == ()
