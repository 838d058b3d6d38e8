"""What is for servers alone: these files call `init` as they are imported."""

from __future__ import annotations

collect_ignore = ["shop.py", "tasks.py", "triggered.py"]
