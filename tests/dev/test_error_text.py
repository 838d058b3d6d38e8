"""An error and its stack as lines."""

from __future__ import annotations

from obskit.dev.error_text import error_text
from obskit.stories.signals import Error, Frame, Raised

from . import given


def lines(error: Error, width: int = 80) -> list[str]:
    return [text.plain for text in error_text(error, width)]


def test_causes_follow_with_the_place_where_they_were_raised() -> None:
    places = tuple(Frame(f"{n}.py", n, f"f{n}") for n in range(3))
    chain = (Raised("OSError", "down", places), Raised("Declined", "no money", places[:1]))
    assert lines(given.event(*chain, event_id="")) == [
        "  ✗ Declined: no money",
        "    0.py:0 in f0",
        "    from OSError: down",
        "    2.py:2 in f2",
        "    … 2 more frames",
    ]


def test_of_a_deep_stack_the_innermost_own_frames_are_shown() -> None:
    own = [Frame(f"/a/b/c/own{n}.py", n, "f", in_app=True) for n in range(6)]
    library = [
        Frame("<frozen runpy>", 1, "g", in_app=False),
        *(
            Frame(f"/x/site-packages/{name}/m.py", 1, "g", in_app=False)
            for name in ("flask", "werkzeug", "jinja2", "click", "zope")
        ),
    ]
    raised = Raised("E", "m", (*library, *own, library[1]))
    assert lines(given.event(raised, event_id="")) == [
        "  ✗ E: m",
        "    flask/m.py:1 in g",
        "    b/c/own5.py:5 in f",
        "    b/c/own4.py:4 in f",
        "    b/c/own3.py:3 in f",
        "    … 9 more frames in click, flask, jinja2, werkzeug",
    ]


def test_locals_are_those_of_the_innermost_own_frame() -> None:
    own = Frame("shop.py", 1, "f", in_app=True, variables={"mine": "1"})
    library = Frame("lib.py", 2, "g", in_app=False, variables={"theirs": "2"})
    shown_of = [
        [line.strip() for line in lines(given.event(Raised("E", "m", frames), event_id=""))[1:]]
        for frames in ((own, library), (library,))
    ]
    assert shown_of == [
        ["lib.py:2 in g", "shop.py:1 in f", "mine = 1"],
        ["lib.py:2 in g", "theirs = 2"],
    ]


def test_locals_are_bounded_and_cut_to_the_width() -> None:
    variables = {f"v{n}": "x" * 100 for n in range(20)}
    raised = Raised("E", "m", (Frame("a.py", 1, "f", variables=variables),))
    text = lines(given.event(raised, event_id=""), width=40)
    assert text[-1] == "      v7 = " + "x" * 28 + "…"


def test_a_stack_that_is_no_python_is_shown_as_it_came() -> None:
    trace = "\n".join(["java.io.IOException: down", *(f"\tat a.B.c(B.java:{n})" for n in range(9))])
    raised = Raised("java.io.IOException", "down", stacktrace=trace)
    text = lines(given.event(raised, event_id=""))
    assert text[:3] == [
        "  ✗ java.io.IOException: down",
        "    java.io.IOException: down",
        r"    \tat a.B.c(B.java:0)",
    ]
    assert text[-1] == "    … 2 more lines"
