"""A simulated node: power, clocks, container, mounts, watchdog; the agent's real core and lease process run on it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Callable

from agent.core import types as core
from agent.core.lease import LeaseProcess
from agent.core.types import Ending, Now, Observation, State

from .edges import Edges

if TYPE_CHECKING:
    from .world import World

#: What systemd takes to start another agent, milliseconds.
AGENT_RESTART = 300
BOOT_TIME = 6_000
#: How far a clock's speed may be off, in millionths: ten times what crystals are.
DRIFT = 1_000


class Machine:
    def __init__(self, world: World, number: int, settings: core.Configuration) -> None:
        self.world = world
        self.number = number
        self.settings = settings
        self.name = settings.node
        self.random = random.Random(f"{world.seed} {number}")
        self.fenceable = True
        """Its fence agent works."""
        # power and clocks
        self.up = False
        self.boots = 0
        self.paused = False
        self.paused_at = 0
        self.deferred: list[tuple[int, Callable[..., None], tuple[object, ...]]] = []
        self.mono_late = 0
        self.boot_late = 0
        self.drift = self.random.randint(-DRIFT, DRIFT)
        """Its clocks run faster than the simulation's by so many millionths."""
        self.resumed_at = -1
        # network
        self.cut = False
        # the agent
        self.agent = 0
        """Number of the running agent; 0: none."""
        self.agents = 0
        self.hung = False
        self.starved_until = 0
        self.state: State | None = None
        self.memory = core.Memory()
        self.see = Observation()
        self.woken = 0
        """When the next early round is; 0: none."""
        self.rest = 0
        """No round is needed before then without news, by the machine's clock `mono`."""
        self.version = settings.version
        self.container = settings.container
        self.orders = core.Orders()
        # keepalived
        self.vip = False
        self.keepalived = "up"
        self.track = False
        self.edges = Edges(self)

    # ---- power ----

    def boot(self) -> None:
        self.up, self.paused = True, False
        self.boots += 1
        self.settings = self.settings._replace(boot=f"boot{self.boots}", version=self.version)
        self.deferred.clear()
        self.memory = core.Memory()
        self.see = Observation(orders=self.orders)
        self.track = False
        self.keepalived = "up"
        self.edges.power_on()
        self.world.server.rebooted(self.number)
        self.world.touch(self)
        self.start_agent(200)
        self.world.vrrp.changed()

    def power_off(self, why: str, comes_back: int = BOOT_TIME) -> None:
        if not self.up:
            return
        self.world.tell(f"{self.name} is off: {why}")
        self.up = self.paused = False
        self.agent, self.state, self.hung = 0, None, False
        self.edges.power_off()
        self.vip = False
        self.world.touch(self)
        self.world.vrrp.changed()
        self.world.check()
        if comes_back:
            self.world.after(comes_back, self.power_on)

    def power_on(self) -> None:
        if not self.up:
            self.world.tell(f"{self.name} boots")
            self.boot()

    @property
    def runs(self) -> bool:
        return self.up and not self.paused

    def reaches_server(self) -> bool:
        return self.runs and not self.cut and self.world.server.up

    # ---- clocks ----

    def clock(self) -> Now:
        now = self.world.now + 100_000
        now += now * self.drift // 1_000_000
        return Now(now - self.mono_late, now - self.boot_late)

    def pause(self) -> None:
        if self.runs:
            self.paused, self.paused_at = True, self.world.now
            self.world.touch(self)
            self.world.vrrp.changed()
            self.world.check()

    def resume(self, clocks: str) -> None:
        """`clocks`: `stand` (neither counts the time), `sleep` (only `boot` does), `jump` (both do)."""
        if not (self.up and self.paused):
            return
        slept = self.world.now - self.paused_at
        self.paused, self.resumed_at = False, self.world.now
        if clocks != "jump":
            self.mono_late += slept
        if clocks == "stand":
            self.boot_late += slept
        self.world.touch(self)
        for delay, call, arguments in self.deferred:
            self.world.at_machine(self, self.random.randint(0, 50) + min(delay, 0), call, *arguments)
        self.deferred.clear()
        self.edges.resumed()
        self.world.vrrp.changed()
        self.world.check()

    # ---- the agent ----

    def start_agent(self, delay: int) -> None:
        self.world.at_machine(self, delay, self.begin_agent)

    def begin_agent(self) -> None:
        if self.agent:
            return
        self.agents += 1
        self.agent, self.hung, self.rest = self.agents, False, 0
        self.settings = self.settings._replace(version=self.version, container=self.container)
        self.state = core.initial(self.settings, self.memory)
        self.see = self.see._replace(
            ready=False,
            jobs={},
            health=core.HealthView(),
            ending=Ending.NO,
            orders=self.orders,
            vip=self.vip,
        )
        self.edges.agent_started()
        self.world.at_machine(self, self.random.randint(20, 300), self.made_ready, self.agent)
        self.tick(self.agent)

    def made_ready(self, agent: int) -> None:
        if agent == self.agent:
            self.see = self.see._replace(ready=True)
            self.edges.look_at_lease()
            self.wake(0)

    def end_agent(self, restart: int = AGENT_RESTART) -> None:
        """Killed, or ended by itself. Its jobs end with it, and systemd starts another one."""
        if not self.agent:
            return
        self.agent, self.state, self.hung, self.woken, self.rest = 0, None, False, 0, 0
        self.edges.agent_ended()
        if restart:
            self.start_agent(restart)

    def hang_agent(self) -> None:
        if self.agent and not self.hung:
            self.hung = True
            # As systemd's watchdog is set.
            self.world.at_machine(self, self.settings.give_up // 3, self.kill_hung, self.agent)

    def kill_hung(self, agent: int) -> None:
        if agent == self.agent and self.hung:
            self.world.tell(f"{self.name}: systemd kills the agent, which hangs")
            self.end_agent()

    def tick(self, agent: int) -> None:
        if agent != self.agent:
            return
        self.world.at_machine(self, self.settings.heartbeat, self.tick, agent)
        if self.clock().mono >= self.rest:
            self.round()

    def wake(self, delay: int) -> None:
        """Another round soon, unless one is on its way already."""
        at = self.world.now + delay
        if self.agent and (not self.woken or at < self.woken):
            self.woken = at
            self.world.at_machine(self, delay, self.woken_round, self.agent, at)

    def woken_round(self, agent: int, at: int) -> None:
        if agent == self.agent and at == self.woken:
            self.round()

    def round(self) -> None:
        if not self.agent or self.hung or self.state is None:
            return
        if self.world.now < self.starved_until:
            self.world.at_machine(self, self.starved_until - self.world.now, self.tick_late, self.agent)
            return
        self.woken = self.rest = 0
        now = self.clock()
        before = self.state.phase
        self.state, actions = self.world.decide(self.state, self.see, now)
        self.world.rounds += 1
        for action in actions:
            self.edges.carry_out(action, now)
            if not self.runs or self.state is None:
                return
        if self.state.phase is not before:
            self.world.phase_changed(self, before, self.state.phase)

    def tick_late(self, agent: int) -> None:
        if agent == self.agent and self.world.now >= self.starved_until:
            self.round()

    def order(self, **orders: object) -> None:
        self.orders = self.orders._replace(**orders)  # type: ignore[arg-type]
        self.see = self.see._replace(orders=self.orders)
        self.wake(1)

    def end(self, ending: Ending) -> None:
        if self.agent:
            self.see = self.see._replace(ending=ending)
            self.wake(1)

    def new_lease_process(self) -> LeaseProcess:
        claims = 0 if self.world.server.locking else self.settings.watchdog
        return LeaseProcess(self.name, self.settings.peers, f"{self.boots}-{self.random.random()}", claims)
