"""What is asked from outside, on another host: `obskit check worker --app outside --notify`."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from obskit import Registry
from obskit.checks.library import dns, http, tcp, tls

SITE = os.environ.get("ACADEMY_URL", "https://academy.example.org")
RUNBOOK = "https://wiki.example.org/academy/down"
HOST, PORT = urlsplit(SITE).hostname or "", urlsplit(SITE).port or 443
NAMESERVER, _, NAMESERVER_PORT = os.environ.get("ACADEMY_NAMESERVER", "").partition(":")

registry = Registry()
# One lost packet wakes nobody: down is what fails three times in a row.
registry.add("up", http.Endpoint(f"{SITE}/livez", timeout="10s"), every="5m", timeout="15s",
             failures_before_alert=3, severity="sev1", owner="web", runbook=RUNBOOK)  # fmt: skip
registry.add("ping", tcp.Connects(HOST, PORT), every="5m", failures_before_alert=3, owner="web")
registry.add("certificate", tls.Expiry(HOST, PORT), every="12h", severity="sev2", owner="web")
registry.add("name", dns.Resolves(HOST, nameserver=NAMESERVER, port=int(NAMESERVER_PORT or 53)),
             every="5m", failures_before_alert=3, owner="web")  # fmt: skip
