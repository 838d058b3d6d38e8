"""The health endpoints of an app: `/livez`, `/readyz` and `/health`."""

from __future__ import annotations

from obskit.checks import health
from obskit.checks.health import Answer
from obskit.registry import Registry
from obskit.runtime import Runtime


class Probes:
    """Answers the probes of one app from the latest results of its checks.

    Args:
        registry: The app's checks.
        prefix: What stands before each path, such as `/-`; empty or with a slash first.

    Raises:
        ValueError: The prefix has no slash first.
    """

    def __init__(self, registry: Registry, prefix: str = "") -> None:
        if prefix and not prefix.startswith("/"):
            raise ValueError(f"the prefix is {prefix!r}: begin it with a slash, or leave it out")
        self._registry = registry
        base = prefix.rstrip("/")
        self._paths = {f"{base}/{name}": name for name in ("livez", "readyz", "health")}

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def start(self, runtime: Runtime) -> None:
        """This process serves the app: its checks run from now on. Costs little: call it often."""
        runtime.watch(self._registry).schedule.ensure_started()

    def answer(self, runtime: Runtime, path: str) -> Answer:
        """What a probe is told.

        Args:
            runtime: What holds the results.
            path: One of the paths.
        """
        name = self._paths[path]
        if name == "livez":
            return health.livez()
        results = runtime.watch(self._registry).results
        ask = health.readyz if name == "readyz" else health.health
        return ask(self._registry, results)
