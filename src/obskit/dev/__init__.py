"""`obskit dev`: receive what a program sends and show it as stories, one for each trace id.

`Receiver` takes telemetry on a loopback port, `Stories` joins it, `Printer` shows it in the terminal,
`Archive` keeps it for the page in the browser, and `Session` runs a command with all of them. They
work with any OTLP or Sentry sender.
"""

from obskit.dev.printer import Printer
from obskit.dev.receiver import Receiver
from obskit.dev.session import Session
from obskit.dev.stories import Stories
from obskit.stories.story import Story

__all__ = ["Printer", "Receiver", "Session", "Stories", "Story"]
