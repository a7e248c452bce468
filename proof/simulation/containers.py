"""A node's Docker and container: starts that are slow, late or fail, kills that hang with the server, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.core.types import Answer, ContainerView, Docker, HealthView, JobKind

if TYPE_CHECKING:
    from .machine import Machine

#: Between two questions whether the service is well, milliseconds.
ASK_EVERY = 1_000


class Containers:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.world = machine.world
        self.docker_up = True
        self.slow = 0
        """Docker does everything so much later, milliseconds."""
        self.fails = 0
        """How many of the next starts fail."""
        self.dies_after = 0
        """Each life of the container ends after so long; 0: it lives."""
        self.answers = Answer.OK
        self.hook = 0
        """What is run after each stop takes so long; 0: nothing is."""
        self.stubborn = False
        """What is killed hangs in the kernel: a broken disk, a driver."""
        self.reset()

    def reset(self) -> None:
        self.running = False
        self.life = 0
        self.well_at = 0
        self.store = ""
        self.epoch = 0
        self.losses = 0
        """Of its node's locks, when it was started: with another one its own are lost."""
        self.name = ""
        self.dying = False
        self.companion_ended = False
        """One of several has ended, and the others live."""
        self.hooking = False
        """Something is to be run once the container has stopped."""
        self.starting = 0
        """Number of the start that Docker is at; 0: none."""
        self.asking = 0
        self.docker_up = True

    def other_container(self) -> None:
        """Another one, which never ran here."""
        self.life = 0
        self.starting = 0
        self.see(Docker.CREATED, pending=False)

    @property
    def serves(self) -> bool:
        """It would answer a client."""
        return (
            self.running
            and not self.dying
            and not self.companion_ended
            and self.world.now >= self.well_at
            and self.answers is Answer.OK
        )

    def see(self, docker: Docker | None = None, pending: bool | None = None) -> None:
        machine = self.machine
        view = machine.see.container
        machine.see = machine.see._replace(
            container=ContainerView(
                view.docker if docker is None else docker,
                self.running if self.life else None,
                view.start_pending if pending is None else pending,
                ended="companion" if self.running and self.companion_ended else "",
            )
        )
        machine.wake(0)

    # ---- Docker ----

    def check(self, job: int, limit: int) -> None:
        self.machine.edges.job(JobKind.CHECK_CONTAINER, job, limit, self.slow + 30, self.checked)

    def checked(self) -> str | None:
        if not self.docker_up:
            self.see(Docker.UNKNOWN)
            return "Docker does not answer"
        state = Docker.RUNNING if self.running else Docker.EXITED if self.life else Docker.CREATED
        self.see(state)
        return ""

    def start(self, job: int, limit: int) -> None:
        machine = self.machine
        edges = machine.edges
        if not self.docker_up:
            edges.job(JobKind.START_CONTAINER, job, limit, 50, lambda: "connection refused")
            return
        if self.fails:
            self.fails -= 1
            edges.job(JobKind.START_CONTAINER, job, limit, 300 + self.slow, lambda: "no such device")
            return
        self.starting = job
        self.see(pending=True)
        took = machine.random.randint(100, 900) + self.slow
        self.world.at_machine(machine, took, self.started, job)
        edges.job(JobKind.START_CONTAINER, job, limit, took + machine.random.randint(10, 200), self.start_answered)

    def start_answered(self) -> str | None:
        self.see(Docker.RUNNING, pending=False)
        return ""

    def started(self, job: int) -> None:
        """Whoever asked may be gone by now."""
        if job != self.starting or not self.docker_up:
            return
        machine = self.machine
        self.starting = 0
        self.running, self.dying, self.companion_ended = True, False, False
        self.life += 1
        self.name = machine.settings.container
        self.well_at = self.world.now + machine.random.randint(500, 2_500)
        if self.name == self.world.never_well:
            self.well_at = self.world.now + 1_000_000_000
        self.store, self.epoch = self.world.server.store, machine.edges.mounted_epoch
        self.see(Docker.RUNNING, pending=False)
        self.losses = self.world.server.losses[machine.number]
        self.world.server.datastore_lock = (machine.number, self.losses)
        self.world.container_started(machine)
        if self.dies_after:
            self.world.at_machine(machine, self.dies_after, self.ended, self.life)
        self.world.at_machine(machine, min(self.well_at - self.world.now, 3_000) + 10, self.work, self.life)

    def stop(self, job: int, limit: int, grace: int) -> None:
        machine = self.machine
        if not self.docker_up:
            machine.edges.job(JobKind.STOP_CONTAINER, job, limit, 50, lambda: "connection refused")
            return
        took = machine.random.randint(100, 1_500) + self.slow
        # What Docker is at comes first.
        if self.starting:
            took += 900 + self.slow
        self.world.at_machine(machine, took, self.stop_now, job)
        if self.hook:
            self.hooking = True
            self.see(pending=True)
        machine.edges.job(JobKind.STOP_CONTAINER, job, limit, took + self.hook + 20, self.stopped)

    def stop_now(self, _job: int) -> None:
        if self.running and self.docker_up and not self.hangs():
            self.gone()

    def stopped(self) -> str | None:
        if self.running:
            return "it still runs"
        self.hooking = False
        self.see(Docker.EXITED, pending=False)
        return ""

    # ---- the kernel ----

    def hangs(self) -> bool:
        """Its processes wait for the server before they end."""
        return self.stubborn or not self.machine.reaches_server()

    def kill(self) -> None:
        if self.running and not self.dying:
            self.dying = True
            self.world.at_machine(self.machine, self.machine.random.randint(2, 40), self.die, self.life)
        if self.hooking:
            self.world.at_machine(self.machine, self.machine.random.randint(2, 400), self.hook_ends)

    def hook_ends(self) -> None:
        """Killed with all else, or never started."""
        if self.hooking and self.machine.agent:
            self.hooking = False
            self.see(pending=False)

    def companion_ends(self) -> None:
        if self.running and not self.dying:
            self.companion_ended = True
            self.see()

    def die(self, life: int) -> None:
        if life != self.life or not self.running:
            return
        if self.hangs():
            self.world.at_machine(self.machine, 200, self.die, life)
        else:
            self.gone()

    def ended(self, life: int) -> None:
        if life == self.life and self.running:
            self.gone()

    def gone(self) -> None:
        self.running = self.dying = False
        self.see(Docker.EXITED if self.docker_up else None)
        self.world.check()

    # ---- the service ----

    def work(self, life: int) -> None:
        """A client writes, and is told that it is written if that is so."""
        if life == self.life and self.running:
            self.world.client_writes(self.machine)
            self.world.at_machine(self.machine, 700, self.work, life)

    def ask(self, questions: int) -> None:
        self.asking = questions
        self.world.at_machine(self.machine, self.machine.random.randint(50, ASK_EVERY), self.question, questions)

    def question(self, questions: int) -> None:
        machine = self.machine
        if questions != self.asking or not machine.agent:
            return
        answer = Answer.REFUSED
        if self.running and not self.dying and self.world.now >= self.well_at:
            answer = self.answers
            if answer is Answer.OK and not machine.reaches_server():
                answer = Answer.SLOW
        if machine.see.health.answer is not answer or machine.see.health.questions != questions:
            machine.see = machine.see._replace(health=HealthView(questions, answer))
            machine.wake(0)
        self.world.at_machine(machine, ASK_EVERY, self.question, questions)
