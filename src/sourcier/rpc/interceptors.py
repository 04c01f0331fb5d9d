"""The outermost guard: every call of every service passes it, and nothing leaves it that was not meant for the caller.

From the outside in: a first look whether the call can be taken at all, a name for it in the logs, its turn
(`admission`), the caller's deadline, decoding, the handler. Handlers get decoded requests and raise `Refusal`; whatever
else they raise is logged under an error id, and the caller gets that id alone. gRPC itself would send the exception's
text, and would answer undecodable bytes with UNKNOWN.
"""

import asyncio
import os
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from inspect import isasyncgenfunction
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from sourcier.domain.errors import Kind, Reason, Refusal
from sourcier.rpc import status
from sourcier.rpc.admission import Admission, Limits, Queue
from sourcier.service import deadline

CRITICAL_LIMITS: Final = Limits(at_work=64, waiting=192)
SHEDDABLE_LIMITS: Final = Limits(at_work=16, waiting=48, wait_seconds=0.5)
"""Calls at work beside one another wait for solvers and for the ledger, which commits many at once."""

STREAMS_MAX: Final = 64
WATCHERS_MAX: Final = 64  # in a room of their own: who follows changes must not keep a feed out
QUEUE_SECONDS: Final = 0.2  # in which every call that waits inside gRPC is met, and refused, when closing
DRAIN_INTERVAL_SECONDS: Final = 0.01
REFUSALS: Final = 64  # answers that are encoded beforehand, each with a delay of its own
CHAIN_MAX: Final = 8  # exceptions behind one another that are logged

SHEDDABLE: Final = frozenset(
    {
        "/sourcier.v1.SourcingService/PromiseDelivery",
        "/sourcier.v1.SourcingService/GetAvailability",
        "/sourcier.v1.SourcingService/ListPromisesAtRisk",
        "/sourcier.v1.InventoryService/GetStock",
        "/sourcier.v1.InventoryService/GetSupply",
        "/sourcier.v1.RuleService/ListRuleSets",
    }
)
"""Calls that are refused first under overload: a caller can do without them for a moment."""

UNCOUNTED: Final = "/grpc.health.v1.Health/"
"""Health answers under any load."""

Context = grpc.aio.ServicerContext[Any, Any]
Handler = Callable[[Any, Context], Any]
Decode = Callable[[bytes], Any]

if TYPE_CHECKING:
    MethodHandler = grpc.RpcMethodHandler[Any, Any]
else:
    MethodHandler = grpc.RpcMethodHandler  # no generic at run time

_END: Final = object()
_log: Final = structlog.get_logger("sourcier.rpc")


