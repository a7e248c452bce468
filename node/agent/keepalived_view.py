"""How keepalived stands on this node, for `status`. Starts programs; nothing here is in the way of a decision."""

import hashlib
import os
import re
from typing import Any, Optional

from .asked import Question, said
from .clock import boot_ms
from .files import Unusable, read_small, write_whole

#: Seconds that a program may take.
_LIMIT = 5
_STATES = {"MASTER": "MASTER", "BACKUP": "BACKUP", "FAULT": "FAULT", "STOP": "STOPPED"}
_FIRST_LINE = re.compile(r"# ha-rancher ([0-9a-f]{16}) ([0-9a-f]{16})")
_VERSION = re.compile(r"Keepalived v([0-9.]+)")
_PEERS = re.compile(r"^PEERS='([^']*)'$", re.MULTILINE)


def keepalived_view(
    run: str, configuration: str, facts: str, systemctl: str, maintenance: str
) -> "tuple[Optional[str], dict[str, Any]]":
    """The VRRP state (null if it is not known), and the rest.

    `settings`: fingerprint of what all nodes share, null if the file was edited by hand. `heard`: peers whose adverts came
    lately, null if that is not known. `since`: seconds.
    """
    lists = [Question(("nft", "list", "set", "inet", "ha_rancher", name)) for name in ("heard4", "heard6")]
    state_of_unit = Question((systemctl, "is-active", "keepalived"))
    active, heard4, heard6, *version = said(_LIMIT, state_of_unit, *lists, *_version_question(run))
    state, since = _notified(os.path.join(run, "vrrp"))
    if active != "active":
        state = None if active is None else "STOPPED"
    settings, edited = _file(configuration)
    peers = _peers(facts)
    heard = _heard(peers, [heard4, heard6])
    return state, {
        "version": _version(run, *version),
        "settings": settings,
        "edited": edited,
        "since": since,
        "peers": peers,
        "heard": heard,
        "maintenance": _word(maintenance) == "1",
    }


def _kept_version(run: str) -> str:
    return os.path.join(run, "keepalived-version")


def _version_question(run: str) -> "list[Question]":
    """None if it is known: keepalived loads so many libraries that asking it takes longer than all else here."""
    known = _VERSION.search(_word(_kept_version(run)))
    return [] if known else [Question(("keepalived", "--version"), on_error=True)]


def _version(run: str, answer: Optional[str] = None) -> Optional[str]:
    """Kept until keepalived starts again, which removes it."""
    kept = _kept_version(run)
    match = _VERSION.search(_word(kept))
    if match is None:
        match = _VERSION.search(answer or "")
        if match:
            try:
                write_whole(kept, match[0].encode(), suffix=f".{os.getpid()}")
            except OSError:
                pass  # /run is full
    return match[1] if match else None


def _notified(path: str) -> "tuple[Optional[str], Optional[int]]":
    """`STATE SINCE PROCESS`, as vrrp-notify writes it; SINCE in seconds since boot."""
    words = _word(path).split(" ")
    state = _STATES.get(words[0], "INIT")
    if len(words) < 2 or not re.fullmatch(r"[0-9]{1,10}(\.[0-9]+)?", words[1]):
        return state, None
    return state, boot_ms() // 1000 - int(float(words[1]))


def _file(path: str) -> "tuple[Optional[str], bool]":
    """The fingerprint, and whether it was edited by hand."""
    try:
        first, _, rest = read_small(path, 1 << 20).decode("utf-8", "replace").partition("\n")
    except OSError:
        return None, True
    match = _FIRST_LINE.fullmatch(first)
    edited = match is None or hashlib.sha256(rest.encode()).hexdigest()[:16] != match[2]
    return (None if edited or match is None else match[1]), edited


def _peers(path: str) -> "list[str]":
    """The peers' addresses, as vip.env has them (domain/vip-facts.ts)."""
    try:
        match = _PEERS.search(read_small(path, 1 << 16).decode("utf-8", "replace"))
    except (OSError, Unusable):
        return []
    return match[1].split() if match else []


def _heard(peers: "list[str]", answers: "list[Optional[str]]") -> "Optional[list[str]]":
    lists = [text for text in answers if text and "set heard" in text]
    if not lists:
        return None
    addresses = set(re.findall(r"[0-9a-fA-F.:]+", " ".join(lists)))
    return [peer for peer in peers if peer in addresses]


def _word(path: str) -> str:
    try:
        return read_small(path, 256).decode("utf-8", "replace").strip()
    except (OSError, Unusable):
        return ""
