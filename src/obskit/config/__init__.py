"""The configuration: what can be set, where it comes from, what is allowed."""

from __future__ import annotations

from obskit.config.model import OPTIONS, Config
from obskit.config.option import Option
from obskit.config.otlp import SIGNALS, Otlp, Signal
from obskit.config.sources import load
from obskit.config.summary import describe

__all__ = ["OPTIONS", "SIGNALS", "Config", "Option", "Otlp", "Signal", "describe", "load"]
