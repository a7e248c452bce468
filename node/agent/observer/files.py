"""Where the observer keeps what, and the metrics that it writes for others to read."""

import os
from collections.abc import Sequence

from ..files import write_whole
from .exposition import Family, exposition


class Places:
    """`run`: the agent's folder in /run. `state`: the folder that lasts."""

    def __init__(self, run: str, state: str) -> None:
        self.metrics = os.path.join(run, "metrics")
        self.events = os.path.join(state, "events.jsonl")
        self.memory = os.path.join(state, "observer.json")
        self.told = os.path.join(state, "told.json")
        self._peers = os.path.join(state, "peers")

    def keep_peer(self, node: str, events: str) -> None:
        """What another node has put beside the lease, for when it is gone. Raises OSError."""
        os.makedirs(self._peers, mode=0o755, exist_ok=True)
        write_whole(os.path.join(self._peers, f"{node}.jsonl"), events.encode())


def write_metrics(places: Places, textfile: str, families: "Sequence[Family]") -> str:
    """OpenMetrics in /run, and the text format where node_exporter looks, if it is there. Both whole or not at all, and for all
    to read. Why not, in words."""
    words = _write(places.metrics, exposition(families, openmetrics=True))
    if os.path.isdir(os.path.dirname(textfile)):
        words = words or _write(textfile, exposition(families, openmetrics=False))
    return words


def _write(path: str, text: str) -> str:
    """Others may not read what `write_whole` writes, and node_exporter is no root."""
    temporary = f"{path}.whole"
    try:
        write_whole(temporary, text.encode())
        os.chmod(temporary, 0o644, follow_symlinks=True)
        os.rename(temporary, path)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""
