"""The pytest plugin: `obskit_capture` holds every signal in memory.

It is there as soon as obskit is installed. While a test uses it, ids count up from 1, time stands
still until the test moves it, and nothing leaves the process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from obskit.capture import Capture

# So that pytest shows what `assert_one_story` compared.
pytest.register_assert_rewrite("obskit.capture")


@pytest.fixture
def obskit_capture() -> Iterator[Capture]:
    """Everything that obskit would send, and `assert_one_story`. See `obskit.capture.Capture`.

    Works with an app that called `obskit.init` when it was imported, and without any `init`. A test
    fails when it makes more series of a metric than there may be, or gives one an attribute that
    would be without bounds.
    """
    # Imported here: the plugin is loaded by every pytest run of whoever has obskit installed.
    from obskit.capture import capturing

    with capturing() as capture:
        yield capture
        without_bounds = capture.metrics_without_bounds()
    if without_bounds:
        pytest.fail("\n".join(without_bounds), pytrace=False)
