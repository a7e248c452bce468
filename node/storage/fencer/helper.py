"""One round after the other: questions of nodes are answered, nodes that have cleaned up are let in again."""

import contextlib
import time
from typing import Callable

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
from agent.core.lease import EPOCH, LEASE
from agent.core.record import FORMER_BYTES, NOTE_BYTES, RECORD_BYTES, decode, decode_epoch

from .configuration import Setup
from .core import CutOff, Refused, Register, Seen, barring, judge, may_return, uncertain
from .exports import Exports, rendered
from .folder import LeaseFolder
from .nfsd import Nfsd
from .register import RegisterFile, Unreadable

#: Seconds: between two rounds; that exportfs may take, and the expiry of clients; between two signs of life.
EVERY, LIMIT, SIGN = 0.1, 3.0, 5.0
#: Whatever goes wrong with the server's own means is an answer that says no, and the timers decide.
_TROUBLE = (OSError, Unreadable)


class Helper:
    """`say`: takes a line for the journal."""

    def __init__(self, setup: Setup, say: Callable[[str], None]) -> None:
        paths = setup.paths
        self._setup = setup
        self._say = say
        self._folder = LeaseFolder(setup.directory)
        self._nfsd = Nfsd(paths.nfsd, paths.locks)
        tables = (paths.etab, f"{paths.nfsd}/exports")
        self._exports = Exports(setup.exports_file, tables, paths.exportfs, LIMIT)
        self._register = RegisterFile(paths.state)
        self._heard: dict[str, str] = {}
        self._signed = -SIGN

    def apply(self) -> None:
        """Exports what is to be: after a change of the nodes, and at each start. Raises OSError, and Unreadable."""
        with self._register.alone():
            register = self._register.read()
            gone = [node for node in register.barred if node not in self._setup.nodes]
            if gone:
                register = register._replace(barred={n: e for n, e in register.barred.items() if n not in gone})
                self._register.write(register)
            self._export(register)

    def _export(self, register: Register) -> None:
        setup = self._setup
        self._exports.write(rendered(setup.directory, setup.fsids, setup.nodes, register.barred))
        self._exports.apply()

    def run(self) -> None:
        self.apply()
        while True:
            try:
                self.round()
            except _TROUBLE as error:
                self._say(f"a round failed: {error}")
                time.sleep(1)
            time.sleep(EVERY)

    def round(self) -> None:
        folder = self._folder
        folder.open()
        for node in self._setup.nodes:
            stamp = folder.stamp(ask_name(node))
            if stamp and stamp != self._heard.get(node):
                self._heard[node] = stamp
                self._answer(node)
        now = time.monotonic()
        if now - self._signed >= SIGN:
            self._signed = now
            self._let_in()
            folder.put(ALIVE, encode_number(int(time.time())))

    # ---- to cut off ----

    def _answer(self, asker: str) -> None:
        ask = decode_ask(self._folder.read(ask_name(asker), NOTE_BYTES))
        if ask is None:
            return
        try:
            with self._register.alone():
                register = self._register.read()
                verdict = judge(asker, ask, self._look(), self._setup.nodes, register)
                if isinstance(verdict, Refused):
                    done, words = False, verdict.words
                else:
                    left = self._cut_off(verdict, register)
                    done, words = not left, left or f"{verdict.node} is cut off"
        except _TROUBLE as error:
            done, words = False, str(error)
        self._say(f"{asker} asks for {ask.node} of epoch {ask.epoch}: {words}")
        self._folder.put(answer_name(asker), encode_answer(Answer(ask.nonce, done, ask.epoch, words)))

    def _look(self) -> Seen:
        folder = self._folder
        return Seen(
            decode(folder.read(LEASE, FORMER_BYTES)),
            decode_epoch(folder.read(EPOCH, RECORD_BYTES)),
            folder.key(SUCCESSOR),
            self._nfsd.locks(),
            self._nfsd.clients(),
        )

    def _cut_off(self, order: CutOff, register: Register) -> str:
        """What is left of that node's access; empty if nothing is. First of all it lasts: whatever ends this half-way, the node
        stays cut off until it has cleaned up."""
        setup, address = self._setup, self._setup.nodes[order.node]
        register = barring(register, order)
        self._register.write(register)
        with contextlib.suppress(OSError):
            self._folder.put(barred_name(order.node), encode_number(order.epoch))
        self._export(register)
        # From here on none of its clients can open a file of the data.
        before = [client.number for client in self._nfsd.clients() if client.address == address]
        self._nfsd.expire(before, LIMIT)
        others = [each for node, each in setup.nodes.items() if node not in register.barred]
        exported = self._exports.left(f"{setup.directory}/data", address, others)
        return uncertain(address, before, exported, self._nfsd.clients())

    # ---- to let in again ----

    def _let_in(self) -> None:
        with self._register.alone():
            register = self._register.read()
            for node, epoch in register.barred.items():
                if not may_return(epoch, self._folder.read(f"node.{node}", NOTE_BYTES)):
                    # It may have been lost.
                    if not self._folder.stamp(barred_name(node)):
                        self._folder.put(barred_name(node), encode_number(epoch))
                    continue
                left = {other: since for other, since in register.barred.items() if other != node}
                register = register._replace(barred=left)
                self._register.write(register)
                self._export(register)
                self._folder.remove(barred_name(node))
                self._say(f"{node} has cleaned up after epoch {epoch}, and is let in again")
