"""What the lease process is told to kill if the agent does not go on."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from agent.core.observation import Beat, LeaseView, Observation
from agent.core.settings import Configuration
from agent.core.state import Tenure
from agent.core.types import initial
from agent.lease.client import LeaseClient
from agent.lease.wire import PROTOCOL, Terms, view_to
from agent.loop import Agent
from agent.run_files import Kept

SETTINGS = Configuration(node="a", version="v1", boot="boot", container="rancher-1", peers=("b",))
NEVER = Beat()


class Other:
    """In the place of the lease process, one connection after the other."""

    def __init__(self, path: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(4)
        self.connection = self.listener

    def greet(self, client: LeaseClient, view: LeaseView) -> None:
        assert client.connect()
        self.connection = self.listener.accept()[0]
        self.connection.setblocking(False)
        hello = json.loads(self.connection.recv(4096))
        answer = {"id": hello["id"], "protocol": PROTOCOL, "version": "v1", "error": "", "view": view_to(view)}
        self.connection.send(json.dumps(answer).encode() + b"\n")
        assert client.collect()

    def told(self) -> "dict[str, Any]":
        """The order that came; empty if none did."""
        try:
            return dict(json.loads(self.connection.recv(4096)))
        except BlockingIOError:
            return {}


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    made = Other(tmp_path / "lease.sock")
    yield made
    made.connection.close()
    made.listener.close()


def agent_of(tmp_path: Path, settings: Configuration = SETTINGS, beaten: Beat = NEVER) -> "tuple[Agent, LeaseClient]":
    """As far as telling goes: its container runs, and its tenure is not over."""
    client = LeaseClient(str(tmp_path / "lease.sock"), Terms("/lease", "nfs4", "/mounts", "a", ("b",), 0, 10_000))
    agent = Agent.__new__(Agent)
    node: Any = SimpleNamespace(
        setup=SimpleNamespace(core=settings, paths=SimpleNamespace(control_groups="/groups", reset="/reset")),
        lease=client,
        notes=SimpleNamespace(kept=Kept(id="c0ffee"), beaten=beaten),
        files=SimpleNamespace(track="/track"),
    )
    hands: Any = SimpleNamespace(epoch=3)
    agent._node, agent._hands, agent._guarded = node, hands, ("", 0, 0)
    agent._state = initial(settings, SimpleNamespace(epoch=3))  # type: ignore[arg-type]
    return agent, client


def test_another_lease_process_is_told_also_if_its_descriptor_has_the_number_of_the_one_before(
    other: Other, tmp_path: Path
) -> None:
    agent, client = agent_of(tmp_path)
    other.greet(client, LeaseView())
    number = client.fileno()
    agent._guard(Observation())
    assert other.told()["container"] == "c0ffee"
    agent._guard(Observation())
    assert other.told() == {}
    other.connection.close()
    client.collect()
    other.greet(client, LeaseView())
    assert client.fileno() == number
    agent._guard(Observation())
    assert other.told()["container"] == "c0ffee"


def test_the_lease_process_goes_by_the_time_that_the_last_heartbeat_says(other: Other, tmp_path: Path) -> None:
    longer = SETTINGS._replace(give_up=12_000, watchdog=20_000, lease_time=30_000, grace_time=30_000)
    agent, client = agent_of(tmp_path, longer, Beat(1, 10_000))
    other.greet(client, LeaseView())
    agent._guard(Observation())
    told = other.told()
    assert (told["give_up"], told["reset"], told["alone"]) == (9_000, 9_000, 9_000)
    agent._state = agent._state._replace(tenure=Tenure(epoch=3, sent=2, silence=20_000))
    agent._guard(Observation())
    told = other.told()
    assert (told["give_up"], told["reset"], told["alone"]) == (13_000, 19_000, 18_000)
