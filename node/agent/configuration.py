"""Reads an agent's configuration (JSON), checks it, and says all mistakes at once.

    {"node": "rancher-1", "peers": ["rancher-2"], "vip": "192.168.56.10",
     "address": "192.168.56.11",                  where questions to 127.0.0.1 are asked (health.py says why); none: there
     "data": {"directory": "/rancher_data", "unit": "rancher_data.mount", "sentinel": "...", "datastore": "k3s/server/db"},
     "lease": {"directory": "/rancher_lease", "unit": "rancher_lease.mount", "nfsVersion": "4.2", "identity": "..."},
     "timers": {"giveUp": 6000},                  any number of `core.settings.Configuration`, milliseconds
     "health": {"every": 1000},                   how questions are asked that do not say it; deepEvery, deepTimeout: deep ones
     "watchdog": "required",                      or automatic (default), off
     "fence": {"agent": "fence_virsh"},           none without
     "storageFence": true,                        a helper on the NFS server can cut nodes off; default false
     "backup": {"command": ["pg_dumpall"], "restore": ["psql"]},   in the container (dump.py); none: backups stop the service
     "service": "/etc/ha-rancher/service.json"}   what this node runs: {"container": "...", "health": [{"url": "..."}]};
                                                  also {"tcp": "127.0.0.1:5432"}, {"command": ["pg_isready"]},
                                                  {"log": "ready to accept"}; with a url {"status": [200, 401]};
                                                  "deep": true for a question that the datastore answers, too;
                                                  "container": whose command or log. With further containers (together.py)
                                                  {"companions": ["..."], "before": [{"container": "...", "timeout": 30000}],
                                                  "after": [...]}

The service is in a file of its own so that an upgrade can change one node after the other.
"""

import ipaddress
import json
from typing import Any

from .core.settings import Configuration, WatchdogMode, mistakes
from .files import read_small, read_some, write_whole
from .reader import ABSOLUTE, Reader, camel
from .setup import Backup, Data, Fence, Hook, LeasePlace, Pod, Question, Setup, paths_in

#: EX_CONFIG of sysexits.h.
CONFIGURATION_ERROR = 78
#: Bytes of a configuration.
LONGEST = 256 << 10
#: Of a service: all its containers but the main one, and all questions.
MOST_CONTAINERS, MOST_QUESTIONS = 24, 32
#: The file in the shared data whose first line tells this stack's data from any other.
SENTINEL_NAME = ".ha-rancher-sentinel"

_ADDRESS = r"[0-9a-fA-F:.]+"
_TEXT = r"[^\x00-\x1f]+"
_UNIT = r"[^\s/]+\.mount"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Refused(Exception):
    """`mistakes`: all of them, each with its setting in backticks."""

    def __init__(self, found: "list[str]", source: str) -> None:
        super().__init__("; ".join(found) + f" (in {source})")
        self.mistakes = found


def load(path: str) -> Any:
    """The configuration with its service in it, not checked yet. Raises Refused."""
    told = read_json(path)
    if isinstance(told, dict) and isinstance(told.get("service"), str):
        told["service"] = read_json(told["service"])
    return told


def read_json(path: str) -> Any:
    """Raises Refused."""
    try:
        return json.loads(read_small(path, LONGEST))
    except (OSError, ValueError, RecursionError) as error:
        raise Refused([f"{path} cannot be read as JSON: {error}; `npm run up` writes it"], path) from error


def check(told: Any, version: str, source: str) -> Setup:
    """`told`: the configuration with its service. `source`: for messages. Raises Refused."""
    found: list[str] = []
    top = Reader(told, "", found)
    node = top.text("node", _NAME)
    peers = top.texts("peers", _NAME)
    vip, address = top.text("vip", _ADDRESS), top.text("address", _ADDRESS, "127.0.0.1")
    data, lease, claims = _data(top.part("data")), *_lease(top.part("lease"))
    fence = _fence(top.part("fence")) if "fence" in top.rest else None
    backup = _backup(top.part("backup")) if "backup" in top.rest else None
    service = top.part("service")
    container = service.text("container", _NAME)
    questions = _questions(service, _asked(top.part("health")))
    pod = _pod(service)
    if any(question.container not in ("", container, *pod.companions) for question in questions):
        service.wrong("health", "asks a container that is none of the service's")
    service.end()
    mode = top.text("watchdog", "required|automatic|off", WatchdogMode.AUTOMATIC.value)
    by_storage = top.truth("storageFence", False)
    if by_storage and (claims or fence):
        top.wrong("storageFence", "cannot be true with NFS 3, nor with a fence agent")
    core = Configuration(
        node=node, version=version, boot=_boot(), container=container, peers=peers, fence=fence is not None
    )._replace(watchdog_mode=WatchdogMode(mode or "automatic"), storage_fence=by_storage)
    core = _timers(top.part("timers"), core, claims)
    paths = paths_in(top.part("paths"))
    top.end()
    for name, value in (("vip", vip), ("address", address)):
        try:
            ipaddress.ip_address(value)
        except ValueError:
            found.append(f"`{name}` is '{value}', and must be an address without a prefix")
    if not found:
        found.extend(mistakes(core))
    if found:
        raise Refused(found, source)
    return Setup(core, vip, address, data, lease, questions, fence, paths, pod, backup)


def _data(part: Reader) -> Data:
    data = Data(
        directory=part.text("directory", ABSOLUTE),
        unit=part.text("unit", _UNIT),
        sentinel=part.text("sentinel", _TEXT),
        datastore=part.text("datastore", r"(?!.*(^|/)\.\.?(/|$))[^/\x00-\x1f][^\x00-\x1f]*", "k3s/server/db"),
        copies=part.whole("copies", 1, 100, 3),
    )
    part.end()
    return data


