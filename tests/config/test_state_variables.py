"""Variables of what the processes of a service share."""

from __future__ import annotations

from pathlib import Path

import pytest

from obskit.config import load
from obskit.exceptions import ConfigError
from obskit.state.opening import open_store

from .variables import shows


@shows("OBSKIT_STATE_URL")
def test_state_lies_where_the_url_says(tmp_path: Path) -> None:
    config = load({}, {"OBSKIT_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3"})
    assert config.state_url is not None
    store = open_store(config.state_url, config.service)
    assert store.latest() == {}
    store.close()
    assert [one.name for one in tmp_path.iterdir()] == ["state.sqlite3"]


@shows("OBSKIT_LEASE_URL")
def test_leases_lie_where_the_url_says(tmp_path: Path) -> None:
    config = load({}, {"OBSKIT_LEASE_URL": f"sqlite:///{tmp_path}/leases.sqlite3"})
    assert config.lease_url is not None
    leases = open_store(config.lease_url, config.service)
    assert leases.lease("nightly", "a", 30.0) is not None
    leases.close()
    assert [one.name for one in tmp_path.iterdir()] == ["leases.sqlite3"]


@shows("OBSKIT_HISTORY_DAYS", "OBSKIT_HISTORY_MAX_BYTES")
def test_history_is_kept_so_long_and_takes_so_much_room() -> None:
    config = load({}, {"OBSKIT_HISTORY_DAYS": "0.5", "OBSKIT_HISTORY_MAX_BYTES": "1000000"})
    assert (config.history_days, config.history_max_bytes) == (0.5, 1_000_000)
    assert (load({}, {}).history_days, load({}, {}).history_max_bytes) == (30.0, 67_108_864)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OBSKIT_STATE_URL", "redis://:hunter2@host:x/0"),
        ("OBSKIT_STATE_URL", "rediss://:hunter2@host/first"),
        ("OBSKIT_STATE_URL", "/var/lib/hunter2"),
        ("OBSKIT_LEASE_URL", "mysql://ann:hunter2@host/db"),
        ("OBSKIT_HISTORY_DAYS", "0"),
        ("OBSKIT_HISTORY_MAX_BYTES", "1024"),
    ],
)
def test_a_wrong_value_is_told_without_what_may_be_a_password(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=variable) as raised:
        load({}, {variable: value})
    assert "hunter2" not in str(raised.value)
