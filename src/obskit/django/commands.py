"""Which `manage.py` command this process is, and whether one of its kind has anything to tell."""

from __future__ import annotations

import os
import sys
from types import FrameType

from django.core.management import ManagementUtility, get_commands

_OWN = "obskit"
#: Of Django's own commands, those that serve.
_SERVING = frozenset(("runserver", "testserver"))


def tells() -> bool:
    """Whether this process has anything to tell.

    What serves does, and so do commands of the project's own and of others: an import, a worker.
    Django's own, such as `migrate` and `shell`, do not, nor does the parent of the reloader, which
    serves nothing. `manage.py obskit` begins by itself what it needs.
    """
    given = _running()
    if len(given) < 2:  # noqa: PLR2004 - a server, a script, or `manage.py` alone
        return not given
    command = given[1]
    if command in _SERVING:
        return (
            os.environ.get("RUN_MAIN") == "true" or "--noreload" in given or command != "runserver"
        )
    app = get_commands().get(command, "django.core")
    name = app if isinstance(app, str) else app.__module__
    return command != _OWN and not name.startswith("django.")


def _running() -> list[str]:
    """The words of the command that is running, as the one who runs it has them: the file may have any name."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is ManagementUtility.execute.__code__:
            return list(frame.f_locals["self"].argv)
        frame = frame.f_back
    return []
