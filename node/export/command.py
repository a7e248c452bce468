"""A file system of its own for each NFS export of this machine's kernel: an XFS image, mounted by a unit of systemd.

Whoever is root on a node can forge file handles, and has all of the file system that is exported: here nothing else is in it.
One folder, so that root can install it alone, and let a user run it through sudo. What that allows: to make such images as long as
there is room in /var/lib, to export them to any address, with all rights in them, and to remove them. All paths are made of the
name here. Only root itself may name a directory (`--at`, `move`).

    make NAME GIB SENTINEL [--at DIRECTORY]   make it, or let it grow, and mount it; code 3: there is data that would have to move
    move NAME GIB FROM [--at DIRECTORY]       the data of a directory goes into a new image; the directory is kept beside
    publish NAME ADDRESS...                   export it to these clients alone
    withdraw NAME                             export it no more
    look NAME [--at DIRECTORY]                JSON: image, bytes, mounted, clients, point
    remove NAME [--at DIRECTORY]              unmount it, and delete it with all data
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from .exports import clients_of, publish, withdraw
from .files import Refused
from .image import Image, MustMove, Places
from .moving import move

#: Exit code where nothing was done, since data would have to move.
MUST_MOVE = 3


def start() -> None:
    """What `helper` runs."""
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    os.environ["LC_ALL"] = "C"
    sys.exit(main(sys.argv[1:], Places(), os.environ.get("SUDO_UID", "")))


def main(words: "Sequence[str]", places: Places, sudo_user: str) -> int:
    """`sudo_user`: number of the user who runs this through sudo; empty, 0: root itself."""
    top = argparse.ArgumentParser(prog="ha-rancher-export", description="A file system of its own for each NFS export.")
    commands = top.add_subparsers(dest="command", required=True)
    for name in ("make", "move", "publish", "withdraw", "look", "remove"):
        command = commands.add_parser(name)
        command.add_argument("name")
        command.add_argument("--at", default="")
        if name in ("make", "move"):
            command.add_argument("gib", type=int)
        if name == "make":
            command.add_argument("sentinel")
        if name == "move":
            command.add_argument("source")
        if name == "publish":
            command.add_argument("clients", nargs="*")
    told = top.parse_args(words)
    try:
        if sudo_user not in ("", "0") and (told.at or told.command == "move"):
            raise Refused("only root itself may name a directory: whoever mounts or copies what he likes is as good as root")
        _do(told, Image(places, told.name, told.at))
    except MustMove as data:
        print(data, file=sys.stderr)
        return MUST_MOVE
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _do(told: argparse.Namespace, image: Image) -> None:
    if told.command == "make":
        if not told.sentinel or not told.sentinel.isprintable():
            raise Refused("the sentinel must be one line of text")
        image.make(told.gib, told.sentinel)
    elif told.command == "move":
        kept = move(image, told.gib, told.source)
        print(f"the data is in {image.file} now; the directory as it was is {kept}")
    elif told.command == "publish":
        publish(image, told.clients)
    elif told.command == "withdraw":
        withdraw(image)
    elif told.command == "look":
        found = image.look()
        print(json.dumps({**found, "clients": clients_of(image) if found["mounted"] else []}))
    else:
        image.remove()
