"""A docker command on a pseudo terminal, typed at and read from like a person would."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


class Terminal:
    """`docker ARGS` on a terminal of the given size. Usable as a context manager."""

    def __init__(self, endpoint, *args, rows=33, columns=99):
        self._master, slave = pty.openpty()
        self.resize(rows, columns)
        self.screen = b""
        self.process = subprocess.Popen(
            ["docker", *args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=endpoint.env(),
            preexec_fn=lambda: _own_terminal(slave),
        )
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    def resize(self, rows, columns):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self._master, keys)

    def expect(self, text, timeout=15):
        """Reads until `text` is on the screen, and forgets the screen up to its end."""
        deadline = time.monotonic() + timeout
        while text not in self.screen:
            assert time.monotonic() < deadline, f"no {text!r} on the screen: {self.screen!r}"
            self._read(deadline)
        seen, self.screen = self.screen.split(text, 1)
        return seen

    def _read(self, deadline):
        ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
        if ready:
            try:
                self.screen += os.read(self._master, 65536)
            except OSError:  # EIO: the other side is closed
                raise AssertionError(f"the command ended; on the screen: {self.screen!r}") from None

    def wait(self, timeout=15):
        """The exit code, once the command has ended."""
        return self.process.wait(timeout)


def _own_terminal(slave):
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
