"""A real dockerd of the lab: contrib/lab brings it up, this stops and starts it and looks at it."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
LAB = REPOSITORY / "contrib/lab"


def process_fds(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def wait_until(condition, timeout=10, every=0.02, what="the condition"):
    """Polls `condition` until it is true and returns its value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {timeout} s"
        time.sleep(every)


class Engine:
    """Host 1 of a lab of its own, with a registry on 127.0.0.1:5000 in the host's network."""

    def __init__(self, name):
        self.name = name
        self.directory = Path(f"/run/drover-lab/{name}/1")
        self.socket = f"{self.directory}/docker.sock"

    def _lab(self, *args):
        done = subprocess.run([LAB, *args, "--name", self.name], capture_output=True, text=True)
        assert done.returncode == 0, f"contrib/lab {args[0]}: {done.stderr}"

    def up(self):
        """Starts what is missing of the host; returns when its engine answers."""
        self._lab("up", "1", "--no-drover", "--registry")

    def down(self):
        self._lab("down")

    @property
    def pid(self):
        return int((self.directory / "engine.pid").read_text())

    def client_connections(self):
        """How many connections the engine's socket has now.

        The kernel lists an accepted socket in the network namespace of the one who connected: ours.
        """
        connected = "03"
        rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
        return sum(row[-1] == self.socket and row[5] == connected for row in rows)

    def stop(self, how=signal.SIGTERM):
        """Ends dockerd; up() starts it again. Its containers end with it on SIGTERM."""
        pid = self.pid
        os.kill(pid, how)
        wait_until(lambda: not _is_running(pid), timeout=30, what="dockerd's end")
        # Nobody must end the process that gets its number next.
        (self.directory / "engine.pid").unlink()

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.socket)
                sock.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 " in sock.recv(4096)
        except OSError:
            return False


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it was opened, and after
        return False
