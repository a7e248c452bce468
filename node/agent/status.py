"""`agent status`: what this node is and does, as one JSON object. Never touches NFS; whatever may hang has a time limit."""

import ipaddress
import os
from typing import Any

from .address.setup import AddressSetup
from .address.status import measured as measured_without_lease
from .clock import boot_ms
from .configuration import Refused, load
from .control import NoAgent, ask_agent
from .core.settings import Configuration
from .docker import Docker, DockerError
from .image_view import image_view
from .keepalived_view import keepalived_view
from .lease.client import ask_status
from .mounts import read_table
from .netlink import Addresses
from .orders import read_lasting
from .run_files import RunFiles
from .setup import Setup
from .setups import setup_of
from .units_view import units_view

#: Seconds that each of those who are asked has.
_LIMIT = 3.0
MAINTENANCE = "/etc/ha-rancher/maintenance"
VIP_FACTS = "/etc/ha-rancher/vip.env"
#: While it is there the agent's unit does not start (node/release/halt).
KEPT_OUT = "/etc/ha-rancher/kept-out"
_KEPT_OUT_WORDS = "kept out of service by an upgrade that has not come to its end: `npm run up` ends it"


def status(run: str, configuration: str, version: str) -> "dict[str, Any]":
    """The agent's own report, if it answers, and beside it what is measured here."""
    files = RunFiles(run)
    told: dict[str, Any] = {}
    try:
        told = ask_agent(files.control, {"do": "status"}, _LIMIT)
        words = ""
    except NoAgent as error:
        words = _KEPT_OUT_WORDS if os.path.lexists(KEPT_OUT) else str(error)
    setup, refused = _setup(files, configuration, version)
    if setup is None:
        return {**told, "configuration": refused, "uptime": boot_ms() / 1000, **({} if told else _stopped(words))}
    if isinstance(setup, AddressSetup):
        told = told or {**_stopped(words), **measured_without_lease(setup, files)}
    elif not told:
        lease, of_lease = _lease_process(setup, files.lease)
        told = {**_stopped(words, of_lease), "lease": lease, **_measured(setup)}
    paths = setup.paths
    vrrp, keepalived = keepalived_view(run, paths.keepalived, VIP_FACTS, paths.systemctl, MAINTENANCE)
    is_well = not words and told.get("fit") is not False and vrrp in ("MASTER", "BACKUP")
    return {
        "node": setup.core.node if isinstance(setup, Setup) else setup.plan.node,
        **told,
        "vrrpState": vrrp,
        "keepalived": keepalived,
        **({"image": image_view(paths.docker, setup.core.container, _LIMIT)} if isinstance(setup, Setup) else {}),
        "units": {} if is_well else units_view(paths.systemctl, setup.lease.unit if isinstance(setup, Setup) else ""),
        "configuration": refused,
        "stale": bool(told.get("lease") or told.get("vips")) and not words and not _same(files.running, configuration),
        "uptime": boot_ms() / 1000,
    }


def _same(running: str, configuration: str) -> bool:
    """Whether the agent runs with what is on disk; what cannot be read is told elsewhere."""
    try:
        return bool(load(running) == load(configuration))
    except Refused:
        return False


def _setup(files: RunFiles, configuration: str, version: str) -> "tuple[Setup | AddressSetup | None, str | None]":
    """What an agent runs with, or would; and why it would not start with what is on disk."""
    refused = None
    setup: Setup | AddressSetup | None = None
    for path in (files.running, configuration):
        try:
            setup = setup or setup_of(load(path), version, path)
            if path == configuration:
                setup_of(load(path), version, path)
        except Refused as error:
            refused = str(error) if path == configuration else refused
    return setup, refused


def _stopped(words: str, lease_version: "str | None" = None) -> "dict[str, Any]":
    agent = {"state": "stopped", "since": None, "reason": words, "fault": words, "epoch": None, "version": None}
    return {"agent": {**agent, "leaseVersion": lease_version}}


def _measured(setup: Setup) -> "dict[str, Any]":
    """Without an agent."""
    points = {mount.point: mount for mount in read_table(setup.paths.mounts)}
    lease = points.get(setup.lease.directory)
    state, words = "unknown", None
    try:
        found = Docker(setup.paths.docker).inspect(setup.core.container, _LIMIT)
        state = "missing" if found is None else "running" if found.running else "exited"
    except DockerError as error:
        words = str(error)
    return {
        "container": {"name": setup.core.container, "state": state, "live": None, "startPending": False, "words": words},
        "mounts": {
            "lease": lease is not None and lease.type == setup.lease.filesystem,
            "data": setup.data.directory in points,
            "dataLingers": False,
        },
        "holdsVip": Addresses().has(ipaddress.ip_address(setup.vip)),
        "fit": False,
        "orders": {name: reason or None for name, reason in read_lasting(setup.paths.state).items()},
        "timers": _timers(setup.core),
    }


def _lease_process(setup: Setup, path: str) -> "tuple[dict[str, Any], str | None]":
    """And its version. It holds a lease also without an agent, and may hang in the server."""
    told: dict[str, Any] = {
        "owner": None,
        "epoch": None,
        "heldHere": False,
        "record": None,
        "error": None,
        "hangs": None,
        "peers": [],
    }
    try:
        view, version, busy = ask_status(path, _LIMIT)
    except (OSError, ValueError) as error:
        return {**told, "error": f"the lease process does not answer: {error}"}, None
    told.update(epoch=view.epoch or None, heldHere=view.locked, owner=setup.core.node if view.locked else None)
    told.update(error=view.error or None, hangs=busy if busy * 1000 > 2 * setup.core.heartbeat else None)
    return told, version


def _timers(core: Configuration) -> "dict[str, Any]":
    return {
        "heartbeat": core.heartbeat / 1000,
        "giveUp": core.give_up / 1000,
        "watchdog": core.watchdog / 1000,
        "lease": core.lease_time / 1000,
        "serverLease": None,
    }
