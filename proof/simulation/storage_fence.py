"""The helper on the NFS server: its real decisions, on the simulated server's clients, locks and files."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from agent.core.fence_mail import (
    ALIVE,
    SUCCESSOR,
    Answer,
    answer_name,
    ask_name,
    barred_name,
    decode_ask,
    encode_answer,
    encode_number,
)
from agent.core.record import decode, decode_epoch
from fencer import core

if TYPE_CHECKING:
    from .world import World

#: Between two rounds in which nodes are let in again, milliseconds.
ROUND = 1_000


class Helper:
    def __init__(self, world: World) -> None:
        self.world = world
        self.up = True
        self.slow = 0
        """It answers so much later, milliseconds."""
        self.register = core.Register({})
        self.barred_at: dict[str, int] = {}
        """When each node was last cut off."""
        self.rounds = 0
        self.nodes = {machine.name: machine.name for machine in world.machines}
        world.after(ROUND, self.round)
        if world.storage_fencing:
            self.fail(random.Random(f"{world.seed} storage helper"))

    def fail(self, chance: random.Random) -> None:
        """It is away for a while, or slow, in two of three schedules: beside the faults of the plan, which stays what it was."""
        begin, lasts = chance.randint(4_000, 14_000), chance.randint(300, 20_000)
        kind = chance.choice(("away", "slow", ""))
        if kind:
            self.world.count(f"storage helper {kind}")
            self.world.after(begin, self.set, kind != "away", chance.randint(200, 6_000) if kind == "slow" else 0)
            self.world.after(begin + lasts, self.set, True, 0)

    def set(self, up: bool, slow: int) -> None:
        self.up, self.slow = up, slow

    def works(self) -> bool:
        return self.up and self.world.server.up

    def wrote(self, node: str) -> None:
        """That node has asked."""
        self.world.after(self.world.machines[0].random.randint(20, 150) + self.slow, self.answer, node)

    def answer(self, node: str) -> None:
        if not self.works():
            self.world.after(300, self.answer, node)
            return
        server = self.world.server
        ask = decode_ask(server.files.get(ask_name(node), b""))
        if ask is None:
            return
        verdict = core.judge(node, ask, self.look(), self.nodes, self.register)
        if isinstance(verdict, core.CutOff):
            self.register = core.barring(self.register, verdict)
            self.put(barred_name(verdict.node), encode_number(verdict.epoch))
            server.cut_off(self.number(verdict.node))
            self.barred_at[verdict.node] = self.world.now
            self.world.count("cut-off")
            self.world.tell(f"the server cuts {verdict.node} off, since epoch {verdict.epoch}")
        done = isinstance(verdict, core.CutOff)
        words = "done" if done else str(verdict)
        content = encode_answer(Answer(ask.nonce, done, ask.epoch, words))
        self.world.after(self.slow // 2, self.put, answer_name(node), content)
        self.world.check()

    def put(self, name: str, content: bytes) -> None:
        """A file of its own each time."""
        self.world.server.files.pop(name, None)
        self.world.server.write(name, content)

    def number(self, node: str) -> int:
        return next(machine.number for machine in self.world.machines if machine.name == node)

    def look(self) -> core.Seen:
        server = self.world.server
        clients = [
            core.Client(
                str(machine.number),
                machine.name,
                not server.expired(machine.number, self.world.now),
                frozenset(name for name, holder in server.locks.items() if holder == machine.number),
            )
            for machine in self.world.machines
        ]
        return core.Seen(
            decode(server.files.get("lease", b"")),
            decode_epoch(server.files.get("epoch", b"")),
            SUCCESSOR,
            frozenset(server.locks),
            tuple(clients),
        )

    def round(self) -> None:
        self.world.after(ROUND, self.round)
        if not self.works():
            return
        server = self.world.server
        self.rounds += 1
        self.put(ALIVE, encode_number(self.rounds))
        for node, epoch in list(self.register.barred.items()):
            if core.may_return(epoch, server.files.get(f"node.{node}", b"")):
                self.register = self.register._replace(barred={n: e for n, e in self.register.barred.items() if n != node})
                server.barred.discard(self.number(node))
                server.files.pop(barred_name(node), None)
                self.world.count("let-in")
                self.world.tell(f"the server lets {node} in again")
