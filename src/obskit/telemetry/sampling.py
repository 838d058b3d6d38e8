"""Which traces are recorded, and how far a caller may decide that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)

from obskit.config import Config


def build(config: Config) -> Sampler:
    """The sampler of a configuration.

    With `trust_inbound="ids"` a remote parent's sampled flag is ignored: the choice is made as if
    the trace began here, so that no caller can switch our traces on or off
    (micrometer-metrics/tracing#626). The ratio sampler decides by the trace id, so that services
    with the same ratio agree all the same.

    Args:
        config: The configuration.
    """
    name = config.traces_sampler
    root: Sampler = {
        "always_on": ALWAYS_ON,
        "always_off": ALWAYS_OFF,
        "traceidratio": TraceIdRatioBased(config.traces_sampler_arg),
    }[name.removeprefix("parentbased_")]
    if not name.startswith("parentbased_"):
        return root
    if config.trust_inbound == "ids":
        return ParentBased(root, remote_parent_sampled=root, remote_parent_not_sampled=root)
    return ParentBased(root)


class Counted(Sampler):
    """A sampler that tells of each span that it does not keep.

    Args:
        inner: What decides.
        sampled_out: Called for each span that will not leave.
    """

    def __init__(self, inner: Sampler, sampled_out: Callable[[], object]) -> None:
        self._inner = inner
        self._sampled_out = sampled_out

    def should_sample(self, *args: Any, **options: Any) -> SamplingResult:
        """Decide as the inner one does."""
        result = self._inner.should_sample(*args, **options)
        if result.decision is not Decision.RECORD_AND_SAMPLE:
            self._sampled_out()
        return result

    def get_description(self) -> str:
        """What the inner one says of itself."""
        return self._inner.get_description()
