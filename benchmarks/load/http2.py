"""One connection of the load generator: gRPC over HTTP/2 with as little work per call as Python can do.

A client of grpcio takes as much CPU as the server it loads, and then measures itself. Here requests are bytes made
beforehand, headers are indexed after their first use (as gRPC's own clients do it), and answers are not decoded: only
their status is read. The server is told that headers cannot be indexed (a table of 0 bytes), so a status always
stands in the trailers as it is. Enough of RFC 9113 and RFC 7541 for a server that one trusts; not a client for others.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, cast

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD: Final = 9
WINDOW: Final = 2**31 - 1
WINDOW_FIRST: Final = 65_535  # what both sides of a connection start with
WINDOW_LOW: Final = 2**29
STREAMS_MAX: Final = 100  # until the server says otherwise
STREAM_IDS_MAX: Final = 2**31 - 1
STATIC_ENTRIES: Final = 61  # of HPACK's table
REFUSED_STREAM: Final = 7
CANCEL: Final = 8

END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED_OR_PRIORITY: Final = 0x8 | 0x20
ACK: Final = 0x1

GRPC_STATUS: Final = b"\x0bgrpc-status"  # the name behind its length
DETAILS: Final = b"grpc-status-details-bin"


class Frame(IntEnum):
    """The frames that are understood."""

    DATA = 0
    HEADERS = 1
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8


class Setting(IntEnum):
    """The settings that are sent or heeded."""

    HEADER_TABLE_SIZE = 1
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4


class Lost(ConnectionError):
    """The connection ended while calls were under way."""


def frame(kind: Frame, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame as bytes."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def literal(name: bytes, value: bytes) -> bytes:
    """A header that the receiver is to index (RFC 7541, 6.2.1); both texts are shorter than 127 bytes."""
    assert len(name) < 0x7F
    assert len(value) < 0x7F
    return b"\x40" + bytes((len(name),)) + name + bytes((len(value),)) + value


def indexed(index: int) -> bytes:
    """A header by its index (RFC 7541, 6.1); indices stay below 127 here."""
    assert index < 0x7F
    return bytes((0x80 | index,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """What is the same in all calls of one method with one deadline."""

    path: str
    seconds: float

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The headers after :method and :scheme, which HPACK has by itself."""
        return (
            (b":path", self.path.encode()),
            (b":authority", b"127.0.0.1"),
            (b"content-type", b"application/grpc"),
            (b"te", b"trailers"),
            (b"grpc-timeout", f"{round(self.seconds * 1_000)}m".encode()),
        )


@dataclass(slots=True)
class Answer:
    """How a call ended: the gRPC status (-1: the stream was reset), whether it has details, and its last message.

    `unseen`: the server has not looked at the call, which may be sent again (RFC 9113, 8.7).
    """

    status: int
    detailed: bool = False
    message: bytes = b""
    unseen: bool = False


@dataclass(slots=True)
class Exchange:
    """A call under way, and who hears how it ends."""

    done: Callable[[Answer], None]
    message: bytearray = field(default_factory=bytearray)


