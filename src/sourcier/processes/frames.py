"""Messages between processes of one server: eight bytes of length and a pickle.

Pickles are code to whoever reads them. They travel on socket pairs only, which no other process can reach.
"""

import asyncio
import pickle
import struct
from typing import Any, BinaryIO, Final

LENGTH: Final = struct.Struct(">Q")
MESSAGE_BYTES_MAX: Final = 256 * 1024 * 1024


def frame(message: object) -> bytes:
    """The bytes of one message."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def send(outbox: BinaryIO, message: object) -> None:
    """Write one message."""
    outbox.write(frame(message))
    outbox.flush()


def receive(inbox: BinaryIO) -> Any:
    """The next message, or None when the other side has closed the socket."""
    head = inbox.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = inbox.read(length)
    return pickle.loads(body) if len(body) == length else None


async def read(reader: asyncio.StreamReader) -> Any:
    """The next message; raises IncompleteReadError at the end, OSError for a message that is too long to be one."""
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    if length > MESSAGE_BYTES_MAX:
        raise OSError(f"a message of {length} bytes")
    return pickle.loads(await reader.readexactly(length))
