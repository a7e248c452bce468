"""Which units of this node do not run, and why, for `status`: asked only where something is wrong."""

from .asked import Question, said

#: Seconds that systemd has.
_LIMIT = 5
_PROPERTIES = "LoadState,ActiveState,UnitFileState"


def units_view(systemctl: str, lease_mount: str = "") -> "dict[str, str]":
    """By short name: why it does not run. Those that run, or of which nothing is known, are not in it. `lease_mount`: empty
    where there is no lease.

    `missing`: there is no such unit; `masked`; `failed`; `stopped`; `stopped, disabled`: it would not start at a boot either.
    """
    of_lease = {"lease": "ha-rancher-lease.service"} if lease_mount else {}
    of_service = {"docker": "docker.service", "mount": lease_mount} if lease_mount else {}
    units = {"agent": "ha-rancher-agent.service", **of_lease, "keepalived": "keepalived.service", **of_service}
    (answer,) = said(_LIMIT, Question((systemctl, "show", f"--property={_PROPERTIES}", *units.values())))
    if answer is None:
        return {}
    # A block for each, in the order in which they were asked about.
    blocks = answer.split("\n\n")
    if len(blocks) != len(units):
        return {}
    words = {name: _word(dict(line.partition("=")[::2] for line in block.split("\n"))) for name, block in zip(units, blocks)}
    return {name: word for name, word in words.items() if word}


def _word(properties: "dict[str, str]") -> str:
    load, active, start = (properties.get(name, "") for name in _PROPERTIES.split(","))
    if load in ("not-found", "masked"):
        return "missing" if load == "not-found" else load
    if active == "failed":
        return active
    if active == "inactive":
        return "stopped, disabled" if start == "disabled" else "stopped"
    return ""
