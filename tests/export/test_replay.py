"""Sending what waits, by one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.export.spooled import bodies, files, one, refuse

from obskit.export.replay import replay
from obskit.export.spool import Batch, Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def test_two_cannot_replay_at_once(spool: Spool) -> None:
    """Not even in one process."""
    one(spool)
    other = Spool(spool.directory)
    with spool.replaying() as first, other.replaying() as second:
        assert (first, second) == (True, False)
    with other.replaying() as third:
        assert third


def test_a_link_in_place_of_the_lock_is_not_followed(spool: Spool, tmp_path: Path) -> None:
    one(spool)
    (spool.directory / "replay.lock").symlink_to(tmp_path / "made")
    with spool.replaying() as ours:
        assert not ours
    assert not (tmp_path / "made").exists()


def test_a_replay_sends_each_signal_in_order_until_it_fails(spool: Spool) -> None:
    """One signal's receiver does not hold up the others."""
    for signal, body in (("logs", b"1"), ("traces", b"2"), ("logs", b"3"), ("metrics", b"4")):
        one(spool, signal, body, records=10)
    sent: list[bytes] = []

    def send(batch: Batch) -> bool:
        sent.append(batch.body)
        return batch.body != b"3"

    assert replay(spool, send) == (False, {"logs": 10, "metrics": 10, "traces": 10}, 3)
    assert sent == [b"1", b"3", b"4", b"2"]
    assert bodies(spool) == [b"3"]


def test_a_replay_does_nothing_while_another_goes_on(spool: Spool) -> None:
    one(spool)
    with spool.replaying():
        assert replay(Spool(spool.directory), lambda _: True) == (True, {}, 0)
    assert bodies(spool) == [b"body"]


def test_what_cannot_be_removed_is_not_sent_again(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is removed as soon as that can be done."""
    one(spool, body=b"1")
    one(spool, body=b"2")
    sent: list[bytes] = []

    def send(batch: Batch) -> bool:
        sent.append(batch.body)
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert replay(spool, send).batches == 2
        assert replay(spool, send).batches == 0
        assert len(files(spool)) == 3
    assert replay(spool, send).batches == 0
    assert sent == [b"1", b"2"]
    assert [path.name for path in files(spool)] == ["replay.lock"]
