"""What the service has kept in its store, as far as it can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from obskit import default_runtime
from obskit.checks.verdict import Past
from obskit.cli.group import Refused
from obskit.clock import SYSTEM_CLOCK, to_rfc3339
from obskit.config import Config
from obskit.config import load as load_config
from obskit.config.store_url import MEMORY, sqlite_path
from obskit.declaration import Check
from obskit.exceptions import ObskitError, StoreError
from obskit.operations import surroundings
from obskit.operations.surroundings import Surroundings
from obskit.redaction.sensitive import redact_own_url
from obskit.state.opening import open_store, store_url
from obskit.state.store import Silence, Store
from obskit.telemetry.console import visible

#: Silences by the name of the check.
Silences = dict[str, Silence]


def configuration(service: str | None = None) -> Config:
    """What the app's `init` was given, else what stands in the environment and the file.

    Args:
        service: The service's name, where the command was given one.

    Raises:
        Refused: The configuration is wrong.
    """
    try:
        told = None if service else default_runtime.configuration()
        return told or load_config({"service": service})
    except ObskitError as error:
        raise Refused(str(error)) from error


def place(config: Config) -> str:
    """Where the service keeps its state, without secrets."""
    return redact_own_url(store_url(config))


@contextmanager
def opened(config: Config, *, make: bool = False) -> Iterator[Store]:
    """The store of a service. Whoever makes none only looks: a broken file is left as it is.

    Args:
        config: The service's configuration.
        make: Whether to make it where there is none; else an empty one stands for it.

    Raises:
        Refused: It cannot be opened.
    """
    url = store_url(config)
    if not make and url.startswith("sqlite:") and not Path(sqlite_path(url)).exists():
        url = MEMORY
    try:
        store = open_store(url, config.service, looks=not make)
    except (ObskitError, ValueError) as error:
        raise Refused(str(error)) from error
    try:
        yield store
    finally:
        store.close()


@contextmanager
def asked(store: Store) -> Iterator[None]:
    """While it lasts, checks find the runs of jobs in this store, as they would in a service."""
    before = surroundings.active()
    surroundings.install(Surroundings(store=store))
    try:
        yield
    finally:
        surroundings.install(before)


@contextmanager
def reading(config: Config) -> Iterator[Store]:
    """The store, for a command that is nothing without it.

    Raises:
        Refused: It cannot be opened or read.
    """
    try:
        with opened(config) as store:
            yield store
    except StoreError as error:
        raise Refused(str(error)) from error


def silences(config: Config) -> Silences:
    """The silences that last; none, and a line that says so, where they cannot be read."""
    try:
        with opened(config) as store:
            return lasting(store)
    except StoreError as error:
        click.echo(f"silences cannot be read: {error}", err=True)
        return {}


def lasting(store: Store) -> Silences:
    """The silences that last.

    Raises:
        StoreError: They cannot be read.
    """
    return {each.check: each for each in store.silences(SYSTEM_CLOCK.now())}


def past(config: Config) -> Callable[[Check], Past]:
    """Gives what a check measured before; nothing where it cannot be read."""

    def of(check: Check) -> Past:
        def since(moment: float, step: float) -> Sequence[tuple[float, float]]:
            try:
                with opened(config) as store:
                    return store.values(check.name, moment, step)
            except StoreError:
                return ()

        return since

    return of


def told(silence: Silence) -> str:
    """A silence in a few words.

    >>> told(Silence("rows", 7200.0, "we mend it", "ada", 0.0))
    'silenced until 1970-01-01T02:00:00Z by ada: we mend it'
    """
    until = to_rfc3339(silence.until)[:19]
    return visible(f"silenced until {until}Z by {silence.author}: {silence.reason}")
