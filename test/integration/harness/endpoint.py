"""A place where the Docker API answers: the engine itself, or a droverd in front of it."""

import functools
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Optional
from urllib.parse import urlsplit

from harness.http1 import Connection
from harness.tls import TlsSocket, client_context

# Debian's own programs, whatever else the machine has on its PATH.
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@functools.cache
def _context(certs):
    return client_context(certs)


@dataclass(frozen=True)
class Endpoint:
    """`host` is a DOCKER_HOST value; `certs` the directory with ca.pem, cert.pem and key.pem."""

    host: str
    config_dir: Path
    certs: Optional[Path] = None

    @property
    def address(self):
        """What socket.connect() takes."""
        url = urlsplit(self.host)
        return url.path if url.scheme == "unix" else (url.hostname, url.port)

    def env(self, **extra):
        env = {
            "PATH": SYSTEM_PATH,
            "HOME": str(self.config_dir),
            "DOCKER_CONFIG": str(self.config_dir),
            "DOCKER_HOST": self.host,
            "LANG": "C.UTF-8",
            "TERM": "xterm",
        }
        if self.certs:
            env |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(self.certs)}
        return env | extra

    def popen(self, *args, env=None, **kwargs):
        """`docker ARGS` started, not awaited."""
        return subprocess.Popen(["docker", *args], env=self.env(**(env or {})), **kwargs)

    def cli(self, *args, input=b"", timeout=60, env=None, cwd=None):
        """`docker ARGS` to its end. The exit code is the caller's to look at."""
        return subprocess.run(
            ["docker", *args],
            input=input,
            capture_output=True,
            timeout=timeout,
            env=self.env(**(env or {})),
            cwd=cwd,
        )

    def docker(self, *args, **kwargs):
        """`docker ARGS` that must succeed; its standard output as text without the last newline."""
        done = self.cli(*args, **kwargs)
        assert done.returncode == 0, f"docker {' '.join(args)}: {done.stderr.decode()}"
        return done.stdout.decode().rstrip("\n")

    def raw_socket(self, timeout=30):
        """The transport without TLS, so that tests can break the handshake too."""
        if isinstance(self.address, str):
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.settimeout(timeout)
        sock.connect(self.address)
        return sock

    def connect(self, timeout=30):
        sock = self.raw_socket(timeout)
        if self.certs:
            sock = TlsSocket(sock, _context(self.certs), self.address[0])
        return Connection(sock)

    def call(self, method, path, body=None, headers=None, timeout=30):
        """One request on a connection of its own."""
        with self.connect(timeout) as connection:
            return connection.call(method, path, body, {"Connection": "close", **(headers or {})})

    def get(self, path, **kwargs):
        return self.call("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.call("POST", path, body, **kwargs)
