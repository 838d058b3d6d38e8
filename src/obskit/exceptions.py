"""Every error that obskit raises on purpose: at start-up, at declaration, and where state is kept."""

from __future__ import annotations

from collections.abc import Sequence


class ObskitError(Exception):
    """The base of every error that obskit raises."""


class ConfigError(ObskitError):
    """The configuration is wrong. Lists every wrong value at once.

    Attributes:
        problems: One sentence for each wrong value: its name, the value (secrets masked), where it
            came from and what is allowed.

    >>> print(ConfigError(["log_level is 'LOUD' (from OBSKIT_LOG_LEVEL): use DEBUG or INFO"]))
    1 wrong value in the configuration of obskit:
      - log_level is 'LOUD' (from OBSKIT_LOG_LEVEL): use DEBUG or INFO
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)  # so that it can be pickled

    def __str__(self) -> str:
        count = len(self.problems)
        values = "1 wrong value" if count == 1 else f"{count} wrong values"
        lines = "".join(f"\n  - {problem}" for problem in self.problems)
        return f"{values} in the configuration of obskit:{lines}"


class DeclarationError(ObskitError, ValueError):
    """A check was declared with a wrong value. Raised where it is declared."""


class DuplicateName(DeclarationError):
    """Another function already holds this name in the registry."""


class MissingExtra(ObskitError, ImportError):
    """An optional package is needed for what was asked.

    Args:
        extra: The extra of the distribution that brings the package, such as ``"flask"``.
        feature: What cannot work without it, as the start of a sentence.

    >>> print(MissingExtra("flask", "obskit.flask"))
    obskit.flask needs a package that is not installed: pip install 'obskit-otel[flask]'
    """

    def __init__(self, extra: str, feature: str) -> None:
        self.extra = extra
        self.feature = feature
        super().__init__(extra, feature)  # so that it can be pickled

    def __str__(self) -> str:
        return (
            f"{self.feature} needs a package that is not installed:"
            f" pip install 'obskit-otel[{self.extra}]'"
        )


class StoreError(ObskitError):
    """What the processes of a service share cannot be read or written now.

    Says which store and why. Whoever asked goes on without it.
    """
