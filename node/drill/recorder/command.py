"""The words of node/drill/sampler."""

import os
import sys

from .follow import follow
from .places import places
from .record import CLOSELY, record, write_until


def start() -> None:
    verb, *words = sys.argv[1:] or [""]
    if verb == "record" and len(words) == 3:
        record(places(), *words)
    elif verb == "follow" and len(words) == 5:
        sys.exit(follow(places(), (words[0], words[1], words[2]), words[3], int(words[4])))
    elif verb == "stop" and not words:
        until = os.path.join(places().run, "until")
        if os.path.exists(until):
            write_until(until, 0, str(CLOSELY))
    else:
        print("usage: sampler follow|record|stop", file=sys.stderr)
        sys.exit(2)
