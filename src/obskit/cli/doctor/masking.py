"""No secret leaves by the doctor's mouth, whoever said it: what is known as one is masked at last."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from obskit.cli.doctor.patient import Servers
from obskit.config import SIGNALS, Config, Otlp
from obskit.config.origins import secrets
from obskit.redaction import is_sensitive
from obskit.redaction.sensitive import MASK, redact_own_url

# Shorter values cannot be told from words that a message happens to have.
_SHORTEST = 6
# What stands before a secret in a header says how it is meant, and is none.
_SCHEMES = frozenset({"basic", "bearer", "digest", "apikey", "api-key", "token"})


def masking(config: Config, servers: Servers) -> Callable[[str], str]:
    """What masks the secrets that this configuration, these URLs and the environment hold.

    Args:
        config: The configuration.
        servers: The servers that are asked.

    >>> mask = masking(Config(sentry_dsn="https://0123abcd@sentry.test/7"), Servers())
    >>> mask("Project not found: 0123abcd")
    'Project not found: [redacted]'
    """
    known = {part for one in _held(config, servers) for part in (one, unquote(one), *one.split())}
    secret = (one for one in known if len(one) >= _SHORTEST and one.lower() not in _SCHEMES)
    longest = sorted(secret, key=len, reverse=True)
    if not longest:
        return redact_own_url
    pattern = re.compile("|".join(map(re.escape, longest)))
    return lambda text: pattern.sub(MASK, redact_own_url(text))


def _held(config: Config, servers: Servers) -> Iterator[str]:
    urls = [config.sentry_dsn, config.state_url, config.lease_url]
    urls += [servers.prometheus, servers.alertmanager, servers.jaeger, servers.loki, servers.sentry]
    for signal in SIGNALS:
        otlp: Otlp = getattr(config, signal)
        yield from otlp.headers.values()
        urls.append(otlp.endpoint)
    for url in urls:
        if url:
            yield from _in_url(url)
    yield from (one for one in (config.health_token, servers.sentry_token) if one)
    yield from secrets()


def _in_url(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    login = parts.netloc.rpartition("@")[0]
    user, colon, password = login.partition(":")
    # A DSN's user is its key; elsewhere only what stands behind the colon is one.
    yield password if colon else user
    yield from (value for name, value in parse_qsl(parts.query) if is_sensitive(name))
