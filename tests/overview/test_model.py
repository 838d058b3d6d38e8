"""What the values say of themselves: who fails, and from where on."""

from __future__ import annotations

import pytest

from obskit.overview.model import OperationView, QuotaView


@pytest.mark.parametrize(
    ("runs", "failed", "p95", "fails"),
    [
        (100, 5, 2.0, False),
        (100, 6, 2.0, True),
        (100, 0, 2.1, True),
        (100, 0, None, False),
        (19, 19, 9.0, False),
        (20, 20, 9.0, True),
    ],
)
def test_an_operation_fails_beyond_its_limits_once_there_are_runs_enough(
    runs: int, failed: int, p95: float | None, fails: bool
) -> None:
    view = OperationView("pay", runs, failed, p95, max_error_ratio=0.05, max_p95=2.0)
    assert view.fails is fails


@pytest.mark.parametrize(
    ("used", "status"), [(79, "ok"), (80, "warning"), (99, "warning"), (100, "critical")]
)
def test_a_quota_warns_from_its_share_on_and_is_critical_when_nothing_is_left(
    used: int, status: str
) -> None:
    assert QuotaView("mails", 100, used, 3_600.0).status == status
