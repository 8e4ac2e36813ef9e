"""The body of a request: received within bounds and a time, and decompressed only as far as it is allowed to grow."""

import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from starlette.requests import ClientDisconnect, Request

from spanwright.telemetry.receiver.caps import Caps
from spanwright.telemetry.receiver.replies import Refused

_STEP = 2**20
_MOST_MEMBERS = 64
"""A gzip file may consist of several; nobody sends more than one."""
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""What zlib is told about the header that it will find."""
_PLAIN = ("", "identity")


class Bodies:
    """Receives the bodies of all requests, which share what may be held at once."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._requests = 0
        self._held = 0

    @asynccontextmanager
    async def received(self, request: Request, *, raw: bool = False) -> AsyncGenerator[bytes]:
        """Give the body of a request, decompressed unless `raw`. Raises Refused."""
        caps = self._caps
        if self._requests >= caps.requests:
            raise Refused(429, f"{self._requests} requests are being received. Try again in a moment")
        self._requests += 1
        body, size = bytearray(), 0
        try:
            growth = _Plain(caps.decompressed) if raw else _growth(request, caps)
            with anyio.fail_after(caps.seconds):
                await self._receive(request, growth, body)
            whole, size = bytes(body), len(body)
            body.clear()
            yield whole
        except ClientDisconnect as error:
            raise Refused(400, "the connection was closed before the body was complete") from error
        except TimeoutError as error:
            raise Refused(408, f"the body did not arrive within {caps.seconds:g} seconds") from error
        finally:
            self._requests -= 1
            self._held -= len(body) + size

    async def _receive(self, request: Request, growth: "_Plain | _Compressed", body: bytearray) -> None:
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self._caps.compressed:
            raise _too_large(self._caps.compressed, "as it is sent")
        sent = 0
        async for chunk in request.stream():
            sent += len(chunk)
            if sent > self._caps.compressed:
                raise _too_large(self._caps.compressed, "as it is sent")
            self._grow(body, growth, chunk)
        growth.end()

    def _grow(self, body: bytearray, growth: "_Plain | _Compressed", chunk: bytes) -> None:
        before = len(body)
        try:
            growth.add(chunk, body)
        finally:
            self._held += len(body) - before
        if self._held > self._caps.buffered:
            raise Refused(429, "too many bytes of bodies are being received. Try again in a moment")


class _Plain:
    """A body that is sent as it is."""

    def __init__(self, most: int) -> None:
        self._most = most

    def add(self, chunk: bytes, body: bytearray) -> None:
        body += chunk
        if len(body) > self._most:
            raise _too_large(self._most, "in all")

    def end(self) -> None:
        """Nothing is missing that HTTP would not have missed."""


class _Compressed:
    """A body that is decompressed while it arrives."""

    def __init__(self, encoding: str, most: int) -> None:
        self._encoding = encoding
        self._most = most
        self._windows = _WINDOWS[encoding]
        self._inflater = zlib.decompressobj(self._windows)
        self._members = 1
        self._began = False

    def add(self, chunk: bytes, body: bytearray) -> None:
        while True:
            if self._inflater.eof and chunk:
                self._next_member()
            try:
                grown = self._inflate(chunk)
            except zlib.error as error:
                raise Refused(400, f"the body is not what its content encoding {self._encoding!r} says") from error
            body += grown
            if len(body) > self._most:
                raise _too_large(self._most, "decompressed")
            chunk = self._inflater.unconsumed_tail or self._inflater.unused_data
            if not chunk and (self._inflater.eof or len(grown) < _STEP):
                return  # a full step may have left something inside, which comes out without more going in

    def end(self) -> None:
        if self._began and not self._inflater.eof:
            raise Refused(400, f"the body ends in the middle of its content encoding {self._encoding!r}")

    def _inflate(self, chunk: bytes) -> bytes:
        began, self._began = self._began, True
        try:
            return self._inflater.decompress(chunk, _STEP)
        except zlib.error:
            if began or self._windows != _WINDOWS["deflate"]:
                raise
        self._windows = -_WINDOWS["deflate"]  # some who say deflate send it without zlib's header
        self._inflater = zlib.decompressobj(self._windows)
        return self._inflater.decompress(chunk, _STEP)

    def _next_member(self) -> None:
        self._members += 1
        if self._encoding == "deflate" or self._members > _MOST_MEMBERS:
            raise Refused(400, f"the body goes on after the end of its content encoding {self._encoding!r}")
        self._inflater = zlib.decompressobj(self._windows)


def _growth(request: Request, caps: Caps) -> _Plain | _Compressed:
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding in _PLAIN:
        return _Plain(caps.decompressed)
    if encoding not in _WINDOWS:
        raise Refused(415, f"the content encoding {encoding[:40]!r} is not known here. Send gzip, deflate or none")
    return _Compressed(encoding, caps.decompressed)


def _too_large(most: int, how: str) -> Refused:
    return Refused(413, f"the body has more than {most:,} bytes {how}. Send smaller batches")
