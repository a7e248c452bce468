"""What Docker's engine gives as the log of a container, and the time that it is asked with."""

import re

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z")


def seconds_of(told: str) -> str:
    """`1700000000.25` of `2023-11-14T22:13:20.25Z`, as the engine takes it; empty if it is no such time."""
    found = _TIME.fullmatch(told)
    if not found:
        return ""
    # Only where a log is looked at: they take longer to load than the rest of this.
    import calendar  # noqa: PLC0415
    import time  # noqa: PLC0415

    try:
        whole = calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return ""
    return f"{whole}{found[2] or ''}"


def text_of(content: bytes) -> bytes:
    """Without the head of each frame: stream, three zeros, length. A container with a terminal has none."""
    parts = []
    at = 0
    while at + 8 <= len(content):
        head = content[at : at + 8]
        if head[0] > 2 or head[1:4] != b"\0\0\0":
            return content
        length = int.from_bytes(head[4:], "big")
        parts.append(content[at + 8 : at + 8 + length])
        at += 8 + length
    return b"".join(parts)
