from mazemesh.v1 import replay_pb2 as pb
from services.replay.wire.handlers import SERVICE, add_replay_servicer


def test_every_method_of_the_contract_is_served():
    class Registered:
        def add_generic_rpc_handlers(self, handlers) -> None:
            [self.handler] = handlers

    class Servicer:
        def __getattr__(self, name: str):
            return name

    class Details:
        def __init__(self, method: str) -> None:
            self.method = method

    registered = Registered()
    add_replay_servicer(Servicer(), registered)
    contract = pb.DESCRIPTOR.services_by_name["ReplayService"]
    assert contract.full_name == SERVICE
    for method in contract.methods:
        found = registered.handler.service(Details(f"/{SERVICE}/{method.name}"))
        assert found.unary_unary == method.name
