"""Reads configurations as an agent does. Prints a JSON line for each file: what it says, or its mistakes.

Usage: read-agent-configuration.py NODE_FOLDER [FILE...]; without a file the defaults of the settings
"""

import enum
import json
import sys
from typing import Any

sys.path.insert(0, sys.argv[1])
from agent.configuration import Refused, check, load  # noqa: E402
from agent.core.settings import Configuration  # noqa: E402


def plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if hasattr(value, "_asdict"):
        return {name: plain(one) for name, one in value._asdict().items()}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


if not sys.argv[2:]:
    print(json.dumps(plain(Configuration(node="a", version="v", boot="b", container="c"))))
for path in sys.argv[2:]:
    try:
        print(json.dumps({"setup": plain(check(load(path), "v", path))}))
    except Refused as refused:
        print(json.dumps({"mistakes": refused.mistakes}))
