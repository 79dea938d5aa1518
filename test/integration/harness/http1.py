"""A small HTTP/1.1 client that shows the wire: tests send exact bytes and see exact bytes."""

import json
import socket
from dataclasses import dataclass, field


@dataclass
class Response:
    """One answer. Header names are kept as sent; `header()` looks them up without case."""

    version: str
    status: int
    reason: str
    headers: list
    body: bytes = b""
    trailers: list = field(default_factory=list)

    def header(self, name, default=None):
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """The text of Docker's error shape."""
        return self.json()["message"]


class Closed(Exception):
    """The peer closed the connection where more was expected."""


class Connection:
    """One connection to an endpoint. Usable as a context manager."""

    def __init__(self, sock):
        self.sock = sock
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def close_write(self):
        self.sock.shutdown(socket.SHUT_WR)

    def request(self, method, path, body=None, headers=None, version="1.1"):
        """Sends a request head, and the body with its length. A dict is sent as JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if body is not None:
            headers["Content-Length"] = len(body)
        headers.setdefault("Host", "docker")
        lines = [f"{method} {path} HTTP/{version}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def send_chunk(self, data):
        self.send(b"%x\r\n%b\r\n" % (len(data), data))

    def recv(self, size=65536):
        """Raw bytes as they come, those already buffered first; b"" at the end."""
        if self._buffer:
            data, self._buffer = self._buffer[:size], self._buffer[size:]
            return data
        return self.sock.recv(size)

    def read_exactly(self, size):
        parts = []
        while size > 0:
            data = self.recv(min(size, 1 << 20))
            if not data:
                raise Closed(f"{size} bytes missing")
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def read_line(self):
        while b"\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                raise Closed(f"line unfinished: {self._buffer!r}")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("latin-1")

    def _read_fields(self):
        fields = []
        while line := self.read_line():
            name, _, value = line.partition(":")
            fields.append((name, value.strip()))
        return fields

    def read_head(self):
        version, status, reason = (self.read_line() + " ").split(" ", 2)
        return Response(version, int(status), reason.strip(), self._read_fields())

    def read_chunk(self):
        """The next chunk's bytes; b"" for the last one, after which trailers follow."""
        size = int(self.read_line().split(";")[0], 16)
        data = self.read_exactly(size)
        if size:
            self.read_line()
        return data

    def read_until_close(self):
        parts = []
        while data := self.recv(1 << 20):
            parts.append(data)
        return b"".join(parts)

    def read_response(self, method="GET"):
        """A whole answer. Interim 100s are skipped; a 101 comes back without a body."""
        response = self.read_head()
        while response.status == 100:
            response = self.read_head()
        if method == "HEAD" or response.status in (101, 204, 304):
            return response
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            parts = []
            while chunk := self.read_chunk():
                parts.append(chunk)
            response.body = b"".join(parts)
            response.trailers = self._read_fields()
        elif response.header("Content-Length") is not None:
            response.body = self.read_exactly(int(response.header("Content-Length")))
        else:
            response.body = self.read_until_close()
        return response

    def call(self, method, path, body=None, headers=None):
        self.request(method, path, body, headers)
        return self.read_response(method)


def read_frame(connection):
    """One frame of Docker's multiplexed streams: (stream number, bytes), or None at the end."""
    try:
        head = connection.read_exactly(8)
    except Closed:
        return None
    return head[0], connection.read_exactly(int.from_bytes(head[4:8], "big"))


def read_frames(connection):
    """All frames until the stream ends, joined: {1: stdout, 2: stderr}."""
    streams = {1: b"", 2: b""}
    while frame := read_frame(connection):
        streams[frame[0]] += frame[1]
    return streams
