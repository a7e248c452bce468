"""All that the agent sees: puts the observation together from the edges."""

import ipaddress

from .core.observation import Ending, JobKind, JobStatus, Observation
from .node import Node

#: Milliseconds after which an agent stops waiting for the lease process to say what it holds.
_PATIENCE = 3_000


class Senses:
    def __init__(self, node: Node, now: int) -> None:
        self._node = node
        self._vip = ipaddress.ip_address(node.setup.vip)
        self._started = now
        self._tried = -_PATIENCE
        self.ending = Ending.NO

    def look(self, now: int) -> Observation:
        """`now`: `mono`. Never waits."""
        node = self._node
        node.jobs.collect()
        node.health.collect()
        self._lease(now)
        node.addresses.collect()
        node.storage.look(now)
        node.container.look()
        stop = node.jobs.views().get(JobKind.STOP_CONTAINER)
        if stop and stop.status is JobStatus.RUNNING and node.container.live() is False:
            node.container.stopped()
            node.jobs.finish(JobKind.STOP_CONTAINER)
        return Observation(
            lease=node.lease.view,
            container=node.container.view(),
            data=node.storage.data(),
            lease_mounted=node.storage.lease_mounted(),
            server_lease=node.storage.server_lease,
            unfit=node.storage.unfit,
            vip=node.addresses.has(self._vip),
            health=node.health.view,
            jobs=node.jobs.views(),
            watchdog=node.dog.view(),
            orders=node.orders.orders(),
            ending=self.ending,
            ready=node.lease.greeted or now - self._started > _PATIENCE,
        )

    def _lease(self, now: int) -> None:
        """Connects again where the connection has ended, at most once each half heartbeat."""
        lease = self._node.lease
        sent = lease.view.sent
        while lease.collect():
            pass
        if lease.view.sent != sent and lease.view.sent:
            self._node.notes.beat(lease.view.sent)
        if lease.fileno() < 0 and now - self._tried >= self._node.setup.core.heartbeat // 2:
            self._tried = now
            lease.connect()
