"""Records as text, written by one version and read by another."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.state.contract import RUN

from obskit.exceptions import StoreError
from obskit.state import text
from obskit.state.store import Run


def test_fields_of_a_later_version_are_left_out() -> None:
    later = {**json.loads(text.write(RUN)), "mood": "fine"}
    assert text.read(Run, json.dumps(later)) == RUN


def test_fields_that_an_earlier_version_did_not_know_have_their_defaults() -> None:
    earlier = json.loads(text.write(RUN))
    del earlier["instance"]
    assert text.read(Run, json.dumps(earlier)).instance == ""


@pytest.mark.parametrize("broken", ["", "[]", "{}", "7"])
def test_what_is_no_record_is_a_store_error(broken: str) -> None:
    with pytest.raises(StoreError, match="what is kept is no Run"):
        text.read(Run, broken)


def test_in_outline_a_run_is_itself_without_details_and_evidence() -> None:
    assert RUN.details
    bare = replace(RUN, details={}, evidence=())
    assert text.outline(text.write(RUN)) == bare
    later = {**json.loads(text.write(RUN)), "mood": "fine", "message": "half \ud800"}
    assert text.outline(json.dumps(later)) == replace(bare, message="half \ud800")


@pytest.mark.parametrize("broken", ["", "[]", "{}", "7"])
def test_what_is_no_run_has_no_outline(broken: str) -> None:
    with pytest.raises(StoreError, match="what is kept is no Run"):
        text.outline(broken)
