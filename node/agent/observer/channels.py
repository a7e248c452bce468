"""Whom notices are told: notify.json, which root alone reads, since addresses of webhooks and passwords are secrets.

{"channels": [{"kind": "webhook", "url": "https://...", "format": "slack"},          or json, alertmanager
              {"kind": "mail", "from": "...", "to": ["..."], "server": "...", "port": 587, "tls": "starttls",
               "user": "...", "password": "..."},                                    without server: the node's sendmail
              {"kind": "command", "command": ["/usr/local/bin/told"]}]}              the notice as JSON on its standard input
"""

import os
from typing import Any

from ..configuration import Refused, read_json
from ..reader import Reader

CHANNELS = "/etc/ha-rancher/notify.json"
_MOST = 10
_ADDRESS = r"[^\s<>,\"-][^\s<>,\"]{0,250}@[^\s<>,\"@]{1,250}"


def channels(path: str) -> "list[dict[str, Any]]":
    """None where there is no such file. Raises Refused, with nothing of the values in it."""
    if not os.path.lexists(path):
        return []
    told = read_json(path)
    found: list[str] = []
    listed = told.get("channels") if isinstance(told, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise Refused([f"`channels` must be a list of {_MOST} at most"], path)
    made = [_channel(Reader(one, f"channels[{number}].", found)) for number, one in enumerate(listed)]
    if found:
        # What is wrong is told by its name; the rest of the words has the value.
        raise Refused([f"{words.split(' ')[0]} is not as it must be" for words in found], path)
    return made


def _channel(part: Reader) -> "dict[str, Any]":
    kind = part.text("kind", "webhook|mail|command")
    made: dict[str, Any] = {"kind": kind}
    if kind == "webhook":
        made.update(url=part.text("url", r"https?://[!-~]{1,2000}"), format=part.text("format", "json|slack|alertmanager", "json"))
    elif kind == "mail":
        made.update({"from": part.text("from", _ADDRESS), "to": list(part.texts("to", _ADDRESS))})
        if "server" in part.rest:
            made.update(server=part.text("server", r"[0-9A-Za-z.:-]{1,255}"), port=part.whole("port", 1, 65_535, 587))
            made.update(tls=part.text("tls", "tls|starttls", "starttls"))
            made.update(user=part.text("user", r"[^\x00-\x1f]*", ""), password=part.text("password", r"[^\x00-\x1f]*", ""))
    else:
        made.update(command=list(part.texts("command", r"[^\x00]+")))
        if not made["command"] or not made["command"][0].startswith("/"):
            part.wrong("command", "must begin with a path")
    part.end()
    return made


def shown(channel: "dict[str, Any]") -> str:
    """Without secrets."""
    if channel["kind"] == "webhook":
        return f"webhook ({channel['format']})"
    if channel["kind"] == "mail":
        return f"mail by {channel.get('server', 'sendmail')} to {', '.join(channel['to'])}"
    return f"command {channel['command'][0]}"
