"""Who may listen on a port that workers share."""

import socket

import pytest

from sourcier.workers.ports import hold_port

HOST = "127.0.0.1"


def listener(port: int, *options: int) -> socket.socket:
    made = socket.socket()
    for option in (socket.SO_REUSEADDR, *options):
        made.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        made.bind((HOST, port))
        made.listen()
    except OSError:
        made.close()
        raise
    return made


def test_workers_share_it_and_get_all_connections() -> None:
    with hold_port(HOST, 0) as port:
        workers = [listener(port, socket.SO_REUSEPORT) for _ in range(2)]
        got = [0, 0]
        for _ in range(64):
            with socket.create_connection((HOST, port)):
                for number, worker in enumerate(workers):
                    worker.setblocking(False)
                    try:
                        accepted, _ = worker.accept()
                    except BlockingIOError:
                        continue
                    accepted.close()
                    got[number] += 1
        assert sum(got) == 64
        assert all(got)
        with pytest.raises(OSError, match="in use"):
            listener(port)
        for worker in workers:
            worker.close()


def test_another_server_is_refused() -> None:
    with hold_port(HOST, 0) as port:
        with pytest.raises(OSError, match=f"another server holds {HOST}:{port}"), hold_port(HOST, port):
            pass
        with listener(port, socket.SO_REUSEPORT), pytest.raises(OSError, match=str(port)), hold_port(HOST, port):
            pass
    with hold_port(HOST, port) as again:
        assert again == port


@pytest.mark.parametrize("options", [(), (socket.SO_REUSEPORT,)])
def test_a_port_on_which_somebody_listens_is_refused(options: tuple[int, ...]) -> None:
    """Also when that one would share it: whose half of the calls would be whose?"""
    with listener(0, *options) as other:
        port = other.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen on {HOST}:{port}"), hold_port(HOST, port):
            pass


def test_connections_that_linger_keep_nobody_out() -> None:
    with listener(0) as server:
        port = server.getsockname()[1]
        client = socket.create_connection((HOST, port))
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first waits for stray packets afterwards
        client.close()
    with hold_port(HOST, port) as held:
        assert held == port


def test_every_address_of_a_name_is_held() -> None:
    with hold_port("localhost", 0) as port, pytest.raises(OSError, match="another server"), hold_port(HOST, port):
        pass


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(OSError, match=r".+"), hold_port("no such host", 0):
        pass
