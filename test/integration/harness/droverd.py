"""droverd as a foreground child process, watched from its start to its end."""

import json
import mmap
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness.endpoint import Endpoint
from harness.engine import REPOSITORY, process_fds

BINARY = Path(os.environ.get("DROVERD", REPOSITORY / "build/release/droverd")).resolve()


def is_sanitized():
    """Whether the binary was built with AddressSanitizer, which makes memory figures meaningless."""
    with open(BINARY, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        return image.find(b"__asan_init") >= 0


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Droverd:
    """One daemon with a directory of its own for socket, state and log.

    It listens on `directory`/docker.sock and, when given certificates, on TLS as well. `inside` is
    the start of a command line that runs the rest of it elsewhere, such as on a lab host.
    """

    def __init__(
        self,
        directory,
        engine_socket,
        certs=None,
        args=(),
        log_format="json",
        name="itest",
        inside=(),
    ):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log_path = self.directory / "log"
        self.socket = self.directory / "docker.sock"
        self.certs = certs
        self.tls_port = free_port() if certs else None
        self.command = [
            *inside,
            BINARY,
            "--engine", f"unix://{engine_socket}",
            "--listen", f"unix://{self.socket}",
            "--state-dir", self.directory / "state",
            "--name", name,
            "--log-format", log_format,
        ]  # fmt: skip
        if certs:
            self.command += [
                "--listen", f"tcp://127.0.0.1:{self.tls_port}",
                "--tls-ca", certs / "ours/ca.pem",
                "--tls-cert", certs / "ours/server-cert.pem",
                "--tls-key", certs / "ours/server-key.pem",
            ]  # fmt: skip
        self.command += args
        self.process = None

    def start(self):
        sanitizer_log = self.directory / "sanitizer"
        env = os.environ | {
            "ASAN_OPTIONS": f"log_path={sanitizer_log}:detect_leaks=1",
            "UBSAN_OPTIONS": f"log_path={sanitizer_log}:print_stacktrace=1:halt_on_error=1",
            "LSAN_OPTIONS": "max_leaks=20",
        }
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                list(map(str, self.command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
            )
        deadline = time.monotonic() + 15
        while not self._listens():
            assert self.process.poll() is None, f"droverd ended at its start:\n{self.log()}"
            assert time.monotonic() < deadline, f"droverd does not listen:\n{self.log()}"
            time.sleep(0.02)
        return self

    def _listens(self):
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(self.socket))
                return True
        except OSError:
            return False

    def endpoint(self, config_dir):
        return Endpoint(f"unix://{self.socket}", config_dir)

    def tls_endpoint(self, config_dir, who="ours"):
        return Endpoint(f"tcp://127.0.0.1:{self.tls_port}", config_dir, self.certs / who)

    @property
    def pid(self):
        return self.process.pid

    def fds(self):
        return process_fds(self.pid)

    def memory(self):
        """Resident memory in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def log(self):
        return self.log_path.read_text(errors="replace")

    def log_records(self, start=0):
        """The JSON log from byte `start` on, one dict a line; a line still being written is left out."""
        with open(self.log_path, "rb") as file:
            file.seek(start)
            lines = file.read().split(b"\n")[:-1]
        return [json.loads(line) for line in lines]

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout):
        return self.process.wait(timeout)

    def kill(self):
        """Ends it without ado; for the clean-up of tests that failed."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """A graceful stop, and the judgement: exit code 0, no error logged, no sanitizer report."""
        self.signal(signal.SIGTERM)
        try:
            code = self.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"droverd did not stop within 60 s of SIGTERM:\n{self.log()[-4000:]}"
            )
        self.check_sanitizers()
        assert code == 0, f"droverd exited with {code}:\n{self.log()[-4000:]}"

    def check_sanitizers(self):
        reports = [path.read_text() for path in self.directory.glob("sanitizer.*")]
        assert not reports, "\n".join(reports)[:20000]

    def check_log_has_no_error(self):
        bad = [line for line in self.log_records() if line["level"] == "error"]
        assert not bad, bad[:20]
