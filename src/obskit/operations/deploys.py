"""Deploys: the release that began last, marked once and told in metrics and a log record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread

from opentelemetry.metrics import Meter, Observation

from obskit import names
from obskit.clock import Clock
from obskit.exceptions import StoreError
from obskit.state.deploys import Deploy
from obskit.state.store import Store
from obskit.telemetry import loggers
from obskit.telemetry.instruments import observe

LOGGER = "obskit.deploy"


class Deploys:
    """The deploys of a service, as one process sees them. Making it starts nothing.

    Args:
        release: The release that this process is of, or None.
        environment: Where it runs; empty where nobody said.
        store: What the processes of the service share.
        clock: The time.
        meter: Makes the instrument.
        keeps_house: Whether this process tells of what is of the whole host.
    """

    def __init__(
        self,
        *,
        release: str | None,
        environment: str,
        store: Store,
        clock: Clock,
        meter: Meter,
        keeps_house: Callable[[], bool],
    ) -> None:
        self._release = release
        self._environment = environment
        self._store = store
        self._clock = clock
        self._keeps_house = keeps_house
        self._serves = False
        self._marked: Deploy | None = None
        observe(meter, names.DEPLOY_TIMESTAMP, self._latest)

    def serve(self) -> None:
        """This process serves: its release is marked where nobody has seen it before.

        Costs little: call it often. Never raises, and waits for nothing.
        """
        if self._serves:
            return
        self._serves = True
        if self._release:
            with suppress(
                RuntimeError
            ):  # no more threads; the request that calls this must not fail
                Thread(target=self._see, name="obskit-deploy", daemon=True).start()

    def mark(self, release: str) -> Deploy:
        """Somebody says that a release is deployed: mark it, also where it is known.

        Args:
            release: Which.

        Raises:
            StoreError: It cannot be kept; it was told all the same.
        """
        deploy = self._marked = Deploy(release, self._environment, self._clock.now())
        _tell(deploy)
        self._store.deploys.mark(deploy, again=True)
        return deploy

    def _see(self) -> None:
        deploy = Deploy(str(self._release), self._environment, self._clock.now())
        try:
            is_new = self._store.deploys.mark(deploy, again=False)
        except StoreError:  # the store has told of it; the next process that serves will mark it
            return
        except Exception as error:
            loggers.active().emit(LOGGER, 30, "the release cannot be marked", {}, error)
            return
        if is_new:
            _tell(deploy)

    def _latest(self) -> Iterator[Observation]:
        deploy = self._marked
        if deploy is None and ((self._serves and self._release) or self._keeps_house()):
            deploy = self._store.deploys.latest(self._environment)
        if deploy is not None:
            yield Observation(deploy.began, {names.DEPLOY_RELEASE: deploy.release})


def _tell(deploy: Deploy) -> None:
    event = f"release {deploy.release} is deployed"
    fields = {names.DEPLOY_RELEASE: deploy.release}
    loggers.active().emit(
        LOGGER, 20, event, fields, timestamp=deploy.began, event_name=names.EVENT_DEPLOY
    )
