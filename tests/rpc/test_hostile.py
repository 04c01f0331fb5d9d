"""Random bytes, spoilt bytes and absurd messages to every RPC: honest codes only, and the server lives on."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from tests.rpc import messages
from tests.rpc.servers import Served, filled
from tests.rpc.wire import RPCS, Rpc, refusal_of, send

from sourcier.client import Client
from sourcier.domain.errors import Kind, Reason

SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
HONEST = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.ABORTED,
}
IN_FLIGHT = 16
PATIENCE_SECONDS = 60.0
OVERLOADED_SECONDS = 0.2  # about what the server tells callers whom it refuses
ROUNDS = 150

TEXTS = (
    *("", "x", "x" * 128, "x" * 129, "é" * 64, "\0", "\n", "DE", "EUR", "web", "tea", "near", "ground", "express"),
    *("Europe/Berlin", "allocations/x", "holds/x", "nodes/near", "ruleSets/main/revisions/1", "10115"),
    *("'; DROP TABLE stock; --", '" OR 1=1', "%s%n{0}", "\u202e", "😀" * 32, messages.RULES, "&a [*a]", "!!python/x"),
)
NUMBERS = (0, 1, 2, 3, 10, 100, 1_000, 10**6, 10**6 + 1, 10**9, 2**31 - 1, -1, -(2**31))
LARGE = (*NUMBERS, 2**62, 2**63 - 1, -(2**63), 10**12, 253_402_300_800)
FLOATS = (0.0, 52.5, 13.4, -90.0, 180.0, 1e300, float("nan"), float("inf"), -0.0)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A filled server that nobody else uses."""
    with filled(tmp_path_factory.mktemp("hostile")) as server:
        yield server


def value_of(rng: random.Random, field: FieldDescriptor) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return messages.new_id() if field.name == "request_id" and rng.random() < 0.9 else rng.choice(TEXTS)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return rng.random() < 0.5
    if field.type == FieldDescriptor.TYPE_ENUM:
        return rng.choice((0, 1, 2, 3, 99, -1))
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return rng.choice(FLOATS)
    return rng.choice(NUMBERS if field.type == FieldDescriptor.TYPE_INT32 else LARGE)


def spoil(rng: random.Random, message: Message, *, share: float) -> None:
    """Set, clear or repeat fields all over a message, down to the last one."""
    for field in message.DESCRIPTOR.fields:
        if field.message_type is not None and field.is_repeated:
            entries = getattr(message, field.name)
            if rng.random() < share:
                for _ in range(rng.choice((0, 1, 2, 101))):
                    entries.add()
            for entry in list(entries)[:20]:
                spoil(rng, entry, share=share)
        elif field.message_type is not None:
            if rng.random() < share / 2:
                message.ClearField(field.name)
            elif message.HasField(field.name) or rng.random() < share:
                getattr(message, field.name).SetInParent()
                spoil(rng, getattr(message, field.name), share=share)
        elif rng.random() < share:
            if field.is_repeated:
                getattr(message, field.name).extend(value_of(rng, field) for _ in range(rng.choice((1, 2, 101))))
            else:
                setattr(message, field.name, value_of(rng, field))


