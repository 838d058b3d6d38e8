"""What each dashboard shows, as it was looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from obskit.alerts.grafana.files import BOARDS
from obskit.alerts.grafana.query import Json

from .outline import expected, outline


@pytest.mark.parametrize("make", BOARDS)
def test_a_dashboard_shows_these_panels_of_these_queries(make: Callable[[], Json]) -> None:
    board = make()
    assert outline(board) == expected(board["uid"])
