"""A port that the processes of one server share (SO_REUSEPORT), and no other server."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def hold_port(host: str, port: int) -> Iterator[int]:
    """Hold a port for processes of this user that ask to share it; port 0 takes any free one.

    Raises OSError when somebody listens there, or holds it for another server. Nothing is accepted here: a socket that
    does not listen gets no connections.
    """
    with ExitStack() as stack:
        for family, address in _addresses(host, port):
            if not port:
                port = _demand_free(family, (address[0], 0, *address[2:]))
            address = (address[0], port, *address[2:])
            lock = stack.enter_context(socket.socket(socket.AF_UNIX))
            _lock(lock, f"{address[0]}:{port}")
            _demand_free(family, address)
            holder = stack.enter_context(_socket(family))
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.bind(address)
        yield port


def _addresses(host: str, port: int) -> list[tuple[int, tuple[object, ...]]]:
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [(int(family), address) for family, _, _, _, address in found]


def _lock(lock: socket.socket, address: str) -> None:
    """Be the only one who holds this address: a name that the kernel gives to one socket, and frees with its process.

    Two servers whose processes all share their ports would each get half of the other's calls.
    """
    try:
        lock.bind(f"\0sourcier {address}")
    except OSError as error:
        raise OSError(error.errno, f"another server holds {address}") from error


def _demand_free(family: int, address: tuple[object, ...]) -> int:
    """The port, on which nobody else listens."""
    with _socket(family) as probe:
        try:
            probe.bind(address)
            probe.listen()
        except OSError as error:
            raise OSError(error.errno, f"cannot listen on {address[0]}:{address[1]}: {error.strerror}") from error
        return int(probe.getsockname()[1])


def _socket(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # old connections that linger keep nobody out
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made
