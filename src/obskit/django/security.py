"""Logins that fail and requests without a valid CSRF token, as Django tells of them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_login_failed

from obskit import listeners, names, security
from obskit.listeners import Line

#: Django writes a line of each there, and sends no signal.
_CSRF = "django.security.csrf"


class _CsrfFailures:
    """Counts what Django refuses, as its own line tells of it."""

    def hear(self, line: Line) -> None:
        """Take a line."""
        if line.logger == _CSRF:
            security.count_event(names.SECURITY_CSRF_FAILURES)

    def after_fork(self) -> None:
        """In a forked child. Nothing is held."""


_csrf_failures = _CsrfFailures()


def observe() -> None:
    """Count them from now on. Called once a process."""
    user_login_failed.connect(_on_failed_login, dispatch_uid="obskit")
    listeners.add(_csrf_failures)


def _on_failed_login(**_: Any) -> None:
    security.login_failed()
