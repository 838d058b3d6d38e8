"""Which profiles of the collector go together beyond one machine, in this order."""

from __future__ import annotations

from collections.abc import Mapping

#: What each tier is made of, over `otel-collector.yaml`.
ROLES: Mapping[str, tuple[str, ...]] = {
    "agent": ("host", "files", "limits", "kafka", "agent"),
    "gateway": ("span-metrics", "tail-sampling", "kafka", "gateway"),
}
#: Profiles that are of use in a role alone.
OF_ROLES = frozenset({"agent", "gateway", "kafka", "kafka-tls"})
