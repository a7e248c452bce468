"""Runs a program at a terminal of its own: at-terminal.py ROWS COLUMNS PROGRAM [ARGUMENT...].

What comes on standard input is typed there; what the program shows goes to standard output. Ends with the program's exit
code. A terminal that goes away (SIGTERM) hangs the program up, as closing a window does.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def main() -> int:
    rows, columns, *command = sys.argv[1:]
    child, terminal = pty.fork()
    size = struct.pack("HHHH", int(rows), int(columns), 0, 0)
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
        os.execvp(command[0], command)
    signal.signal(signal.SIGTERM, lambda *_: os.close(terminal))
    sources = [terminal, 0]
    while True:
        try:
            ready, _, _ = select.select(sources, [], [])
            if 0 in ready:
                keys = os.read(0, 4096)
                if keys:
                    os.write(terminal, keys)
                else:
                    sources.remove(0)
            if terminal in ready:
                piece = os.read(terminal, 65536)
                if not piece:
                    break
                os.write(1, piece)
        except (OSError, ValueError):
            # The program has closed the terminal, or it was taken away.
            break
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
