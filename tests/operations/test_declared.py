"""Declarations: of which line they are, and what a wrong one is told."""

from __future__ import annotations

import pytest

from obskit.declared import Declarations
from obskit.exceptions import DeclarationError, DuplicateName
from obskit.operations.job import job


def test_declaring_again_from_the_same_line_gives_the_same_job(registry: Declarations) -> None:
    found = [job("import", expect_every="1h", registry=registry) for _ in range(2)]
    assert found[0] is found[1]


def test_another_declaration_from_the_same_line_replaces(registry: Declarations) -> None:
    for every in ("1h", "2h"):
        job("import", expect_every=every, registry=registry)
    assert registry.jobs["import"].expect_every == 7200.0


def test_another_line_may_not_take_the_name(registry: Declarations) -> None:
    job("import", registry=registry)
    with pytest.raises(
        DuplicateName, match=r"the job 'import' .*test_declared\.py.* name is taken by"
    ):
        job("import", registry=registry)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expect_every": "soon"}, "expect_every: 'soon' is no span of time"),
        ({"expect_every": "1h", "expect_cron": "0 3 * * *"}, "use one or the other"),
        ({"expect_cron": "0 3 * * *"}, "it has no time zone: give timezone"),
        ({"expect_cron": "61 * * * *", "timezone": "UTC"}, "is no cron expression"),
        ({"expect_every": "1h", "timezone": "UTC"}, "only a job with expect_cron has one"),
        ({"overlap": "wait"}, "overlap is 'wait': use allow or refuse"),
        ({"severity": "high"}, "severity is 'high': use sev1, sev2 or sev3"),
    ],
)
def test_a_wrong_declaration_is_told_with_its_place(
    registry: Declarations, options: dict[str, str], message: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        job("import", registry=registry, **options)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "the job 'import' (" in str(caught.value)
    assert "test_declared.py:" in str(caught.value)
    assert list(registry.jobs) == []