class Connection(asyncio.Protocol):
    """One connection. Make it with `connect`; `send` calls while there is `room`."""

    def __init__(self) -> None:
        self.ready = asyncio.get_running_loop().create_future()
        self.draining = False
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._out: list[bytes] = []
        self._unsent: deque[tuple[int, bytes]] = deque()
        self._window = WINDOW_FIRST
        self._consumed = 0
        self._streams_max = STREAMS_MAX
        self._next_id = 1
        self._exchanges: dict[int, Exchange] = {}
        self._indexed: dict[tuple[bytes, bytes], int] = {}
        self._blocks: dict[Method, bytes] = {}

    @property
    def room(self) -> int:
        """How many more calls may be sent now."""
        if self.draining or self._next_id > STREAM_IDS_MAX:
            return 0
        return self._streams_max - len(self._exchanges)

    def send(self, method: Method, request: bytes, done: Callable[[Answer], None]) -> int:
        """Begin a call with an encoded message; `done` hears how it ends. Its stream, for `cancel`."""
        stream, self._next_id = self._next_id, self._next_id + 2
        self._exchanges[stream] = Exchange(done)
        self._put(frame(Frame.HEADERS, END_HEADERS, stream, self._blocks.get(method) or self._block(method)))
        data = b"\0" + len(request).to_bytes(4, "big") + request
        if self._unsent or len(data) > self._window:
            self._unsent.append((stream, data))
        else:
            self._window -= len(data)
            self._put(frame(Frame.DATA, END_STREAM, stream, data))
        return stream

    def cancel(self, stream: int) -> None:
        """Leave a call: the server is told, and nobody hears of it any more."""
        if self._exchanges.pop(stream, None) is not None:
            self._unsent = deque(waiting for waiting in self._unsent if waiting[0] != stream)
            self._put(frame(Frame.RST_STREAM, 0, stream, CANCEL.to_bytes(4, "big")))

    def close(self) -> None:
        """End the connection; calls under way are lost."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet the server."""
        self._transport = cast("asyncio.Transport", transport)
        settings = b"".join(
            setting.to_bytes(2, "big") + value.to_bytes(4, "big")
            for setting, value in ((Setting.HEADER_TABLE_SIZE, 0), (Setting.INITIAL_WINDOW_SIZE, WINDOW))
        )
        self._put(PREFACE + frame(Frame.SETTINGS, 0, 0, settings))
        self._widen(WINDOW - WINDOW_FIRST)

    def connection_lost(self, error: Exception | None) -> None:
        """Every call under way ends."""
        self.draining = True
        if not self.ready.done():
            self.ready.set_exception(Lost("the server closed the connection at once"))
        lost, self._exchanges = self._exchanges, {}
        for exchange in lost.values():
            exchange.done(Answer(-1))

    def data_received(self, data: bytes) -> None:
        """Take whole frames off what has come."""
        received = self._received
        received += data
        at, end = 0, len(received)
        while end - at >= FRAME_HEAD:
            size = int.from_bytes(received[at : at + 3], "big")
            if end - at < FRAME_HEAD + size:
                break
            kind, flags = received[at + 3], received[at + 4]
            stream = int.from_bytes(received[at + 5 : at + 9], "big")
            at += FRAME_HEAD
            self._take(kind, flags, stream, received[at : at + size])
            at += size
        del received[:at]

    def _take(self, kind: int, flags: int, stream: int, payload: bytearray) -> None:
        if kind == Frame.DATA:
            self._take_data(flags, stream, payload)
        elif kind == Frame.HEADERS:
            if flags & END_STREAM:
                assert flags & END_HEADERS
                assert not flags & PADDED_OR_PRIORITY
                self._finish(stream, _status(payload), detailed=DETAILS in payload)
        elif kind == Frame.RST_STREAM:
            exchange = self._exchanges.pop(stream, None)
            if exchange is not None:
                exchange.done(Answer(-1, unseen=int.from_bytes(payload, "big") == REFUSED_STREAM))
        elif kind == Frame.SETTINGS:
            if not flags & ACK:
                self._heed(payload)
                self._put(frame(Frame.SETTINGS, ACK, 0, b""))
        elif kind == Frame.PING:
            if not flags & ACK:
                self._put(frame(Frame.PING, ACK, 0, bytes(payload)))
        elif kind == Frame.WINDOW_UPDATE:
            if not stream:
                self._window += int.from_bytes(payload, "big")
                self._send_unsent()
        elif kind == Frame.GOAWAY:
            self.draining = True

    def _take_data(self, flags: int, stream: int, payload: bytearray) -> None:
        assert not flags & PADDED_OR_PRIORITY
        exchange = self._exchanges.get(stream)
        if exchange is not None:
            exchange.message += payload
        self._consumed += len(payload)
        if self._consumed >= WINDOW_LOW:
            self._widen(self._consumed)
            self._consumed = 0

    def _finish(self, stream: int, status: int, *, detailed: bool) -> None:
        exchange = self._exchanges.pop(stream, None)
        if exchange is not None:
            exchange.done(Answer(status, detailed, bytes(exchange.message[5:])))

    def _heed(self, settings: bytearray) -> None:
        for at in range(0, len(settings), 6):
            if int.from_bytes(settings[at : at + 2], "big") == Setting.MAX_CONCURRENT_STREAMS:
                self._streams_max = int.from_bytes(settings[at + 2 : at + 6], "big")
        if not self.ready.done():
            self.ready.set_result(None)

    def _widen(self, by: int) -> None:
        self._put(frame(Frame.WINDOW_UPDATE, 0, 0, by.to_bytes(4, "big")))

    def _send_unsent(self) -> None:
        while self._unsent and len(self._unsent[0][1]) <= self._window:
            stream, data = self._unsent.popleft()
            self._window -= len(data)
            self._put(frame(Frame.DATA, END_STREAM, stream, data))

    def _block(self, method: Method) -> bytes:
        """The headers of a method: those that the server has not seen yet are sent whole, once."""
        block = bytearray(indexed(3) + indexed(6))  # :method POST, :scheme http
        known = len(self._indexed)
        for header in method.headers():
            if header in self._indexed:
                # The latest entry has the lowest index.
                block += indexed(STATIC_ENTRIES + len(self._indexed) - self._indexed[header])
            else:
                self._indexed[header] = len(self._indexed)
                block += literal(*header)
        if len(self._indexed) == known:
            self._blocks[method] = bytes(block)
        else:
            self._blocks.clear()
        return bytes(block)

    def _put(self, data: bytes) -> None:
        """Send with everything else of this turn of the loop."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(out))


async def connect(host: str, port: int) -> Connection:
    """A connection that has the server's settings. Raises OSError, Lost."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
    await connection.ready
    return connection


def _status(trailers: bytearray) -> int:
    """The gRPC status in a block of literal headers; -1 when there is none."""
    at = trailers.find(GRPC_STATUS)
    if at < 0:
        return -1
    begin = at + len(GRPC_STATUS) + 1
    return int(trailers[begin : begin + trailers[begin - 1]])
