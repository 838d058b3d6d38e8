"""Which traces are recorded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    set_span_in_context,
)

from obskit.config import Config
from obskit.telemetry import sampling

TRACE = 0x4BF92F3577B34DA6A3CE929D0E0E4736
RECORDED = Decision.RECORD_AND_SAMPLE


def decides(config: Config, parent: str = "none", trace_id: int = TRACE) -> bool:
    """Whether a span with some parent is recorded."""
    context = None
    if parent != "none":
        place, _, flag = parent.partition(" ")
        flags = TraceFlags(TraceFlags.SAMPLED if flag == "sampled" else TraceFlags.DEFAULT)
        span = SpanContext(trace_id, 7, is_remote=place == "remote", trace_flags=flags)
        context = set_span_in_context(NonRecordingSpan(span))
    return sampling.build(config).should_sample(context, trace_id, "work").decision is RECORDED


PARENTS = ("none", "remote sampled", "remote unsampled", "local sampled", "local unsampled")


@pytest.mark.parametrize(
    ("sampler", "argument", "trust", "recorded"),
    [
        ("always_on", 0.0, "ids", set(PARENTS)),
        ("always_off", 1.0, "always", set()),
        ("traceidratio", 1.0, "always", set(PARENTS)),
        ("traceidratio", 0.0, "always", set()),
        (
            "parentbased_always_on",
            0.0,
            "ids",
            {"none", "remote sampled", "remote unsampled", "local sampled"},
        ),
        ("parentbased_always_on", 0.0, "always", {"none", "remote sampled", "local sampled"}),
        ("parentbased_always_on", 0.0, "never", {"none", "remote sampled", "local sampled"}),
        ("parentbased_always_off", 1.0, "ids", {"local sampled"}),
        ("parentbased_always_off", 1.0, "always", {"remote sampled", "local sampled"}),
        ("parentbased_always_off", 1.0, ("10.0.0.0/8",), {"remote sampled", "local sampled"}),
        ("parentbased_traceidratio", 0.0, "ids", {"local sampled"}),
        ("parentbased_traceidratio", 1.0, "ids", set(PARENTS) - {"local unsampled"}),
    ],
)
def test_sampler_parent_and_trust_decide_together(
    sampler: str, argument: float, trust: str | tuple[str, ...], recorded: set[str]
) -> None:
    """With `ids` a remote parent's flag does not count; a local parent's always does."""
    config = Config(traces_sampler=sampler, traces_sampler_arg=argument, trust_inbound=trust)
    assert {parent for parent in PARENTS if decides(config, parent)} == recorded


@given(trace_id=st.integers(1, 2**128 - 1), share=st.floats(0, 1))
def test_services_with_the_same_ratio_agree_whatever_a_caller_says(
    trace_id: int, share: float
) -> None:
    """The trace id decides: with or without a remote parent, here or at the stock sampler."""
    config = Config(traces_sampler="parentbased_traceidratio", traces_sampler_arg=share)
    stock = TraceIdRatioBased(share).should_sample(None, trace_id, "work").decision is RECORDED
    for parent in ("none", "remote sampled", "remote unsampled"):
        assert decides(config, parent, trace_id) is stock
