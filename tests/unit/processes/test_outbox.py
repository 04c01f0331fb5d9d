"""Sending without waiting: all of it, in order, and nothing once the other side is gone."""

import socket
import threading
import time

from sourcier.processes.outbox import Outbox

MIB = 2**20


def test_what_the_socket_does_not_take_follows_in_order() -> None:
    ours, theirs = socket.socketpair()
    outbox = Outbox(ours)
    pieces = [bytes([number]) * (MIB // 8) for number in range(64)]
    begin = time.monotonic()
    for piece in pieces:
        outbox.send(piece)
    assert time.monotonic() - begin < 5, "nobody reads, and nobody waited"
    with ours, theirs, theirs.makefile("rb") as inbox:
        assert inbox.read(8 * MIB) == b"".join(pieces)
        outbox.send(b"small")
        assert inbox.read(5) == b"small"
        outbox.close()
        outbox.send(b"late")


def test_threads_do_not_mix_their_messages() -> None:
    ours, theirs = socket.socketpair()
    outbox = Outbox(ours)

    def send(number: int) -> None:
        for _ in range(50):
            outbox.send(bytes([number]) * 10_000)

    senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    with ours, theirs, theirs.makefile("rb") as inbox:
        for sender in senders:
            sender.start()
        messages = [inbox.read(10_000) for _ in range(200)]
        assert all(len(set(message)) == 1 for message in messages)
        outbox.close()


def test_nobody_waits_for_one_who_is_gone() -> None:
    ours, theirs = socket.socketpair()
    outbox = Outbox(ours)
    outbox.send(bytes(4 * MIB))
    theirs.close()
    for _ in range(10):
        outbox.send(bytes(MIB))
    with ours:
        outbox.close()
