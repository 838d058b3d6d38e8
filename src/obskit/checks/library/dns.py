"""DNS: a name resolves, and to what it should."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from obskit.checks.measurement import Measurement
from obskit.checks.model import CheckResult, Status
from obskit.duration import Duration, parse_duration
from obskit.exceptions import MissingExtra

if TYPE_CHECKING:
    from dns.rdata import Rdata


@dataclass(frozen=True)
class Resolves:
    """A name has records, those that are expected where some are.

    Its value is how long the look-up took, in seconds. Needs the extra `dns`.

    Args:
        name: The whole name; no search list is tried.
        record_type: `A`, `AAAA`, `CNAME`, `MX`, `NS`, `TXT` or another type of record.
        expected: The values as a zone file writes them, a text without its quotes; their order
            does not count. Empty: any.
        allow_others: Whether other values may stand beside the expected ones.
        nameserver: The address of the server to ask; those of the system where it is empty.
        port: Where that server listens.
        timeout: How long the whole run may take, with all repetitions.

    Raises:
        ValueError: The time-out is no span of time.

    >>> Resolves("shop.example", "MX", expected=["10 mail.shop.example"]).record_type
    'MX'
    """

    name: str
    record_type: str = "A"
    expected: Collection[str] = ()
    allow_others: bool = False
    nameserver: str = ""
    port: int = 53
    timeout: Duration = 5.0

    def __post_init__(self) -> None:
        """Refuse what is no span of time, and one text where several belong."""
        parse_duration(self.timeout)
        if isinstance(self.expected, str):
            raise ValueError(  # noqa: TRY004, the other wrong values of a declaration are ValueErrors
                f"expected is {self.expected!r}: use a list such as [{self.expected!r}]"
            )

    def __call__(self) -> Measurement | CheckResult:
        """Ask once, and again as a resolver does.

        Returns:
            The seconds that it took; critical, where the values are not those expected.

        Raises:
            MissingExtra: dnspython is not installed.
            Exception: What dnspython raises: no such name, no such record, no answer in time, or
                an expected value that is none of this type.
        """
        resolver = _driver().resolver.Resolver(configure=not self.nameserver)
        if self.nameserver:
            resolver.nameservers, resolver.port = [self.nameserver], self.port
        resolver.lifetime = parse_duration(self.timeout)
        started = time.perf_counter()
        answer = resolver.resolve(self.name, self.record_type, search=False)
        seconds = time.perf_counter() - started
        found = _written(answer)
        facts = {"answers": sorted(found), "ttl": answer.rrset.ttl, "asked": answer.nameserver}
        faults = self._faults(found)
        if faults:
            message = f"{self.record_type} of {self.name}: {'; '.join(faults)}"
            return CheckResult(Status.CRITICAL, message, seconds, "s", facts)
        return Measurement(seconds, "s", ", ".join(sorted(found)), facts)

    def _faults(self, found: set[str]) -> list[str]:
        if not self.expected:
            return []
        expected = _written(self._record(value) for value in self.expected)
        faults = [f"{value} is missing" for value in sorted(expected - found)]
        if not self.allow_others:
            faults += [f"{value} is not expected" for value in sorted(found - expected)]
        return faults

    def _record(self, value: str) -> Rdata:
        dns = _driver()
        if self.record_type.upper() == "TXT":
            kind = dns.rdatatype.TXT
            return dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, kind, _strings(value.encode()))  # type: ignore[no-any-return]
        try:
            return dns.rdata.from_text(  # type: ignore[no-any-return]
                "IN", self.record_type, value, origin=dns.name.root, relativize=False
            )
        except dns.exception.DNSException as error:
            raise ValueError(
                f"expected is {value!r}, which is no value of {self.record_type}: {error}"
            ) from error


def _written(records: Iterable[Rdata]) -> set[str]:
    """Each record as a zone file has it, a name without its last dot, a text whole."""
    return {
        b"".join(strings).decode("utf-8", "replace")
        if (strings := getattr(record, "strings", None)) is not None
        else record.to_text().lower().removesuffix(".")
        for record in records
    }


def _strings(value: bytes) -> list[bytes]:
    """A text as a record holds it: in pieces of at most 255 bytes."""
    return [value[start : start + 255] for start in range(0, len(value), 255)] or [b""]


def _driver() -> ModuleType:
    try:
        import dns.exception
        import dns.name
        import dns.rdata
        import dns.rdtypes.ANY.TXT
        import dns.resolver
    except ImportError as error:
        raise MissingExtra("dns", "obskit.checks.library.dns.Resolves") from error
    return dns
