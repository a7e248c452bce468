"""What the observer is told: observer.json, which `npm run up` writes.

    {"stack": "ha-rancher-dev",                  which stack this is, for metrics and notifications
     "textfile": "/var/lib/prometheus/node-exporter/ha-rancher.prom",   where node_exporter looks, if there is such a folder
     "backup": {"directory": "/var/backups/ha-rancher", "limit": 172800},   seconds after which one is old; none: no schedule
     "certificate": "192.168.56.10:443"}         whose certificate is looked at by the owner; none: nobody's

A missing file says nothing of it.
"""

from typing import Any, NamedTuple

from ..configuration import Refused, read_json
from ..reader import ABSOLUTE, Reader

SETTINGS = "/etc/ha-rancher/observer.json"
#: Where Debian's node_exporter looks.
TEXTFILE = "/var/lib/prometheus/node-exporter/ha-rancher.prom"


class Settings(NamedTuple):
    stack: str = "ha-rancher"
    textfile: str = TEXTFILE
    backup_directory: str = ""
    backup_limit: int = 0
    """Seconds."""
    certificate: str = ""
    """HOST:PORT."""


def settings(path: str) -> Settings:
    """Raises Refused."""
    try:
        told: Any = read_json(path)
    except Refused as refused:
        if isinstance(refused.__cause__, FileNotFoundError):
            return Settings()
        raise
    found: list[str] = []
    top = Reader(told, "", found)
    backup = top.part("backup")
    made = Settings(
        top.text("stack", r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", "ha-rancher"),
        top.text("textfile", ABSOLUTE, TEXTFILE),
        backup.text("directory", ABSOLUTE + "|", ""),
        backup.whole("limit", 0, 366 * 86_400, 0),
        top.text("certificate", r"[0-9A-Za-z.:\[\]-]+:[0-9]{1,5}|", ""),
    )
    backup.end()
    top.end()
    if found:
        raise Refused(found, path)
    return made