def spoilt_bytes(rng: random.Random, body: bytes) -> bytes:
    """A valid body with bytes changed, cut, put in or doubled."""
    data = bytearray(body)
    for _ in range(rng.randrange(1, 8)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0:
                data[at : at + 1] = rng.randbytes(1)
            case 1:
                del data[at : at + rng.randrange(8)]
            case 2:
                data[at:at] = rng.randbytes(rng.randrange(8))
            case _:
                data[at:at] = data[: rng.randrange(64)]
    return bytes(data)


async def patient_code(channel: grpc.aio.Channel, rpc: Rpc, body: bytes) -> grpc.StatusCode:
    """What answers these bytes; who is told that the server is overloaded comes again, as the client does."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await send(channel, rpc, body, seconds=PATIENCE_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    return error.code()
                await asyncio.sleep(OVERLOADED_SECONDS)
            else:
                return grpc.StatusCode.OK


async def codes_of(victim: Served, rpc: Rpc, bodies: list[bytes]) -> Counter[grpc.StatusCode]:
    """How often each code answered; everything but OK and honest refusals with their reason fails."""
    codes: Counter[grpc.StatusCode] = Counter()
    room = asyncio.Semaphore(IN_FLIGHT)
    async with grpc.aio.insecure_channel(victim.target) as channel:

        async def attempt(body: bytes) -> None:
            async with room:
                code = await patient_code(channel, rpc, body)
                codes[code] += 1
                assert code in HONEST, f"SEED={SEED} {rpc.name} {body!r}: {code}"

        await asyncio.gather(*(attempt(body) for body in bodies))
        assert victim.process.poll() is None
    return codes


@pytest.mark.parametrize("rpc", RPCS.values(), ids=RPCS)
async def test_random_bytes_are_answered_honestly(victim: Served, rpc: Rpc) -> None:
    rng = random.Random(f"{SEED}{rpc.name}bytes")
    bodies = [rng.randbytes(rng.randrange(1, 200)) for _ in range(ROUNDS)]
    codes = await codes_of(victim, rpc, bodies)
    assert codes[grpc.StatusCode.INVALID_ARGUMENT] > 0


@pytest.mark.parametrize("rpc", RPCS.values(), ids=RPCS)
async def test_spoilt_bytes_are_answered_honestly(victim: Served, rpc: Rpc) -> None:
    rng = random.Random(f"{SEED}{rpc.name}spoilt")
    bodies = [spoilt_bytes(rng, rpc.valid().SerializeToString()) for _ in range(ROUNDS)]
    await codes_of(victim, rpc, bodies)


@pytest.mark.parametrize("rpc", RPCS.values(), ids=RPCS)
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
async def test_absurd_messages_are_answered_honestly(victim: Served, rpc: Rpc, share: float) -> None:
    rng = random.Random(f"{SEED}{rpc.name}{share}")
    bodies = []
    for _ in range(ROUNDS // 3):
        request = rpc.valid()
        spoil(rng, request, share=share)
        bodies.append(request.SerializeToString())
    await codes_of(victim, rpc, bodies)


@pytest.mark.parametrize("rpc", RPCS.values(), ids=RPCS)
async def test_undecodable_bytes_are_malformed(victim: Served, rpc: Rpc) -> None:
    before = victim.digest()
    async with grpc.aio.insecure_channel(victim.target) as channel:
        for body in (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x05ab", b"\x07"):
            refusal = await refusal_of(channel, rpc, body)
            assert (refusal.kind, refusal.reason) == (Kind.INVALID_ARGUMENT, Reason.MALFORMED_MESSAGE)
    assert victim.digest() == before


async def test_a_malformed_batch_ends_the_stream_after_the_answers_before_it(victim: Served) -> None:
    good = messages.stock(messages.record(sku="before-malformed"), source="hostile").SerializeToString()
    async with grpc.aio.insecure_channel(victim.target) as channel:
        call = channel.stream_stream(RPCS["ApplyStock"].path)(iter([good, b"\xff", good]), timeout=20)
        assert await call.read()
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call.read()
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_text_that_is_not_utf8_is_malformed(victim: Served) -> None:
    async with grpc.aio.insecure_channel(victim.target) as channel:
        refusal = await refusal_of(channel, RPCS["GetAllocation"], b"\x0a\x02\xc3\x28")
    assert refusal.reason is Reason.MALFORMED_MESSAGE


@pytest.mark.parametrize(
    "path",
    [
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ],
)
async def test_services_of_others_are_guarded_too(victim: Served, path: str) -> None:
    async with grpc.aio.insecure_channel(victim.target) as channel:
        if path.endswith("Check"):
            call = channel.unary_unary(path)(b"\xff", timeout=20)
        elif path.endswith("Watch"):
            call = channel.unary_stream(path)(b"\xff", timeout=20)
        else:
            call = channel.stream_stream(path)(iter([b"\xff"]), timeout=20)
        assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_server_still_works_after_all_that(victim: Served) -> None:
    async with Client(victim.target) as client:
        await fill_again(client)
        response = await client.promise_delivery(messages.promise(messages.line(sku="after")), seconds=20)
    assert response.promised


async def fill_again(client: Client) -> None:
    """The valid network and rules, whatever the tests above put in their place."""
    await client.apply_network(messages.apply_network())
    revision = await client.create_rule_set_revision(messages.create_revision())
    await client.activate_rule_set(messages.activate(revision.name))
    for name in ("nodes/near", "nodes/far"):
        request = messages.set_node_status()
        request.name, request.status = name, 1
        await client.set_node_status(request)
    async for answer in client.apply_stock([messages.stock(messages.record(sku="after"), source="after")]):
        assert answer.results[0].verdict == 1
