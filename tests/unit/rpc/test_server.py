"""What a server promises before it serves; its life and end are tested with real ones in tests/rpc."""

import os
import subprocess
import sys

from tests.rpc.wire import RPCS

from sourcier.domain.limits import MESSAGE_BYTES_MAX, METADATA_BYTES_MAX
from sourcier.rpc.server import OPTIONS, SERVICES, Listen


def test_every_service_is_known_to_health_and_reflection() -> None:
    assert set(SERVICES) == {rpc.path.split("/")[1] for rpc in RPCS.values()}


def test_the_limits_are_those_of_the_domain() -> None:
    options = dict(OPTIONS)
    assert options["grpc.max_receive_message_length"] == MESSAGE_BYTES_MAX
    assert options["grpc.max_metadata_size"] == METADATA_BYTES_MAX
    assert options["grpc.so_reuseport"] == 0


def test_a_server_listens_on_loopback_unless_told() -> None:
    assert Listen().host == "127.0.0.1"


def test_a_server_refuses_the_slow_protobuf() -> None:
    program = (
        "from sourcier.rpc.server import Listen, Server\n"
        "try:\n    Server(None, Listen())\n"
        "except RuntimeError as error:\n    print(error)\n"
    )
    environment = os.environ | {"PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert "must be upb" in done.stdout