@dataclass(slots=True)
class Room:
    """A bounded number of streams under way. There is no queue: what does not fit is refused at once."""

    size: int
    taken: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take one place; raises OVERLOADED when there is none."""
        if self.taken >= self.size:
            raise status.overloaded()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Guard(grpc.aio.ServerInterceptor):
    """Wraps every handler of a server, once each."""

    def __init__(
        self,
        *,
        critical: Limits = CRITICAL_LIMITS,
        sheddable: Limits = SHEDDABLE_LIMITS,
        streams_max: int = STREAMS_MAX,
        watchers_max: int = WATCHERS_MAX,
    ) -> None:
        self._critical = Queue(critical)
        self._sheddable = Queue(sheddable)
        self._admission = Admission((self._critical, self._sheddable))
        self._streams = Room(streams_max)
        self._watchers = Room(watchers_max)
        self._closing = asyncio.Event()
        self._guarded: dict[str, tuple[MethodHandler, Queue | None]] = {}
        self._refused: MethodHandler = grpc.stream_stream_rpc_method_handler(_refusing())

    async def close(self) -> None:
        """Refuse new calls and end streams that wait, with SHUTTING_DOWN; return when the calls under way are answered.

        gRPC's own stop drops calls that have arrived and were not looked at yet; callers see them as CANCELLED, which
        they may not retry. So the server is emptied, queue included, before it is stopped.
        """
        self._closing.set()
        await asyncio.sleep(QUEUE_SECONDS)
        queues, rooms = (self._critical, self._sheddable), (self._streams, self._watchers)
        while any(queue.under_way for queue in queues) or any(room.taken for room in rooms):
            await asyncio.sleep(DRAIN_INTERVAL_SECONDS)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[MethodHandler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> MethodHandler | None:
        """The guarded handler of the method, or one that refuses the call unread; unknown methods stay unknown."""
        method = handler_call_details.method
        if method not in self._guarded:
            handler = await continuation(handler_call_details)
            if handler is None:
                return None
            queue = self._queue(method, handler)
            self._guarded[method] = self._guard(method, handler, queue), queue
        guarded, queue = self._guarded[method]
        self._admission.arrive()
        if queue is not None and not self._closing.is_set() and self._admission.refuses(queue):
            return self._refused
        return guarded

    def _queue(self, method: str, handler: MethodHandler) -> Queue | None:
        """Where calls of the method wait for their turn; None if they take none."""
        if method.startswith(UNCOUNTED) or handler.request_streaming or handler.response_streaming:
            return None
        return self._sheddable if method in SHEDDABLE else self._critical

    def _guard(self, method: str, handler: Any, queue: Queue | None) -> MethodHandler:
        """The same method with bytes as requests: they are decoded inside, where a failure has an answer."""
        decode, encode = handler.request_deserializer, handler.response_serializer
        if queue is not None:
            orderly = _guard_call(method, handler.unary_unary, decode, self._admission, queue, self._closing)
            return grpc.unary_unary_rpc_method_handler(orderly, None, encode)
        if handler.unary_unary:
            unary = _guard_unary(method, handler.unary_unary, decode)
            return grpc.unary_unary_rpc_method_handler(unary, None, encode)
        if handler.unary_stream and isasyncgenfunction(handler.unary_stream):
            answers = _guard_stream(method, _answers(handler.unary_stream, decode, self._closing), self._watchers)
            return grpc.unary_stream_rpc_method_handler(answers, None, encode)
        if handler.unary_stream:
            watch = _guard_unary(method, self._until_closing(handler.unary_stream), decode)
            return grpc.unary_stream_rpc_method_handler(watch, None, encode)
        if handler.stream_stream:
            stream = _guard_stream(method, _conversation(handler.stream_stream, decode, self._closing), self._streams)
            return grpc.stream_stream_rpc_method_handler(stream, None, encode)
        raise TypeError(f"{method} streams requests into one response; the guard does not know that shape")

    def _until_closing(self, call: Handler) -> Handler:
        async def ending(request: Any, context: Context) -> Any:
            return await _unless(self._closing, call(request, context))

        return ending


def _guard_call(
    method: str, call: Handler, decode: Decode, admission: Admission, queue: Queue, closing: asyncio.Event
) -> Handler:
    """For handlers of one request and one answer, which take turns."""

    async def guarded(data: bytes, context: Context) -> Any:
        async with _Told(method, context):
            if closing.is_set():
                raise status.shutting_down()
            left = context.time_remaining()
            began_at = await admission.enter(queue, deadline.DEFAULT_SECONDS if left is None else left)
            try:
                with deadline.within(context.time_remaining()):
                    return await call(_decode(decode, data), context)
            finally:
                admission.leave(queue, began_at)

    return guarded


def _guard_unary(method: str, call: Handler, decode: Decode) -> Handler:
    """For handlers that are not counted; they may write a stream through the context."""

    async def guarded(data: bytes, context: Context) -> Any:
        async with _Told(method, context):
            return await call(_decode(decode, data), context)

    return guarded


def _refusing() -> Handler:
    """A handler that refuses calls with OVERLOADED.

    It is said to be of streams, whatever the method: then gRPC does not read the request first. The answers are
    encoded beforehand, and some differ in their delay.
    """
    answers = cycle([rpc_status.to_status(status.to_status(status.overloaded())) for _ in range(REFUSALS)])

    async def refuse(_: Any, context: Context) -> None:
        answer = next(answers)
        context.set_code(answer.code)
        context.set_details(answer.details)
        context.set_trailing_metadata(answer.trailing_metadata)

    return refuse


def _guard_stream(method: str, call: Handler, room: Room) -> Handler:
    """For handlers that are asynchronous generators. They set deadlines themselves, one for each piece of work."""

    async def guarded(sent: Any, context: Context) -> AsyncIterator[Any]:
        async with _Told(method, context):
            with room.one():
                async with aclosing(call(sent, context)) as answers:
                    async for answer in answers:
                        yield answer

    return guarded


def _answers(call: Handler, decode: Decode, closing: asyncio.Event) -> Handler:
    """A handler of one request whose answers end when the server closes."""

    async def ending(data: bytes, context: Context) -> AsyncIterator[Any]:
        async with aclosing(call(_decode(decode, data), context)) as answers:
            while (answer := await _unless(closing, anext(answers, _END))) is not _END:
                yield answer

    return ending


def _conversation(call: Handler, decode: Decode, closing: asyncio.Event) -> Handler:
    """A handler of many requests, which end when the server closes."""

    async def requests(stream: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        sent = aiter(stream)
        while (data := await _unless(closing, anext(sent, _END))) is not _END:
            yield _decode(decode, data)

    return lambda stream, context: call(requests(stream), context)


class _Told:
    """Names a call in the log; whatever is raised inside ends the call with a status that tells what it may."""

    __slots__ = ("_call_id", "_context")

    def __init__(self, method: str, context: Context) -> None:
        self._context = context
        self._call_id = os.urandom(8).hex()
        structlog.contextvars.bind_contextvars(rpc=method, call_id=self._call_id)

    async def __aenter__(self) -> None:
        """Nothing is to be waited for."""

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, grpc.aio.AbortError):
            await status.abort(self._context, _refusal(error, self._call_id))


async def _unless(closing: asyncio.Event, awaitable: Awaitable[Any]) -> Any:
    """What `awaitable` gives; raises SHUTTING_DOWN when the server closes before."""
    wanted = asyncio.ensure_future(awaitable)
    closed = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait((wanted, closed), return_when=asyncio.FIRST_COMPLETED)
        if not wanted.done():
            raise status.shutting_down()
        return await wanted
    finally:
        closed.cancel()
        if not wanted.done():
            # What is left behind must have ended before its generator can be closed.
            wanted.cancel()
            await asyncio.wait((wanted,))


def _decode(decode: Decode, data: bytes) -> Any:
    try:
        return decode(data)
    except DecodeError as error:
        raise status.malformed() from error


def _refusal(error: Exception, call_id: str) -> Refusal:
    """What the caller is told about `error`; what it is not told goes to the log.

    An exception's text may carry data of customers or secrets: the log has its type and place, not its text.
    """
    if isinstance(error, Refusal) and error.kind is not Kind.INTERNAL:
        if error.kind is Kind.UNAVAILABLE and error.reason is not Reason.SHUTTING_DOWN:
            _log.warning("refused", kind=error.kind.value, reason=error.reason.value)
        return error
    if isinstance(error, asyncio.TimeoutError):
        return deadline.too_short()
    _log.error("internal error", error_id=call_id, exceptions=list(_places(error)))
    return status.internal(call_id)


def _places(error: BaseException) -> Iterator[dict[str, object]]:
    """Type and stack of an exception and of those behind it, the outermost first."""
    seen = 0
    behind: BaseException | None = error
    while behind is not None and seen < CHAIN_MAX:
        frames = traceback.extract_tb(behind.__traceback__)
        yield {
            "type": f"{type(behind).__module__}.{type(behind).__qualname__}",
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
        }
        behind = behind.__cause__ or behind.__context__
        seen += 1
