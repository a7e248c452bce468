"""Takes values out of JSON that was told, and notes all that is wrong with it."""

import json
import re
from typing import Any

ABSOLUTE = r"/[^\x00-\x1f]*[^/\x00-\x1f]"


class Reader:
    """Of one JSON object. `where`: its path, for messages, which go to `found`."""

    def __init__(self, told: Any, where: str, found: "list[str]") -> None:
        self.where = where
        self.found = found
        if not isinstance(told, dict):
            found.append(f"{where or 'the configuration'} must be a JSON object")
            told = {}
        self.rest: dict[str, Any] = dict(told)

    def wrong(self, name: str, rule: str) -> None:
        self.found.append(f"`{self.where}{name}` {rule}")

    def text(self, name: str, pattern: str, default: "str | None" = None) -> str:
        value = self.rest.pop(name, default)
        if value is None:
            self.wrong(name, "is missing")
        elif not isinstance(value, str) or not re.fullmatch(pattern, value):
            self.wrong(name, f"is {json.dumps(value)[:100]}, which does not match {pattern}")
        else:
            return value
        return ""

    def whole(self, name: str, least: int, most: int, default: int) -> int:
        value = self.rest.pop(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(name, f"is {json.dumps(value)[:100]}, and must be a whole number from {least} to {most}")
            return default
        return value

    def texts(self, name: str, pattern: str) -> "tuple[str, ...]":
        value = self.rest.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) and re.fullmatch(pattern, one) for one in value):
            self.wrong(name, f"must be a list of texts that match {pattern}")
            return ()
        return tuple(value)

    def truth(self, name: str, default: bool) -> bool:
        value = self.rest.pop(name, default)
        if not isinstance(value, bool):
            self.wrong(name, "must be true or false")
            return default
        return value

    def statuses(self, name: str) -> "tuple[int, ...]":
        """Of HTTP; none if nothing is said."""
        value = self.rest.pop(name, [])
        if not isinstance(value, list) or not all(type(one) is int and 100 <= one <= 599 for one in value):
            self.wrong(name, "must be a list of HTTP statuses, 100 to 599")
            return ()
        return tuple(value)

    def part(self, name: str) -> "Reader":
        return Reader(self.rest.pop(name, {}), f"{self.where}{name}.", self.found)

    def end(self) -> None:
        for name in self.rest:
            self.wrong(name, "is no setting")


def camel(name: str) -> str:
    """`give_up` -> `giveUp`"""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
