"""When the host falls silent so do its records: nothing that fails makes records of its own."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests import faults
from tests.faults import faulty
from tests.faulty import Behaviour
from tests.hostile.host import PATIENCE, Shop, running

import obskit


@pytest.mark.parametrize(
    "behaviour",
    [faults.status(500), faults.status(503), faults.reset, faults.garbage, faults.status(413)],
    ids=["500", "503", "reset", "garbage", "413"],
)
@pytest.mark.parametrize(
    "log",
    [logging.getLogger("shop.hook").error, obskit.get_logger("shop.hook").error],
    ids=["logging", "obskit"],
)
def test_a_receiver_that_fails_makes_no_log_records_of_its_own(
    log: Any, behaviour: Behaviour, tmp_path: Path
) -> None:
    """With every logger at DEBUG, and a hook that logs each failure and then raises."""
    failed, shop = Event(), Shop()

    def hook(told: Any) -> None:
        logging.getLogger("urllib3.connectionpool").debug("POST %s", told.endpoint)
        log("not sent: %s", told.reason)
        failed.set()
        raise OSError(told.message)

    with faulty(behaviour) as server:
        options = {"otlp.endpoint": f"http://127.0.0.1:{server.port}", "on_export_error": hook}
        with running(tmp_path, log_level="DEBUG", **options) as runtime:
            shop.serve(2)
            runtime.flush(PATIENCE)
            accepted = runtime.ledger.snapshot()["logs"]["accepted"]
            assert accepted >= 24
            for _ in range(5):  # metrics are sent, and fail, also in silence
                failed.clear()
                runtime.flush(PATIENCE)
                assert failed.wait(PATIENCE)
            assert runtime.ledger.snapshot()["logs"]["accepted"] == accepted


def test_a_handler_of_the_host_that_raises_ends_nothing(tmp_path: Path) -> None:
    class Raising(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            if record.name == "obskit.export":
                raise OSError(record.name)
            return True

    shop, handler = Shop(), Raising()
    with faulty(faults.status(503)) as server:
        address = f"http://127.0.0.1:{server.port}"
        with running(tmp_path, spool_max_bytes=0, **{"otlp.endpoint": address}) as runtime:
            logging.getLogger().addHandler(handler)
            shop.serve(2)
            runtime.flush(PATIENCE)
            server.behaviour = faults.accept
            shop.serve(2)
            assert runtime.flush(PATIENCE)
            assert runtime.ledger.snapshot()["logs"]["exported"] == 48
