"""What is no test here."""

from __future__ import annotations

# A program: it begins to be observed as it is imported.
collect_ignore = ["shop.py"]
