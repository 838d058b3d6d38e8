"""Errors that obskit raises on purpose."""

from __future__ import annotations

import pickle

import pytest

from obskit.exceptions import (
    ConfigError,
    DeclarationError,
    DuplicateName,
    MissingExtra,
    ObskitError,
    StoreError,
)


def test_a_configuration_error_lists_every_problem() -> None:
    error = ConfigError(["a is wrong", "b is wrong"])
    assert error.problems == ("a is wrong", "b is wrong")
    assert str(error) == (
        "2 wrong values in the configuration of obskit:\n  - a is wrong\n  - b is wrong"
    )


def test_one_problem_is_told_in_the_singular() -> None:
    assert str(ConfigError(["a"])) == "1 wrong value in the configuration of obskit:\n  - a"


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    error = MissingExtra("sentry", "A Sentry DSN")
    assert error.extra == "sentry"
    assert str(error) == (
        "A Sentry DSN needs a package that is not installed: pip install 'obskit-otel[sentry]'"
    )


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (ConfigError, ObskitError),
        (DeclarationError, ObskitError),
        (DeclarationError, ValueError),
        (DuplicateName, DeclarationError),
        (MissingExtra, ObskitError),
        (MissingExtra, ImportError),
        (StoreError, ObskitError),
    ],
)
def test_errors_can_be_caught_by_what_they_are(kind: type, base: type) -> None:
    assert issubclass(kind, base)


@pytest.mark.parametrize("error", [ConfigError(["a", "b"]), MissingExtra("flask", "obskit.flask")])
def test_an_error_survives_the_way_to_another_process(error: Exception) -> None:
    copied = pickle.loads(pickle.dumps(error))
    assert str(copied) == str(error)
    assert vars(copied) == vars(error)
