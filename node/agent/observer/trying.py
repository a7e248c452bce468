"""`agent notify-test`: tells one notice to each channel, and says for each whether it went well."""

import os
import subprocess
import time

from ..itself import own_command
from .channels import channels, shown
from .delivery import begin, words_of
from .notices import Notice

#: Seconds for one channel.
_LIMIT = 45


def try_channels(path: str, stack: str, node: str) -> int:
    """0 if all could be told. Raises Refused."""
    all_of = channels(path)
    if not all_of:
        print("nobody is told anything: `notify` names no channel")
        return 1
    now = time.time()
    failed = 0
    for channel in all_of:
        notice = Notice(f"test:{node}:{os.getpid()}:{now:.0f}", "test", stack, node, f"a test of notifications from {node}", now)
        process = begin(own_command("send-notice"), channel, notice.shown())
        try:
            code = process.wait(_LIMIT)
        except subprocess.TimeoutExpired:
            code = None
        words = words_of(process, code)
        failed += bool(words)
        print(f"{shown(channel)}: {words or 'told'}")
    return 1 if failed else 0
