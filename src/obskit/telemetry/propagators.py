"""The propagators of the process: how a trace goes on from one service to the next."""

from __future__ import annotations

from opentelemetry.util._importlib_metadata import entry_points

from obskit.exceptions import ConfigError


def install(names: tuple[str, ...]) -> None:
    """Make the propagators of `OTEL_PROPAGATORS` global.

    Args:
        names: Their names, in order.

    Raises:
        ConfigError: One of them is not installed.
    """
    from opentelemetry.propagators.composite import CompositePropagator

    installed = {entry.name: entry for entry in entry_points(group="opentelemetry_propagator")}
    unknown = [name for name in names if name not in installed and name != "none"]
    if unknown:
        raise ConfigError(
            [
                f"propagators holds {name!r} (OTEL_PROPAGATORS):"
                f" use {', '.join(sorted(installed))}, or install its package"
                for name in unknown
            ]
        )
    try:
        from opentelemetry import propagate  # reads the variable by itself
    except ValueError as error:
        raise ConfigError(
            [f"propagators cannot be read (from OTEL_PROPAGATORS): {error}"]
        ) from error
    chosen = [installed[name].load()() for name in names if name != "none"]
    propagate.set_global_textmap(CompositePropagator(chosen))
