"""`agent take-back CONTAINER`: puts the datastore back as it was before another container first ran on it, from the copy that
was made then, while nobody runs the service. Run while this node's agent is stopped, and all others are kept out.

The lease is taken, and the data mounted and unmounted, by an agent with a lease process of its own, in a folder of its own in
/run: it believes that it has the VIP, does this one piece of work, and ends before it would start anything.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import IO, Any

from .configuration import check, load
from .control import NoAgent, ask_agent
from .core.observation import TAKE_BACK
from .files import read_some, write_whole
from .itself import own_command
from .mounts import mount_at
from .run_files import RunFiles
from .setup import Setup
from .shared_data import Failed
from .taking_back import TOLD
from .work import ask_work

#: Bytes of what it tells.
_LONGEST = 4096
#: Seconds in which the agent of this must answer.
_BEGIN = 60.0
_PR_SET_PDEATHSIG = 1


def take_back(run: str, configuration: str, version: str, former: str, discarded: str) -> "dict[str, Any]":
    """The command: `answered`, and `words`, as TakingBack has them. Raises Refused, Failed, OSError."""
    with _alone(run) as lock:
        folder = os.path.join(run, "take-back")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder, 0o700)
        files = RunFiles(folder)
        own = files.path("agent.json")
        told = _told(load(configuration), folder, former)
        setup = check(told, version, own)
        write_whole(own, json.dumps(told).encode())
        with open(files.path("log"), "wb") as log:
            lease = _child(log, lock, signal.SIGKILL, "lease", "--run", folder)
            try:
                words = _by_agent(
                    setup,
                    files,
                    _child(log, lock, signal.SIGTERM, "agent", "--run", folder, "--configuration", own),
                    former,
                    discarded,
                )
            finally:
                lease.kill()
                lease.wait()
        if mount_at(setup.data.directory, setup.paths.mounts):
            raise Failed(f"{setup.data.directory} cannot be unmounted, and the lease is not released: {_last_words(files)}")
        if words:
            raise Failed(words)
        done = read_some(files.path(TOLD), _LONGEST)
        shutil.rmtree(folder, ignore_errors=True)
        if not done:
            raise Failed("it is not known what became of it: try again")
        result: dict[str, Any] = json.loads(done)
        return result


@contextlib.contextmanager
def _alone(run: str) -> "Iterator[int]":
    """No agent runs here, and no other one of these, nor one that it has left behind."""
    try:
        ask_agent(RunFiles(run).control, {"do": "status"}, 3.0)
    except NoAgent:
        pass
    else:
        raise Failed("the agent of this node runs: it must be stopped for this")
    os.makedirs(run, mode=0o755, exist_ok=True)
    lock = os.open(os.path.join(run, "take-back.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        until = time.monotonic() + _BEGIN
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Failed("another one of these runs on this node, and does not come to its end") from None
                time.sleep(0.2)
        yield lock
    finally:
        os.close(lock)


def _told(told: "dict[str, Any]", folder: str, former: str) -> "dict[str, Any]":
    """The node's configuration, but for the VIP, which this agent is to have, and what the node's own agent keeps."""
    service, paths = told.get("service"), told.get("paths")
    return {
        **told,
        "vip": "127.0.0.1",
        "watchdog": "off",
        "service": {**(service if isinstance(service, dict) else {}), "container": former},
        "paths": {**(paths if isinstance(paths, dict) else {}), "run": folder, "state": os.path.join(folder, "state")},
    }


def _child(log: IO[bytes], lock: int, last: int, *words: str) -> "subprocess.Popen[bytes]":
    """`last`: the signal that it gets when this process is gone."""
    libc = ctypes.CDLL(None)
    return subprocess.Popen(
        own_command(*words),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(lock,),
        preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, last, 0, 0, 0),  # noqa: PLW1509  there are no threads
    )


def _by_agent(setup: Setup, files: RunFiles, agent: "subprocess.Popen[bytes]", former: str, discarded: str) -> str:
    """Why it was not done; empty if it was. The agent has ended then."""
    core = setup.core
    try:
        until = time.monotonic() + _BEGIN
        while not os.path.exists(files.control):
            if agent.poll() is not None or time.monotonic() > until:
                return f"the agent for it does not start: {_last_words(files)}"
            time.sleep(0.1)
        # Whoever was cut off may have the lock for as long as the server waits for it, and must be silent after that.
        limit = 60 + (4 * core.lease_time + core.watchdog + core.start_limit) / 1000
        return ask_work(files.control, TAKE_BACK, f"{former} {discarded}".strip(), os.urandom(16).hex(), limit)
    finally:
        agent.terminate()
        try:
            agent.wait((core.stop_grace + 2 * core.start_limit) / 1000)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()


def _last_words(files: RunFiles) -> str:
    lines = (read_some(files.path("log"), 64 << 10) or b"").decode("utf-8", "replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
