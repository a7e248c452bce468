"""A socket in /run that root alone may speak to."""

import os
import socket

from .files import remove


def listen(path: str, backlog: int) -> socket.socket:
    """What lies there from before goes. The mode is right from the first moment: the name is there once it is bound."""
    remove(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(path)
    finally:
        os.umask(mask)
    listener.listen(backlog)
    return listener
