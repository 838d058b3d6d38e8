"""Who hears of a problem."""

from __future__ import annotations

import pytest
import tomli

from obskit.declaration import Severity
from obskit.receivers.reading import directory_of

from .given import WHOLE


@pytest.mark.parametrize(
    ("severity", "owner", "receivers"),
    [
        ("sev1", "data", ("on-call", "data-team")),
        ("sev1", "platform", ("on-call",)),  # the team is who is paged
        ("sev1", "somebody", ("on-call", "team")),
        ("sev1", None, ("on-call", "team")),
        ("sev2", "data", ("data-team",)),
        ("sev2", None, ("team",)),
        ("sev3", "platform", ("on-call",)),
        ("sev3", "somebody", ("team",)),
    ],
)
def test_sev1_pages_and_goes_on_to_the_team_and_the_rest_goes_to_the_team(
    severity: Severity, owner: str | None, receivers: tuple[str, ...]
) -> None:
    assert directory_of(tomli.loads(WHOLE), "alerts.toml").hearing(severity, owner) == receivers
