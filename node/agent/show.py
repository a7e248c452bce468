"""`agent show NAME...` and `agent status NAME...`: values for scripts, a line each."""

from typing import Any

from .configuration import read_json


def show(path: str, names: "list[str]") -> "list[str]":
    """What the configuration says, such as `lease.identity` or `service.container`; empty for what it does not say. Not checked:
    a node needs some of it before all is there. Raises Refused."""
    told = read_json(path)
    of_service = any(name.startswith("service.") for name in names)
    if of_service and isinstance(told, dict) and isinstance(told.get("service"), str):
        told["service"] = read_json(told["service"])
    return values(told, names)


def values(told: Any, names: "list[str]") -> "list[str]":
    """By their paths. Empty for null, and for what is not there; a line break becomes a blank, a list its number of entries."""
    return [_value(told, name.split(".")) for name in names]


def _value(told: Any, path: "list[str]") -> str:
    for name in path:
        told = told.get(name) if isinstance(told, dict) else None
    if isinstance(told, bool):
        return str(told).lower()
    if isinstance(told, list):
        return str(len(told))
    return "" if told is None or isinstance(told, dict) else " ".join(str(told).splitlines())
