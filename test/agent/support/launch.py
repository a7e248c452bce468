"""The agent's program, with a local directory in the place of NFS: the type of file system that it asks for is tmpfs.

Usage: launch.py COMMAND...     as `python3 node/agent`; AGENT_CODE: a folder with `agent` in it, in place of the repository's
"""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.realpath(os.environ.get("AGENT_CODE") or os.path.join(HERE, "../../../node")))

from agent import configuration  # noqa: E402
from agent.daemons import quick  # noqa: E402

_lease = configuration._lease


def _local_lease(part):  # type: ignore[no-untyped-def]
    place, claims = _lease(part)
    return place._replace(filesystem="tmpfs"), claims


configuration._lease = _local_lease
if sys.argv[1:2] == ["take-back"]:
    # Its agent, too.
    from agent import take_back

    take_back.own_command = lambda *words: [sys.executable, "-I", "-S", "-B", os.path.realpath(__file__), *words]  # type: ignore[attr-defined]
code = quick(sys.argv[1:])
if code is None:
    from agent.cli import main

    code = main(sys.argv[1:])
sys.exit(code)
