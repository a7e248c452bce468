"""Takes values out of a JSON object, and notes what is wrong with them."""

import json
import re
from typing import Any


class Reader:
    """`where`: what the names are told with; `found`: where the mistakes go."""

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

    def part(self, name: str) -> "Reader":
        return Reader(self.rest.pop(name, {}), f"{self.where}{name}.", self.found)

    def end(self) -> None:
        for name in self.rest:
            self.wrong(name, "is no setting")
