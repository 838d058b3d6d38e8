"""A streamed response on its way out: each part is made within its request, and the last one ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

from obskit.telemetry.exchange import Exchange


class Ending:
    """How an exchange ends, once.

    Args:
        exchange: The exchange.
        client: The client's address.
        status: The response's status; None where there is none.
    """

    def __init__(self, exchange: Exchange, client: str, status: int | None) -> None:
        self.exchange = exchange
        self._client = client
        self._status = status

    def finish(self, size: int) -> None:
        """All of it has left, or the client is gone.

        Args:
            size: Bytes of the body.
        """
        with suppress(Exception):  # no stack is left, even to say so
            self.exchange.finish(self._status, size, self._client)

    def break_off(self, error: BaseException, size: int) -> None:
        """What makes the parts has failed, or was stopped.

        Args:
            error: Why.
            size: Bytes that have left.
        """
        if isinstance(error, Exception):
            self.exchange.failed(error)
            self._status = None
        self.finish(size)


class _Counting:
    def __init__(self, parts: Any, ending: Ending) -> None:
        self._parts = parts
        self._ending = ending
        self._size = 0

    def close(self) -> None:
        """The server is done. Django calls it with the response's own."""
        self._ending.exchange.enter()
        try:
            self._ending.finish(self._size)
        finally:
            self._ending.exchange.leave()


class Stream(_Counting):
    """The parts of a synchronous response."""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._ending.exchange.enter()
        try:
            part: bytes = next(self._parts)
            self._size += len(part)
            return part
        except StopIteration:
            self._ending.finish(self._size)
            raise
        except BaseException as error:
            self._ending.break_off(error, self._size)
            raise
        finally:
            self._ending.exchange.leave()


class AsyncStream(_Counting):
    """The parts of an asynchronous response."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._ending.exchange.enter()
        try:
            part: bytes = await self._parts.__anext__()
            self._size += len(part)
            return part
        except StopAsyncIteration:
            self._ending.finish(self._size)
            raise
        except BaseException as error:
            self._ending.break_off(error, self._size)
            raise
        finally:
            self._ending.exchange.leave()
