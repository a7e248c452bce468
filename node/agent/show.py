"""`agent show NAME...`: what the configuration says, for scripts. Not checked: a node needs some of it before all is there."""

from typing import Any

from .configuration import Refused, read_json


def show(path: str, names: "list[str]") -> "list[str]":
    """A value for each name, such as `lease.identity` or `service.container`; empty for what is not said. Raises Refused."""
    told = read_json(path)
    return [_value(told, name.split(".")) for name in names]


def _value(told: Any, names: "list[str]") -> str:
    for name in names:
        if isinstance(told, str):
            told = read_json(told)
        told = told.get(name) if isinstance(told, dict) else None
    text = "" if told is None or isinstance(told, (dict, list)) else str(told)
    if "\n" in text:
        raise Refused([f"`{'.'.join(names)}` must be a single line"], "the configuration")
    return text
