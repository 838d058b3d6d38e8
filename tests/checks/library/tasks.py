"""A Celery app over the broker that the environment names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-untyped]


def make_app(broker: str, folder: Path) -> Any:
    """An app; a broker of `filesystem://` lies in the folder."""
    made: Any = Celery("tasks", broker=broker)
    if broker.startswith("filesystem:"):
        for name in "in", "control":
            (folder / name).mkdir(exist_ok=True)
        made.conf.broker_transport_options = {
            "data_folder_in": str(folder / "in"),
            "data_folder_out": str(folder / "in"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.01,
        }
    made.conf.task_ignore_result = True
    made.task(_work, name="work")
    return made


def _work() -> None:
    """Work that is done at once."""


if "BROKER" in os.environ:
    app = make_app(os.environ["BROKER"], Path(os.environ["FOLDER"]))
