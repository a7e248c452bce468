"""Runs a program at a terminal of its own: at-terminal.py AFTER KEYS PROGRAM [ARGUMENT...].

Types KEYS once AFTER was shown; prints all that was shown, and ends with the program's exit code.
"""

import os
import pty
import sys


def main() -> int:
    after, keys, *command = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    shown = b""
    typed = False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if not typed and after.encode() in shown:
            os.write(terminal, keys.encode())
            typed = True
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(shown)
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
