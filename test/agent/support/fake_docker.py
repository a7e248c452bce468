"""A Docker engine on a Unix socket. Its container is a real process in a real control group.

Usage: fake_docker.py SOCKET ROOT NAME COMMAND...     ROOT: where control groups are made
A file SOCKET.more is a JSON object: further containers, the command of each by its name; all are in one control group then.
A file SOCKET.slow holds seconds that each answer waits, SOCKET.clearing those after a stop; SOCKET.broken makes every answer a 500.
"""

import hashlib
import http.server
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Optional

SOCKET, ROOT, NAME, COMMAND = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
MORE: "dict[str, list[str]]" = json.loads(Path(f"{SOCKET}.more").read_text()) if os.path.exists(f"{SOCKET}.more") else {}


class Container:
    def __init__(self, name: str, command: "list[str]") -> None:
        self.lock = threading.Lock()
        self.command = command
        self.id = hashlib.sha256(f"{ROOT}{name}".encode()).hexdigest()
        self.group = Path(ROOT, "system-harancher.slice" if MORE else "docker", self.id)
        self.child: Optional[subprocess.Popen[bytes]] = None
        self.code = 0
        # An engine that is restarted finds its container running.
        self.pids = self.processes()

    def processes(self) -> "list[int]":
        try:
            return [int(line) for line in (self.group / "cgroup.procs").read_text().split()]
        except OSError:
            return []

    def running(self) -> bool:
        processes = self.processes()
        if self.child:
            # Where nothing is left its child is just ending, if it has not yet: what ended has a code.
            code = self.child.poll() if processes else self.child.wait()
            self.code = self.code if code is None else code
        return bool(processes)

    def start(self) -> int:
        with self.lock:
            if self.running():
                return 304
            self.group.mkdir(parents=True, exist_ok=True)

            def enter() -> None:
                (self.group / "cgroup.procs").write_text(str(os.getpid()))

            self.child = subprocess.Popen(self.command, preexec_fn=enter, start_new_session=True)  # noqa: PLW1509
            return 204

    def stop(self, grace: float) -> int:
        with self.lock:
            if not self.running():
                return 304
            for number, limit in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
                for pid in self.processes():
                    os.kill(pid, number)
                end = time.monotonic() + limit
                while self.running() and time.monotonic() < end:
                    time.sleep(0.01)
            return 204


CONTAINERS = {name: Container(name, command) for name, command in {NAME: COMMAND, **MORE}.items()}


class Execution:
    """A command in the container: a process in its control group, on the pipes of a connection."""

    def __init__(self, container: Container, told: "dict[str, Any]") -> None:
        self.container = container
        self.command, self.reads = told["Cmd"], bool(told.get("AttachStdin"))
        self.child: Optional[subprocess.Popen[bytes]] = None

    def view(self) -> "dict[str, Any]":
        code = self.child.poll() if self.child else None
        return {"Running": bool(self.child) and code is None, "ExitCode": code, "Pid": self.child.pid if self.child else 0}

    def run(self, reader: Any, connection: Any) -> None:
        def enter() -> None:
            (self.container.group / "cgroup.procs").write_text(str(os.getpid()))

        pipe = subprocess.PIPE
        self.child = child = subprocess.Popen(
            self.command,
            stdin=pipe if self.reads else subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            preexec_fn=enter,  # noqa: PLW1509
        )
        lock = threading.Lock()

        def forward(number: int, source: Any) -> None:
            for part in iter(lambda: source.read1(30_000), b""):
                with lock:
                    connection.sendall(bytes((number, 0, 0, 0)) + len(part).to_bytes(4, "big") + part)

        def feed() -> None:
            assert child.stdin
            try:
                for part in iter(lambda: reader.read1(30_000), b""):
                    child.stdin.write(part)
                    child.stdin.flush()
                child.stdin.close()
            except OSError:
                pass

        threads = [threading.Thread(target=forward, args=each, daemon=True) for each in ((1, child.stdout), (2, child.stderr))]
        if self.reads:
            threading.Thread(target=feed, daemon=True).start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        child.wait()


EXECUTIONS: "list[Execution]" = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def address_string(self) -> str:
        return "unix"

    def answer(self, status: int, told: Any = None) -> None:
        content = b"" if told is None else json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def trouble(self) -> bool:
        if os.path.exists(f"{SOCKET}.slow"):
            time.sleep(float(Path(f"{SOCKET}.slow").read_text()))
        if os.path.exists(f"{SOCKET}.broken"):
            self.answer(500, {"message": "No such luck"})
            return True
        return False

    def do_GET(self) -> None:
        if self.trouble():
            return
        if self.path.startswith("/exec/"):
            self.answer(200, EXECUTIONS[int(self.path.split("/")[2])].view())
            return
        container = self.container()
        if container is None or not self.path.endswith("/json"):
            self.answer(404, {"message": "gone fishing"})
            return
        running = container.running()
        state = {"Status": "running" if running else "exited", "Pid": (container.processes() or [0])[0], "ExitCode": container.code}
        self.answer(200, {"Id": container.id, "State": state, "Image": "sha256:1"})

    def container(self) -> Optional[Container]:
        """That of a path /containers/NAME/WHAT."""
        parts = self.path.split("/")
        return CONTAINERS.get(parts[2]) if len(parts) == 4 and parts[1] == "containers" else None

    def do_POST(self) -> None:
        told = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.trouble():
            return
        path, _, query = self.path.partition("?")
        container = self.container()
        if container and path.endswith("/exec"):
            if not container.running():
                self.answer(409, {"message": "it does not run"})
                return
            EXECUTIONS.append(Execution(container, json.loads(told)))
            self.answer(201, {"Id": str(len(EXECUTIONS) - 1)})
            return
        if path.startswith("/exec/"):
            self.close_connection = True
            self.wfile.write(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
            EXECUTIONS[int(path.split("/")[2])].run(self.rfile, self.connection)
            return
        if container and path.endswith("/start"):
            self.answer(container.start())
        elif container and path.endswith("/stop"):
            status = container.stop(float(query.partition("=")[2] or 10))
            if os.path.exists(f"{SOCKET}.clearing"):
                time.sleep(float(Path(f"{SOCKET}.clearing").read_text()))
            self.answer(status)
        elif container and path.endswith("/kill"):
            self.answer(container.stop(0))
        else:
            self.answer(404, {"message": "no such container"})


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if __name__ == "__main__":
    try:
        os.unlink(SOCKET)
    except FileNotFoundError:
        pass
    Server(SOCKET, Handler).serve_forever()
