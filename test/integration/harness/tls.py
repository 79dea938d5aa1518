"""A TLS client socket that can close one direction only, which Python's own SSLSocket cannot.

`shutdown(SHUT_WR)` sends close_notify and leaves the reading side open, as Go's tls.Conn.CloseWrite
does for the docker CLI. One thread may send while another receives.
"""

import socket
import ssl
import threading


def client_context(certs, with_client_cert=True):
    """A context that trusts certs/ca.pem and shows certs/cert.pem."""
    context = ssl.create_default_context(cafile=certs / "ca.pem")
    if with_client_cert:
        context.load_cert_chain(certs / "cert.pem", certs / "key.pem")
    return context


class TlsSocket:
    """The part of the socket interface the tests use, over an ssl.SSLObject with memory buffers."""

    def __init__(self, sock, context, server_hostname):
        self._sock = sock
        self._lock = threading.Lock()  # of the three below; never held while the network is slow
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=server_hostname)
        self._decoded = b""
        self._handshake()

    def _handshake(self):
        done = False
        while not done:
            try:
                self._tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            self._flush()
            if not done:
                self._take(self._sock.recv(65536))

    def _flush(self):
        with self._lock:
            data = self._out.read()
        if data:
            self._sock.sendall(data)

    def _take(self, data):
        with self._lock:
            if data:
                self._in.write(data)
            else:
                self._in.write_eof()

    def sendall(self, data):
        view = memoryview(data)
        for start in range(0, len(view), 65536):
            with self._lock:
                self._tls.write(view[start : start + 65536])
            self._flush()

    def recv(self, size):
        """Bytes, or b"" after the peer's close_notify; a close without one raises ssl.SSLError."""
        while True:
            try:
                with self._lock:
                    if self._decoded:
                        data, self._decoded = self._decoded[:size], self._decoded[size:]
                        return data
                    return self._tls.read(size)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLWantReadError:
                pass
            self._take(self._sock.recv(262144))

    def shutdown(self, how):
        assert how == socket.SHUT_WR, "only the writing side can be closed by itself"
        with self._lock:
            # Python's unwrap() also looks for the peer's close_notify and fails on data that waits
            # there instead, so decode what has arrived before.
            try:
                while data := self._tls.read(65536):
                    self._decoded += data
            except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
                pass
            try:
                self._tls.unwrap()
            except ssl.SSLWantReadError:
                pass
        self._flush()

    def settimeout(self, seconds):
        self._sock.settimeout(seconds)

    def fileno(self):
        return self._sock.fileno()

    def close(self):
        self._sock.close()
