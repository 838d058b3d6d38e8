"""What is for servers alone: these files call `init` as they are imported, or need a framework."""

from __future__ import annotations

collect_ignore = [
    "api.py",
    "observed_tasks.py",
    "plain_shop.py",
    "shop.py",
    "tasks.py",
    "triggered.py",
]