def _lease(part: Reader) -> "tuple[LeasePlace, bool]":
    """The place, and whether claims take the place of locks."""
    version = part.text("nfsVersion", r"4\.2|3", "4.2")
    place = LeasePlace(
        directory=part.text("directory", ABSOLUTE),
        unit=part.text("unit", _UNIT),
        filesystem="nfs" if version == "3" else "nfs4",
        identity=part.text("identity", r"[!-~]+"),
    )
    part.end()
    return place, version == "3"


def _fence(part: Reader) -> Fence:
    fence = Fence(part.text("agent", r"fence_[a-z0-9_]+|/\S+"), part.text("directory", ABSOLUTE, "/etc/ha-rancher/fence"))
    part.end()
    return fence


def _backup(part: Reader) -> Backup:
    backup = Backup(part.texts("command", r"[^\x00]*"), part.texts("restore", r"[^\x00]*"), part.text("of", _NAME + "|", ""))
    if not backup.command or not backup.command[0]:
        part.wrong("command", "must name a program")
    part.end()
    return backup


def _asked(part: Reader) -> "dict[bool, tuple[int, int]]":
    """`every` and `timeout` of questions that do not say it, by whether they are deep."""
    light, deep = Question(), Question(every=15_000)
    asked = {
        False: (_every(part, "every", light.every), _timeout(part, "timeout", light.timeout)),
        True: (_every(part, "deepEvery", deep.every), _timeout(part, "deepTimeout", deep.timeout)),
    }
    part.end()
    return asked


def _every(part: Reader, name: str, default: int) -> int:
    return part.whole(name, 200, 3_600_000, default)


def _timeout(part: Reader, name: str, default: int) -> int:
    return part.whole(name, 200, 60_000, default)


def _pod(service: Reader) -> Pod:
    pod = Pod(service.texts("companions", _NAME), _hooks(service, "before"), _hooks(service, "after"))
    names = [*pod.companions, *(hook.container for hook in (*pod.before, *pod.after))]
    if len(set(names)) != len(names) or len(names) > MOST_CONTAINERS:
        service.wrong("companions", f"and hooks must be {MOST_CONTAINERS} at most, each with a name of its own")
    return pod


def _hooks(service: Reader, name: str) -> "tuple[Hook, ...]":
    told = service.rest.pop(name, [])
    if not isinstance(told, list):
        service.wrong(name, "must be a list of hooks")
        return ()
    hooks = []
    for number, one in enumerate(told):
        part = Reader(one, f"service.{name}[{number}].", service.found)
        hooks.append(Hook(part.text("container", _NAME), part.whole("timeout", 1_000, 3_600_000, Hook("").timeout)))
        part.end()
    return tuple(hooks)


def _questions(service: Reader, asked: "dict[bool, tuple[int, int]]") -> "tuple[Question, ...]":
    told = service.rest.pop("health", None)
    if not isinstance(told, list) or not 1 <= len(told) <= MOST_QUESTIONS:
        service.wrong("health", f"must be a list of one to {MOST_QUESTIONS} questions")
        return ()
    questions = []
    for number, one in enumerate(told):
        part = Reader(one, f"service.health[{number}].", service.found)
        every, timeout = asked[part.rest.pop("deep", False) is True]
        is_page = "url" in part.rest
        question = Question(
            url=part.text("url", r"https?://[!-~]+") if "url" in part.rest else "",
            tcp=part.text("tcp", r"[0-9A-Za-z.:\[\]-]+:[0-9]{1,5}") if "tcp" in part.rest else "",
            status=part.statuses("status") if is_page else (),
            command=part.texts("command", r"[^\x00]*"),
            log=part.text("log", r"[^\x00-\x1f]{1,4000}") if "log" in part.rest else "",
            container=part.text("container", _NAME + "|", ""),
            every=_every(part, "every", every),
            timeout=_timeout(part, "timeout", timeout),
        )
        if sum(map(bool, (question.url, question.tcp, question.command, question.log))) != 1:
            part.wrong("url", "or `tcp`, `command` or `log` must be given, and only one of them")
        part.end()
        questions.append(question)
    return tuple(questions)


def _timers(part: Reader, core: Configuration, claims: bool) -> Configuration:
    """Every number of the core's settings, `giveUp` for `give_up`."""
    changed: dict[str, Any] = {}
    for name, default in core._asdict().items():
        if isinstance(default, int) and not isinstance(default, bool):
            changed[name] = part.whole(camel(name), 1, 86_400_000, default)
    clone = part.rest.pop("cloneAfterUncleanEnd", core.clone_after_unclean_end)
    if not isinstance(clone, bool):
        part.wrong("cloneAfterUncleanEnd", "must be true or false")
    part.end()
    core = core._replace(**changed)
    return core._replace(clone_after_unclean_end=clone) if isinstance(clone, bool) else core


def _boot() -> str:
    with open(_BOOT_ID, encoding="ascii") as file:
        return file.read().strip()


def claim_time(setup: Setup) -> int:
    """For how long a claim must stand where there are no locks; 0 with locks."""
    return setup.core.watchdog if setup.lease.filesystem == "nfs" else 0


def freeze(told: Any, path: str) -> None:
    """Keeps what an agent runs with in /run, for jobs and for `status`: what is on disk may change meanwhile. What is there
    already is not written again, since /run may be full."""
    content = json.dumps(told).encode()
    if read_some(path, LONGEST) != content:
        write_whole(path, content)
