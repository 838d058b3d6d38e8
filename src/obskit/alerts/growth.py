"""How much a counter of the collector has grown: it is there from the first failure on."""

from __future__ import annotations

from obskit.alerts.promql import number, span


def growth(series: str, seconds: float) -> str:
    """How much a counter has grown of late, the first failure too, which `increase` does not see.

    It is new where the collector was read before, or has only just begun.

    Args:
        series: The counter.
        seconds: How far back to look.
    """
    back = span(seconds)
    new = (
        f"({series} unless {series} offset {back}) and on (instance)"
        f" (otelcol_process_uptime offset {back} or otelcol_process_uptime < {number(seconds)})"
    )
    return f"({new}) or increase({series}[{back}])"
