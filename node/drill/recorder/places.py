"""Where things are on a node. Tests have them elsewhere."""

import os
from collections.abc import Mapping
from typing import NamedTuple


class Places(NamedTuple):
    run: str
    """Own files."""
    addresses: str
    """proc(5), of IPv4."""
    mounts: str
    """proc_pid_mountinfo(5)"""
    groups: str
    """cgroups(7), of version 2, or the folder of those of version 1."""
    processes: str
    agent: str
    """The agent's folder in /run."""


def places(environment: Mapping[str, str] = os.environ) -> Places:
    get = environment.get
    return Places(
        get("DRILL_RUN", "/run/ha-rancher-drill"),
        get("DRILL_ADDRESSES", "/proc/net/fib_trie"),
        get("DRILL_MOUNTS", "/proc/self/mountinfo"),
        get("DRILL_CGROUPS", "/sys/fs/cgroup"),
        get("DRILL_PROCESSES", "/proc"),
        get("DRILL_AGENT_RUN", "/run/ha-rancher"),
    )
