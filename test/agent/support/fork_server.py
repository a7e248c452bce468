"""A fork server whose jobs are commands: the arguments are what is run in the job's own process, or `open` by itself."""

import os
import sys

#: As a command.
SERVER = [sys.executable, "-I", "-B", os.path.realpath(__file__)]


def _work(_: str, words: "list[str]") -> int:
    if words != ["open"]:
        os.execvp(words[0], words)
    print(*sorted(os.listdir("/proc/self/fd")))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../../node"))
    from agent.fork_server import serve

    sys.exit(serve(_work))
