"""The container of the example warehouse, as far as its health check goes: none runs."""

from __future__ import annotations

import json
import re
import time

from tests.rows.warehouse_service import FOLDER, Warehouse


class Container:
    """Judges a container as Docker does, by the health check of the Dockerfile; it probes when it is told to."""

    def __init__(self, house: Warehouse, port: int) -> None:
        self.house = house
        text = (FOLDER / "Dockerfile").read_text()
        found = re.search(r"HEALTHCHECK (.*?)CMD (\[.*\])", text, re.DOTALL)
        assert found is not None
        self.options = dict(re.findall(r"--([a-z-]+)=(\w+)", found[1]))
        self.command = [part.replace(":8000", f":{port}") for part in json.loads(found[2])]
        self.states: list[str] = []
        self._failed, self._began = 0, time.monotonic()

    def probe(self) -> str:
        """Probe once, and say how the container stands."""
        start = float(self.options["start-period"].rstrip("s"))
        if self.house.run(*self.command).returncode == 0:
            self._failed, state = 0, "healthy"
        else:
            within = time.monotonic() - self._began < start and "healthy" not in self.states
            self._failed += not within
            retries = int(self.options["retries"])
            before = self.states[-1] if self.states else "starting"
            state = "unhealthy" if self._failed >= retries else before
        self.states.append(state)
        return state
