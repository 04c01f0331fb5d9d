"""Messages between processes: whole, or the end."""

import io

import pytest

from sourcier.processes.frames import frame, receive, send


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
