"""All that the agent sees: puts the observation together from the edges."""

import ipaddress
from typing import Optional

from .clock import boot_ms
from .core.observation import Beat, Ending, JobKind, JobStatus, Observation
from .core.record import Claim
from .node import Node

#: Milliseconds after which an agent stops waiting for the lease process to say what it holds.
_PATIENCE = 3_000
#: Milliseconds between two tries to have a lease process of the same version.
_BETWEEN_VERSIONS = 60_000


class Senses:
    def __init__(self, node: Node, now: int) -> None:
        self._node = node
        self._vip = ipaddress.ip_address(node.setup.vip)
        self._here = node.addresses.has(self._vip)
        self._started = now
        self._tried = -_PATIENCE
        self._renewed = -_BETWEEN_VERSIONS
        self._last: Optional[Observation] = None
        self.ending = Ending.NO

    def look(self, now: int, ready: "set[int]", due: bool) -> Observation:
        """`now`: `mono`. `ready`: descriptors that have news. `due`: what tells no news is looked at, too. Never waits."""
        node = self._node
        if self._last and not due and ready == {node.lease.fileno()}:
            # An answer of the lease process, and nothing else: once a heartbeat.
            self._lease(now)
            self._last = self._last._replace(
                lease=node.lease.view, beaten=node.notes.beaten, ready=self._last.ready or node.lease.greeted
            )
            return self._last
        node.jobs.collect()
        if node.health.fileno() in ready or node.health.ended:
            node.health.collect()
        if node.lease.fileno() in ready or node.lease.fileno() < 0:
            self._lease(now)
        if node.addresses.fileno() in ready:
            node.addresses.collect()
            self._here = node.addresses.has(self._vip)
        node.storage.look(now, node.storage.table.fileno() in ready)
        if due or node.notes.kept.starting:
            node.container.look(now)
        jobs = node.jobs.views()
        stop = jobs.get(JobKind.STOP_CONTAINER)
        if stop and stop.status is JobStatus.RUNNING and node.container.over():
            node.container.stopped()
            node.jobs.finish(JobKind.STOP_CONTAINER)
        self._last = Observation(
            lease=node.lease.view,
            container=node.container.view(),
            data=node.storage.data(),
            lease_mounted=node.storage.lease_mounted(),
            server_lease=node.storage.server_lease,
            unfit=node.storage.unfit,
            vip=self._here,
            health=node.health.view,
            jobs=node.jobs.views(),
            watchdog=node.dog.view(),
            beaten=node.notes.beaten,
            orders=node.orders.orders(),
            ending=self.ending,
            ready=node.lease.greeted or now - self._started > _PATIENCE,
        )
        return self._last

    def _lease(self, now: int) -> None:
        """Connects again where the connection has ended, at most once each half heartbeat."""
        lease = self._node.lease
        sent = lease.view.sent
        lease.collect()
        if lease.view.sent != sent and lease.view.sent:
            self._node.beats.note(boot_ms() - lease.view.sent)
            record = lease.view.confirmed
            writes = record is not None and record.claim is not Claim.RELEASED
            self._node.notes.beat(Beat(lease.view.sent, record.silence if record and writes else 0))
        # Of other files than this agent: once it does not have the lease, it makes room for one of the same.
        other = lease.greeted and lease.version != self._node.setup.core.version
        if other and now - self._renewed >= _BETWEEN_VERSIONS and lease.renew():
            self._renewed = now
        if lease.fileno() < 0 and now - self._tried >= self._node.setup.core.heartbeat // 2:
            self._tried = now
            lease.connect()
