"""Which methods wait in a line of their own inside gRPC."""

from types import SimpleNamespace
from typing import Any

from grpc_health.v1 import health_pb2, health_pb2_grpc
from tests.rpc.wire import RPCS

from sourcier.rpc import lines
from sourcier.rpc.servicers import add_servicers


class Server:
    """Notes what is put on it."""

    def __init__(self) -> None:
        self.services = 0
        self.registered: set[str] = set()

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self.services += len(handlers)

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        self.registered |= {f"{service}/{method}" for method in handlers}


def test_every_service_is_served_and_these_methods_have_lines_of_their_own() -> None:
    server: Any = Server()
    app: Any = SimpleNamespace()
    add_servicers(lines.in_lines(server), app)
    health_pb2_grpc.add_HealthServicer_to_server(health_pb2_grpc.HealthServicer(), lines.in_lines(server))
    assert server.services == len({rpc.path.split("/")[1] for rpc in RPCS.values()}) + 1
    assert server.registered == lines.OWN_LINE


def test_they_are_methods_of_the_api() -> None:
    health = health_pb2.DESCRIPTOR.services_by_name["Health"]
    known = {rpc.path.removeprefix("/") for rpc in RPCS.values()} | {f"{health.full_name}/Check"}
    assert known >= lines.OWN_LINE
