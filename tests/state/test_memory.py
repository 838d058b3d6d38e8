"""The store in memory: its own contract, and forks."""

from __future__ import annotations

import os

import pytest
from tests.export.spooled import Time
from tests.state.contract import RUN, StoreContract
from tests.state.lease_contract import PassBy

from obskit.state.memory import MemoryStore


@pytest.fixture
def store(time: Time) -> MemoryStore:
    return MemoryStore(time)


@pytest.fixture
def pass_by(time: Time) -> PassBy:
    return time.pass_by


class TestMemoryStore(StoreContract):
    pass


def test_a_child_begins_with_what_its_parent_had(store: MemoryStore) -> None:
    store.keep(RUN)
    child = os.fork()
    if not child:
        os._exit(0 if store.latest() == {"database": RUN} and store.unsilence("x") is False else 1)
    assert os.waitpid(child, 0)[1] == 0
