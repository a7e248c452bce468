"""What a job's process does, with the configuration that the agent runs with.

Its last line of output is for the agent: why it failed, or what it did.
"""

import os
import subprocess
from typing import Callable

from . import fencing
from .clock import boot_ms
from .copies import Copies, Locked
from .copying import Pace
from .core.lease import LEASE
from .core.observation import TAKE_BACK, JobKind
from .core.record import FORMER_BYTES, RECORD_BYTES, decode, decode_epoch
from .files import Unusable, read_small, read_some
from .lease.wire import record_words
from .mounts import cut_off, mount_at
from .restore import Restore
from .run_files import RunFiles
from .setup import Setup
from .shared_data import Failed, mount_data, unmount_data
from .snapshots import Snapshots
from .taking_back import do_take_back

#: Milliseconds without a confirmed heartbeat, in heartbeats, from which on a copy waits.
_LATE = 2


def run_job(setup: Setup, files: RunFiles, kind: str, arguments: "list[str]") -> int:
    """The exit code."""
    try:
        print(_JOBS[JobKind(kind)](setup, files, arguments))
    except (Failed, OSError, subprocess.SubprocessError) as error:
        print(error if isinstance(error, Failed) else _words(error) if isinstance(error, Unusable) else f"{kind}: {error}")
        return 1
    return 0


def _words(error: OSError) -> object:
    """Without the number where the words are ours."""
    return error.strerror if isinstance(error, Unusable) else error


def still_owner(setup: Setup, epoch: int) -> Callable[[], None]:
    """By what the server says: a machine that was paused goes on where it was, until its agent finds out."""

    def check_epoch() -> None:
        path = os.path.join(setup.lease.directory, "epoch")
        found = decode_epoch(read_small(path, RECORD_BYTES))
        if found != epoch:
            raise Failed(f"the epoch on the server is {found}, not {epoch}: another node has the lease")

    return check_epoch


def _still_last(setup: Setup, words: str) -> Callable[[], None]:
    """By what the server says right now: a machine that stood still would else turn off whoever serves by now."""

    def check_record() -> None:
        found = decode(read_some(os.path.join(setup.lease.directory, LEASE), FORMER_BYTES + 1) or b"")
        if record_words(found) != words:
            raise Failed(f"the lease has another record by now ({record_words(found)}): nobody is turned off")

    return check_record


def _late_heartbeat(setup: Setup, files: RunFiles) -> Callable[[], bool]:
    return lambda: boot_ms() - files.beaten().sent > _LATE * setup.core.heartbeat


def _start_unit(setup: Setup) -> Callable[[str], None]:
    def start(unit: str) -> None:
        done = subprocess.run([setup.paths.systemctl, "start", unit], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            words = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise Failed(f"{unit} cannot be started: {words[-1] if words else f'exit code {done.returncode}'}")

    return start


def _mount_lease(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    del files
    if arguments[0] == "again":
        cut_off(setup.lease.directory, setup.paths.mounts)
    _start_unit(setup)(setup.lease.unit)
    if mount_at(setup.lease.directory, setup.paths.mounts) is None:
        raise Failed(f"{setup.lease.directory} is not mounted")
    return ""


def _mount_data(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    """`EPOCH watched|unwatched`"""
    del files
    epoch = int(arguments[0])
    owner = still_owner(setup, epoch)
    words = mount_data(setup, _start_unit(setup), owner)
    if arguments[1] == "unwatched":
        # Nobody can know that the last container has not answered.
        owner()
        _copies(setup).last_served(epoch)
    return words


def _copies(setup: Setup) -> Copies:
    return Copies(setup.data.directory, setup.data.datastore, setup.data.copies)


def _clone(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    try:
        return _copies(setup).clone(int(arguments[0]), Pace(_late_heartbeat(setup, files)))
    except Locked as locked:
        raise Failed(f"must: {locked.strerror}") from locked


def _copy(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    """`EPOCH MILLISECONDS`: one that nothing depends on may take so long."""
    copies = _copies(setup)
    must = copies.must(setup.core.container)
    if must:
        # Said first, in case that this is killed.
        print("must: it took too long", flush=True)
    pace = Pace(_late_heartbeat(setup, files), None if must else int(arguments[1]) / 1000)
    try:
        return copies.make(int(arguments[0]), setup.core.container, pace)
    except OSError as error:
        raise Failed(f"{'must: ' if copies.must(setup.core.container) else ''}{_words(error)}") from error


def _work(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    """`EPOCH NUMBER VERB [FILE]`; the file of take-back and roll-back is their order."""
    owner = still_owner(setup, int(arguments[0]))
    restore = Restore(setup.data.directory, owner)
    number, verb = arguments[1], arguments[2]
    if verb == "pack":
        restore.pack(arguments[3])
    elif verb == "unpack":
        restore.unpack(arguments[3], number, setup.data.datastore)
    elif verb == "put-back":
        restore.put_back(number)
    elif verb == "roll-back":
        snapshots = Snapshots(setup.data.directory, setup.data.datastore, setup.data.copies)
        snapshots.roll_back(arguments[3], number, Pace(_late_heartbeat(setup, files)), owner)
    elif verb == TAKE_BACK:
        return do_take_back(setup, files, int(arguments[0]), arguments[3], Pace(_late_heartbeat(setup, files)), owner)
    else:
        raise Failed(f"{verb} is no work")
    return ""


def _unmount(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    del files
    return unmount_data(setup, arguments[0] == "force")


def _note_served(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    """`EPOCH CONTAINER`"""
    del files
    still_owner(setup, int(arguments[0]))()
    _copies(setup).served(arguments[1], int(arguments[0]))
    return ""


def _settle(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    del files
    _copies(setup).well(int(arguments[0]))
    Restore(setup.data.directory, still_owner(setup, int(arguments[0]))).settle()
    return ""


def _run_fence(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    del files
    if setup.fence is None:
        raise Failed("there is no fence agent")
    nodes = (arguments[0],) if arguments[0] else setup.core.peers
    return fencing.power_off(setup.fence, setup.core.node, nodes, _still_last(setup, arguments[1]))


def _check_fence(setup: Setup, files: RunFiles, arguments: "list[str]") -> str:
    del files, arguments
    if setup.fence is None:
        raise Failed("there is no fence agent")
    return fencing.check(setup.fence, setup.core.peers)


_JOBS: "dict[JobKind, Callable[[Setup, RunFiles, list[str]], str]]" = {
    JobKind.MOUNT_LEASE: _mount_lease,
    JobKind.MOUNT_DATA: _mount_data,
    JobKind.CLONE_DATA: _clone,
    JobKind.COPY_DATASTORE: _copy,
    JobKind.WORK: _work,
    JobKind.UNMOUNT_DATA: _unmount,
    JobKind.NOTE_SERVED: _note_served,
    JobKind.SETTLE: _settle,
    JobKind.FENCE: _run_fence,
    JobKind.CHECK_FENCE: _check_fence,
}
