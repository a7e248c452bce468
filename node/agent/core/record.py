"""What the owner of the lease writes into its file, and how it is read back: whatever lies there is input."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

#: Bytes of the file `lease`. Written whole each time, in place: a full server still takes it.
RECORD_BYTES = 512
#: Bytes of that file where the guard wrote it, the agent's forerunner: a line for each heartbeat, emptied now and then.
FORMER_BYTES = 64 << 10
#: The version of the owner, and its boot, where a guard is the owner.
FORMER = "guard"
#: An epoch or a sequence number above this is nobody's.
MOST = 10**15
#: A silence time outside of these bounds is nobody's, milliseconds.
LEAST_SILENCE, MOST_SILENCE = 1_000, 600_000
#: Bytes of a file that holds one number or a few words.
NOTE_BYTES = 256

NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")
WORD = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
NUMBER = re.compile(r"[0-9]{1,16}")


class Claim(enum.Enum):
    """What the owner is doing with the lease."""

    STARTING = "starting"
    ACTIVE = "active"
    STOPPING = "stopping"
    RELEASED = "released"


class Record(NamedTuple):
    """A heartbeat. Each one differs from the one before by its `sequence`."""

    epoch: int
    """Number of the owner; it only ever grows. From 1."""
    sequence: int
    """Number of this heartbeat in its epoch, from 0."""
    node: str
    claim: Claim
    silence: int
    """After so long without a heartbeat this owner is certain not to write: its own `watchdog`. Milliseconds."""
    armed: bool
    """Whether a watchdog device was armed, which resets this owner by then whatever its agent does."""
    vip: bool
    """Whether this owner has the VIP."""
    version: str
    """Of this owner's agent."""
    boot: str
    """Identity of this owner's boot."""
    settled: bool = True
    """Nothing that an owner before left behind can still be written into the data: it ended in order, or was put aside."""


class NoRecord(enum.Enum):
    """There is nothing that could be believed."""

    EMPTY = "empty"
    """The file is empty or has never been written."""
    INVALID = "invalid"
    """Something lies there that is no record: whoever wrote it may still write the data."""


def encode(record: Record) -> bytes:
    """The whole file: one line, filled up with blanks; the sum tells a half-written one. Then a line for nodes where the guard
    still runs: it goes by the last one, and would take what it does not understand for silence."""
    words = " ".join(
        (
            str(record.epoch),
            str(record.sequence),
            record.node,
            record.claim.value,
            str(record.silence),
            "1" if record.armed else "0",
            "1" if record.vip else "0",
            record.version,
            record.boot,
            "1" if record.settled else "0",
        )
    )
    line = f"{words} {checksum(words)}".encode("ascii", "replace")
    last = _former_line(record)
    return line.ljust(RECORD_BYTES - 1 - len(last)) + b"\n" + last


def decode(content: bytes) -> Record | NoRecord:
    """Never raises. What is longer than a record, or not exactly one, is INVALID."""
    if not content.strip(b" \0\n"):
        return NoRecord.EMPTY
    if len(content) > FORMER_BYTES:
        return NoRecord.INVALID
    own = _decode_whole(content[:RECORD_BYTES])
    if own and len(content) == RECORD_BYTES:
        return own
    # A guard writes below what lies there, and has a new epoch there.
    text = content[RECORD_BYTES if own else 0 :].decode("ascii", "replace").strip(" \0")
    *lines, _ = text.split("\n")
    # Empty ones are an agent's, which made room for its own record.
    former = [_former_record(line) for line in lines if line]
    last = former[-1] if former and all(former) else None
    return last if last and not (own and last.epoch <= own.epoch) else NoRecord.INVALID


def _decode_whole(content: bytes) -> Record | None:
    if len(content) != RECORD_BYTES:
        return None
    line, _, last = content.partition(b"\n")
    record = _decode_line(line.decode("ascii", "replace").strip(" \0"))
    return record if record and last == _former_line(record) else None


def _former_line(record: Record) -> bytes:
    return f"{record.epoch} {record.sequence} {record.node} {record.claim.value}\n".encode("ascii", "replace")


def _former_record(line: str) -> Record | None:
    """How a guard wrote it: `EPOCH SEQUENCE NODE CLAIM`. For how long it may go on writing after it, it does not say."""
    parts = line.split(" ")
    if len(parts) != 4:
        return None
    epoch, sequence = number(parts[0]), number(parts[1])
    if not epoch or str(epoch) != parts[0] or sequence is None or not NODE_NAME.fullmatch(parts[2]) or parts[3] not in CLAIMS:
        return None
    # A guard without the VIP does not stay the owner.
    return Record(epoch, sequence, parts[2], CLAIMS[parts[3]], MOST_SILENCE, False, True, FORMER, FORMER)


def silence_of(record: Record, watchdog: int, lease_time: int) -> int:
    """After so many milliseconds without a heartbeat its owner is certain not to write. A guard's time is one of the stack's
    former settings: shorter than the server's lease time, whatever they were."""
    return max(watchdog, lease_time) if record.version == FORMER else record.silence


def _decode_line(line: str) -> Record | None:
    words, _, total = line.rpartition(" ")
    parts = words.split(" ")
    if total != checksum(words) or len(parts) != 10:
        return None
    epoch, sequence, silence = number(parts[0]), number(parts[1]), number(parts[4])
    if epoch is None or sequence is None or silence is None or epoch < 1:
        return None
    if not LEAST_SILENCE <= silence <= MOST_SILENCE or parts[3] not in CLAIMS:
        return None
    armed, vip, settled = (FLAGS.get(parts[place]) for place in (5, 6, 9))
    if armed is None or vip is None or settled is None or not NODE_NAME.fullmatch(parts[2]):
        return None
    if not WORD.fullmatch(parts[7]) or not WORD.fullmatch(parts[8]):
        return None
    return Record(epoch, sequence, parts[2], CLAIMS[parts[3]], silence, armed, vip, parts[7], parts[8], settled)


FLAGS = {"0": False, "1": True}
CLAIMS = {claim.value: claim for claim in Claim}


def checksum(text: str) -> str:
    """The text as one number, modulo a prime: it tells an accident, not an attacker."""
    return f"{int.from_bytes(text.encode('ascii', 'replace'), 'big') % 4_294_967_291:08x}"


def number(text: str) -> int | None:
    """A whole number from 0 to MOST in ASCII digits, else None."""
    if not NUMBER.fullmatch(text):
        return None
    value = int(text)
    return value if value <= MOST else None


def encode_epoch(epoch: int) -> bytes:
    """The whole file `epoch`. Half of a number would be another number: the sum behind it tells. On a line of its own: a guard
    reads the first one."""
    return f"{epoch}\n={checksum(str(epoch))}".encode("ascii").ljust(RECORD_BYTES - 1) + b"\n"


def decode_epoch(content: bytes) -> int | None:
    """The number in the file `epoch`, 0 if it is empty; None if what lies there is no epoch. Formerly there was no sum."""
    if len(content) > RECORD_BYTES:
        return None
    text = content.decode("ascii", "replace").strip(" \0\n")
    if not text:
        return 0
    epoch, line_break, total = text.partition("\n=")
    return number(epoch) if not line_break or total == checksum(epoch) else None
