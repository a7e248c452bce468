"""The helper's command line: `run` is its unit's, `apply` is for `npm run up`, `look` says what is not as it should be."""

import argparse
import os
import sys

from .configuration import Refused, load
from .helper import Helper
from .register import Unreadable

CONFIGURATION = "/etc/ha-rancher/fence-helper.json"
#: EX_CONFIG of sysexits.h.
_CONFIGURATION_ERROR = 78


def main(arguments: "list[str]") -> int:
    parser = argparse.ArgumentParser(prog="fencer", description="Cuts nodes off from the shared data, and lets them in again.")
    parser.add_argument("command", choices=("run", "apply", "look"))
    parser.add_argument("configuration", nargs="?", default=CONFIGURATION)
    options = parser.parse_args(arguments)
    try:
        setup = load(options.configuration)
    except Refused as error:
        print(error, file=sys.stderr)
        return _CONFIGURATION_ERROR
    if options.command == "look":
        print("".join(f"{line}\n" for line in missing(setup.paths.nfsd, setup.paths.exportfs)), end="")
        return 0
    helper = Helper(setup, lambda line: print(line, flush=True))
    try:
        if options.command == "apply":
            helper.apply()
        else:
            helper.run()
    except (OSError, Unreadable) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def missing(nfsd: str, exportfs: str) -> "list[str]":
    """What of the server's means is not there."""
    found = []
    if not os.path.isdir(os.path.join(nfsd, "clients")):
        found.append(f"{nfsd}/clients is missing: the kernel's NFS server must run, with Linux 5.3 or later")
    if not os.access(exportfs, os.X_OK):
        found.append(f"{exportfs} is missing")
    return found
