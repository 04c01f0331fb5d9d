"""Messages between processes: whole, or the end."""

import asyncio
import io

import pytest

from sourcier.processes.frames import LENGTH, MESSAGE_BYTES_MAX, frame, read, receive, send


def test_messages_come_back_as_they_were_sent() -> None:
    pipe = io.BytesIO()
    messages = [(5, ("model", 1)), (None, None), ("x" * 100_000, None)]
    for message in messages:
        send(pipe, message)
    pipe.seek(0)
    assert [receive(pipe) for _ in messages] == messages
    assert receive(pipe) is None


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_a_message_that_breaks_off_is_the_end(cut: int) -> None:
    assert receive(io.BytesIO(frame((5, ("model",)))[:cut])) is None


async def test_a_stream_gives_messages_until_it_ends() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(frame({"a": 1}) + frame(None) + frame("cut off")[:-1])
    reader.feed_eof()
    assert [await read(reader), await read(reader)] == [{"a": 1}, None]
    with pytest.raises(asyncio.IncompleteReadError):
        await read(reader)


async def test_a_length_that_cannot_be_is_refused() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(LENGTH.pack(MESSAGE_BYTES_MAX + 1))
    with pytest.raises(OSError, match="a message of"):
        await read(reader)
