"""The service in the container: writes the shared data as long as it lives, and says over HTTP that it is well.

Usage: fake_service.py DATA NODE PORT
DATA/writes: a line `NODE PROCESS TIME` each 20 ms. A file DATA/unwell makes it answer 503, DATA/crash ends it.
"""

import http.server
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

DATA, NODE, PORT = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.send_response(503 if os.path.exists(f"{DATA}/unwell") else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


def write() -> None:
    # Opened once: as a datastore does.
    fd = os.open(f"{DATA}/writes", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    while True:
        os.write(fd, f"{NODE} {os.getpid()} {time.monotonic():.3f}\n".encode())
        if os.path.exists(f"{DATA}/crash"):
            os._exit(3)
        time.sleep(0.02)


if __name__ == "__main__":
    # Not as a first process without the data.
    if not Path(DATA, ".ha-rancher-sentinel").exists():
        sys.exit(4)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    threading.Thread(target=write, daemon=True).start()
    server.serve_forever()
