"""`agent dump FILE` and `agent load FILE`: a backup and a restore of the service while it runs, by commands in its container
which write all data to their standard output, and read it from their standard input."""

import contextlib
import gzip
import os

from .control import NoAgent, serving_epoch
from .docker import DockerError
from .execution import Execution
from .run_files import RunFiles
from .setup import Backup, Setup

#: Bytes that stay free where a dump is written: the node has other things to do.
SPARE = 256 << 20
#: Bytes after which that is looked at again.
_PIECE = 4 << 20
#: Seconds for an answer of the agent.
_SOON = 10.0


class NotDone(Exception):
    """In words."""


def dump(setup: Setup, run: str, file: str) -> int:
    """Packs (gzip) what the command writes into `file`, which must not exist; its bytes, unpacked. Nothing is left where it
    fails. `run`: the agent's folder in /run. Raises NotDone."""
    backup, owned = _backup(setup), _epoch(run)
    try:
        # Fast: the service waits for nothing, and yet its node is busy.
        with open(file, "xb") as packed:
            size = _pack(setup, backup, file, packed)
        if size == 0:
            raise NotDone(f"{backup.command[0]} wrote nothing")
        if _epoch(run) != owned:
            raise NotDone("another node may have had the data meanwhile")
        return size
    except (OSError, DockerError, NotDone) as error:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file)
        raise NotDone(str(error)) from error


def _pack(setup: Setup, backup: Backup, file: str, packed: "object") -> int:
    size = looked = 0
    _check_room(file)
    with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=packed, mtime=0) as zipped:  # type: ignore[call-overload]

        def write(part: bytes) -> None:
            nonlocal size, looked
            zipped.write(part)
            size += len(part)
            if size - looked > _PIECE:
                looked = size
                _check_room(file)

        _execution(setup, backup.command).run(write)
    return size


def load(setup: Setup, run: str, file: str) -> None:
    """Has the command read what `dump` has packed. Raises NotDone: what became of the data then, the command knows."""
    backup = _backup(setup)
    if not backup.restore:
        raise NotDone("no command is set that takes it in (`container.backup.restore`)")
    _epoch(run)
    try:
        with gzip.open(file, "rb") as source:
            _execution(setup, backup.restore).run(lambda _: None, source)  # type: ignore[arg-type]
    except (OSError, DockerError) as error:
        raise NotDone(str(error)) from error


def _backup(setup: Setup) -> Backup:
    if setup.backup is None:
        raise NotDone("no command is set that makes one (`container.backup`)")
    return setup.backup


def _execution(setup: Setup, command: "tuple[str, ...]") -> Execution:
    assert setup.backup
    return Execution(setup.paths.docker, container_of(setup.core.container, setup.backup.of), command, setup.core.work_limit / 1000)


def container_of(main: str, name: str) -> str:
    """`web-db-1a2b3c4d` of `web-1a2b3c4d` and `db`: all containers of one release end alike (components/pod.ts)."""
    base, _, release = main.rpartition("-")
    return f"{base}-{name}-{release}" if name else main


def _epoch(run: str) -> int:
    """Of the tenure in which the service runs here. Raises NotDone if it does not."""
    try:
        return serving_epoch(RunFiles(run).control, _SOON)
    except NoAgent as gone:
        raise NotDone(str(gone)) from gone


def _check_room(file: str) -> None:
    found = os.statvfs(os.path.dirname(file) or ".")
    if found.f_bavail * found.f_frsize < SPARE:
        raise NotDone(f"{os.path.dirname(file)} has less than {SPARE >> 20} MiB left")
