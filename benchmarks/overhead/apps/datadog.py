"""ddtrace, switched on by its import, which stands first; JSON lines with the ids it puts on them."""

import ddtrace.auto  # type: ignore[import-not-found,unused-ignore]

from benchmarks.overhead.apps.stdlib import app

__all__ = ["app", "ddtrace"]
