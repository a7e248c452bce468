"""`agent send-notice`: tells one notice to one channel, without root. Both come on standard input, since a channel has secrets
in it: nothing of them is in an argument, the environment or a file.
"""

import ctypes
import email.policy  # noqa: F401
import encodings.idna  # noqa: F401
import http.client
import json
import os
import pwd
import smtplib
import ssl
import subprocess
import sys
import time
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

_PR_SET_DUMPABLE = 4
#: Seconds for each connection.
_LIMIT = 15
#: Nobody's, whom every system has.
_USER = "nobody"
_SENDMAIL = "/usr/sbin/sendmail"


class NotSent(Exception):
    """Why, without secrets."""


def run_send() -> int:
    _give_up_root()
    told = json.load(sys.stdin)
    try:
        send(told["channel"], told["notice"])
    except (NotSent, OSError, ValueError, http.client.HTTPException, smtplib.SMTPException, subprocess.SubprocessError) as error:
        print(without_secrets(f"{error}" or type(error).__name__, told["channel"]), file=sys.stderr)
        return 1
    return 0


def _give_up_root() -> None:
    """Before anything is read; and others with this user's number may not look into this process."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        os.setgroups([])
        os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
        os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def send(channel: "dict[str, Any]", notice: "dict[str, Any]") -> None:
    """Raises what `run_send` catches."""
    kind = channel["kind"]
    if kind == "webhook":
        _post(channel["url"], body_of(channel["format"], notice))
    elif kind == "mail":
        _mail(channel, notice)
    else:
        given = json.dumps(notice).encode()
        done = subprocess.run(
            channel["command"], input=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=_LIMIT, check=False
        )
        if done.returncode != 0:
            raise NotSent(f"it ended with {done.returncode}: {done.stderr[-200:].decode('utf-8', 'replace').strip()}")


def without_secrets(words: str, channel: "dict[str, Any]") -> str:
    """A webhook's address is its secret, and any part of it may be told in an error."""
    url = urlsplit(str(channel.get("url", "")))
    for secret in (
        str(channel.get("url", "")),
        url.path,
        url.query,
        url.netloc.rpartition("@")[0],
        str(channel.get("password", "")),
    ):
        if len(secret) > 1:
            words = words.replace(secret, "***")
    return words.replace("\n", " ")[:300]


def headline(notice: "dict[str, Any]") -> str:
    return f"[{notice['stack']}] {notice['kind']}: {notice['text']}"


def body_of(form: str, notice: "dict[str, Any]") -> Any:
    """json: the notice itself; slack: for Slack and Mattermost; alertmanager: for its /api/v2/alerts."""
    if form == "slack":
        return {"text": f"{headline(notice)}\n{notice['do']}"}
    if form == "alertmanager":
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(notice["since"]))
        labels = {name: str(notice[name]) for name in ("stack", "node", "kind", "severity", "key")}
        annotations = {"summary": headline(notice), "do": notice["do"]}
        return [{"labels": {"alertname": "HaRancherNotice", **labels}, "annotations": annotations, "startsAt": began}]
    return notice


def _post(url: str, body: Any) -> None:
    """A redirection is not followed: the address that was given is the one that is trusted."""
    parts = urlsplit(url)
    made: http.client.HTTPConnection
    if parts.scheme == "https":
        made = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=_LIMIT, context=ssl.create_default_context())
    else:
        made = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_LIMIT)
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        made.request("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json", "User-Agent": "ha-rancher"})
        answer = made.getresponse()
        if not 200 <= answer.status < 300:
            raise NotSent(f"it answered {answer.status}")
    finally:
        made.close()


def _mail(channel: "dict[str, Any]", notice: "dict[str, Any]") -> None:
    message = EmailMessage()
    message["Subject"] = headline(notice).replace("\n", " ")[:200]
    message["From"], message["To"] = channel["from"], ", ".join(channel["to"])
    # Two that tell the same are one in the mailbox.
    message["Message-ID"] = f"<{notice['key'].replace(':', '.').replace('/', '-')}@{notice['stack']}.ha-rancher>"
    details = json.dumps(notice, indent=2)
    message.set_content(f"{notice['text']}\n\n{notice['do']}\n\n{details}\n")
    if "server" not in channel:
        command = [_SENDMAIL, "-i", "-f", channel["from"], "--", *channel["to"]]
        subprocess.run(
            command, input=bytes(message), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_LIMIT, check=True
        )
        return
    context = ssl.create_default_context()
    server, port = channel["server"], channel["port"]
    made = (
        smtplib.SMTP_SSL(server, port, timeout=_LIMIT, context=context)
        if channel["tls"] == "tls"
        else smtplib.SMTP(server, port, timeout=_LIMIT)
    )
    with made:
        if channel["tls"] == "starttls":
            made.starttls(context=context)
        if channel.get("user"):
            made.login(channel["user"], channel["password"])
        made.send_message(message)
