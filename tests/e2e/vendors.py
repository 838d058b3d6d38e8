"""Slack, Discord, PagerDuty and Telegram as far as they are documented: what they refuse, is refused.

Each takes a message at its path and answers as the vendor does. What does not have the documented
shape is answered with 400, and kept with the reasons.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .services import LOOPBACK

Message = dict[str, Any]

_SLACK_ATTACHMENT = {
    *("fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title"),
    *("title_link", "text", "fields", "image_url", "thumb_url", "footer", "footer_icon", "ts"),
    *("mrkdwn_in", "callback_id", "actions", "blocks"),
}
_SLACK_MESSAGE = {
    *("text", "blocks", "attachments", "thread_ts", "mrkdwn", "channel", "username"),
    *("icon_emoji", "icon_url", "link_names", "response_type"),
}
_DISCORD_MESSAGE = {
    *("content", "username", "avatar_url", "tts", "embeds", "allowed_mentions", "components"),
    *("attachments", "flags", "thread_name", "applied_tags", "poll"),
}
_DISCORD_EMBED = {
    *("title", "type", "description", "url", "timestamp", "color", "footer", "image", "thumbnail"),
    *("video", "provider", "author", "fields"),
}
_PAGERDUTY_EVENT = {
    *("routing_key", "event_action", "dedup_key", "payload", "images", "links", "client"),
    "client_url",
}
_PAGERDUTY_PAYLOAD = {
    *("summary", "source", "severity", "timestamp", "component", "group", "class"),
    "custom_details",
}


def slack(message: Message) -> Iterator[str]:
    """What Slack's incoming webhooks would not take."""
    yield from _unknown("message", message, _SLACK_MESSAGE)
    if not any(message.get(one) for one in ("text", "blocks", "attachments")):
        yield "no_text"
    if len(message.get("attachments", [])) > 100:
        yield "too_many_attachments"
    for one in message.get("attachments", []):
        yield from _unknown("attachment", one, _SLACK_ATTACHMENT)
        if not one.get("fallback") and not one.get("text"):
            yield "an attachment has neither fallback nor text"
        if not re.fullmatch("good|warning|danger|#[0-9a-fA-F]{6}", one.get("color", "good")):
            yield f"color {one['color']}"
        if not {*one.get("mrkdwn_in", [])} <= {"pretext", "text", "fields"}:
            yield f"mrkdwn_in {one['mrkdwn_in']}"
        for field in one.get("fields", []):
            yield from _unknown("field", field, {"title", "value", "short"})
        if re.search(r"<(?!https?://|mailto:|[@#!])", one.get("text", "")):
            yield "an unescaped < in the text"


def discord(message: Message) -> Iterator[str]:
    """What Discord's webhooks would not take."""
    yield from _unknown("message", message, _DISCORD_MESSAGE)
    if not message.get("content") and not message.get("embeds"):
        yield "Cannot send an empty message"
    if len(message.get("content") or "") > 2000 or len(message.get("embeds", [])) > 10:
        yield "too long"
    for one in message.get("embeds", []):
        yield from _unknown("embed", one, _DISCORD_EMBED)
        if len(one.get("title", "")) > 256 or len(one.get("description", "")) > 4096:
            yield "an embed is too long"
        if not 0 <= one.get("color", 0) <= 0xFFFFFF:
            yield f"color {one['color']}"


def pagerduty(message: Message) -> Iterator[str]:
    """What PagerDuty's Events API, version 2, would not take."""
    yield from _unknown("event", message, _PAGERDUTY_EVENT)
    if len(message.get("routing_key", "")) != 32:
        yield "routing_key must be a 32 character integration key"
    if message.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
        yield f"event_action {message.get('event_action')}"
    if len(message.get("dedup_key", "")) > 255:
        yield "dedup_key is too long"
    payload = message.get("payload") or {}
    if message.get("event_action") == "trigger":
        for key in ("summary", "source", "severity"):
            if not payload.get(key):
                yield f"payload.{key} is missing"
    yield from _unknown("payload", payload, _PAGERDUTY_PAYLOAD)
    if len(payload.get("summary", "")) > 1024:
        yield "payload.summary is too long"
    if payload.get("severity", "info") not in {"critical", "error", "warning", "info"}:
        yield f"payload.severity {payload['severity']}"
    for link in message.get("links", []):
        if not link.get("href", "").startswith(("http://", "https://")):
            yield f"link {link}"


def telegram(message: Message) -> Iterator[str]:
    """What Telegram's sendMessage would not take."""
    if not re.fullmatch("-?[0-9]+|@[a-z_]+", str(message.get("chat_id"))):
        yield f"chat_id {message.get('chat_id')}"
    if not 1 <= len(message.get("text", "")) <= 4096:
        yield "message text is empty or too long"


def _unknown(what: str, given: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    yield from (f"{what} has {key}, which is not documented" for key in {*given} - known)


#: What judges a message at a path, the status and the body of the answer to a good one.
VENDORS: Mapping[str, tuple[Callable[[Message], Iterator[str]], int, str]] = {
    "/slack": (slack, 200, "ok"),
    "/discord": (discord, 204, ""),
    "/pagerduty": (pagerduty, 202, '{"status": "success", "message": "Event processed"}'),
    "/bot7:token/sendMessage": (
        telegram,
        200,
        '{"ok": true, "result": {"message_id": 1, "date": 1, "chat": {"id": 7, "type": "group"}}}',
    ),
}


class Vendors:
    """Listens on a free loopback port until it is closed."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Message]] = []
        self.refused: list[str] = []
        vendors = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                judge, status, body = VENDORS[self.path]
                reasons = [*judge(message)]
                if reasons:
                    vendors.refused += [f"{self.path}: {reason}: {message}" for reason in reasons]
                    status, body = 400, "\n".join(reasons)
                else:
                    vendors.taken.append((self.path, message))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        """Where a message for a path is sent."""
        return f"http://{LOOPBACK}:{self._server.server_port}{path}"

    def messages(self, path: str) -> list[Message]:
        """What was taken at a path."""
        return [message for where, message in list(self.taken) if where == path]

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
