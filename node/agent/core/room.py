"""Room on the shared storage: told before there is none, and the service stops in order as long as there is enough for that."""

import enum
from typing import NamedTuple

#: Bytes that are free, at most; less where the file system is small.
_LOW, _FULL = 2 << 30, 128 << 20
#: The same in hundredths of the whole.
_LOW_PART, _FULL_PART = 10, 1


class Room(NamedTuple):
    """Of the file system that lease and data are on, bytes."""

    free: int
    size: int


class Level(enum.Enum):
    ENOUGH = "enough"
    LOW = "low"
    FULL = "full"
    """What a service needs to end well is still there."""


def level_of(room: "Room | None", before: Level) -> Level:
    """What is not known is as before. From a worse level it is only left with twice the room, or it would come and go."""
    if room is None:
        return before

    def within(most: int, part: int, level: Level) -> bool:
        bound = min(most, room.size * part // 100)
        return room.free < (2 * bound if before is level else bound)

    if within(_FULL, _FULL_PART, Level.FULL):
        return Level.FULL
    return Level.LOW if before is Level.FULL or within(_LOW, _LOW_PART, Level.LOW) else Level.ENOUGH


def words_of(room: "Room | None", level: Level) -> str:
    """Empty if there is enough."""
    if level is Level.ENOUGH:
        return ""
    free = f"{room.free >> 20} MiB of {room.size >> 20} are free" if room else "nobody knows how much"
    what = "is full, and the service stops before it fails" if level is Level.FULL else "is getting full"
    return f"the shared storage {what}: {free}; make room there, or raise `sharedSize`"
