"""What passes the gate on one host, in whose words, and that the engine alone would say the same."""

import re
import socket
import ssl
import threading
import uuid

import pytest
from harness.engine import wait_until
from harness.http1 import Connection

# Spellings of targets that Go's net/http and dockerd's mux read, move or refuse.
SPELLINGS = [
    ("GET", "/_ping"),
    ("GET", "/%5fping"),
    ("GET", "/%5Fping?"),
    ("GET", "/v1.41/_ping"),
    ("GET", "/%761.41/_ping"),
    ("GET", "/v1%2e41/_ping"),
    ("GET", "/v1.41%2f_ping"),
    ("GET", "http://host/v1.41/_ping"),
    ("GET", "HTTP://user@host:99/_ping"),
    ("GET", "http://host/%5fping"),
    ("GET", "https:///_ping"),
    ("GET", "/v1.41//_ping"),
    ("GET", "//_ping"),
    ("GET", "/v1.41/./_ping?a=b"),
    ("GET", "/images/../_ping"),
    ("GET", "/images/a/./b/json?x=1"),
    ("GET", "/images/a//b/json"),
    ("DELETE", "//containers/x"),
    ("GET", "/x%2f%2fy"),
    ("GET", "/%2e%2e/y"),
    ("GET", '/a%20b//c"*'),
    ("GET", "/_ping/"),
    ("GET", "/_ping/."),
    ("GET", "/"),
    ("GET", "*"),
    ("OPTIONS", "*"),
    ("GET", "/v1.41"),
    ("GET", "/_ping#x?y"),
    ("GET", "/%2561"),
    ("GET", "/containers/%00/json"),
    ("GET", "/containers/nope%2fx/json"),
    ("GET", "/containers/nope%3fx/json"),
    ("GET", "/images/a%2fb%3ac/json"),
    ("GET", "/images/(a)/json"),
    ("POST", "/containers/%63reate?name=x"),
    ("POST", "/v1.41/%63ontainers/create"),
    ("POST", "/containers%2fcreate"),
    ("POST", "/containers/nope/rename?name=x;y=z"),
    ("POST", "/containers/nope/rename?name=%zz"),
    ("POST", "/containers/nope/rename?n%61me=x"),
    ("PUT", "/_ping"),
    ("CONNECT", "/_ping"),
]


def said(endpoint, data):
    """The answer to one request: status line, headers but for Date in order, the rest."""
    with endpoint.raw_socket(timeout=10) as sock:
        sock.sendall(data)
        answer = b""
        while block := sock.recv(65536):
            answer += block
    answer = re.sub(rb"Date: [^\r]*\r\n", b"", answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.split(b"\r\n")
    return status, sorted(headers), body


def request(method, target, headers="", version="1.1", body=b""):
    close = "" if version == "1.0" else "Connection: close\r\n"
    head = f"{method} {target} HTTP/{version}\r\nHost: d\r\n{close}{headers}\r\n"
    return head.encode() + body


@pytest.mark.parametrize("method, target", SPELLINGS, ids=" ".join)
def test_each_spelling_is_heard_as_the_engine_hears_it(direct, drover, method, target):
    asked = request(method, target)
    assert said(drover, asked) == said(direct, asked)


@pytest.mark.parametrize("target", ["/%zz", "/_ping%4", "http://[::1/_ping", "containers/json"])
def test_what_is_no_path_is_refused(direct, drover, target):
    for endpoint in (direct, drover):
        assert said(endpoint, request("GET", target))[0] == b"HTTP/1.1 400 Bad Request"


@pytest.mark.parametrize("method, target, body", [
    ("GET", "/_ping", b""), ("POST", "/containers/create", b"{}"), ("GET", "/containers/json", b""),
])  # fmt: skip
@pytest.mark.parametrize("expected", ["200-ok", "100-continue"])
def test_an_expectation_fails_as_the_engines(direct, drover, method, target, body, expected):
    headers = f"Expect: {expected}\r\nContent-Length: {len(body)}\r\n"
    asked = request(method, target, headers, body=body)
    assert said(drover, asked)[0] == said(direct, asked)[0]


def test_a_length_that_is_none_is_refused(direct, drover):
    for endpoint in (direct, drover):
        for length in (2**63, 2**64 - 1, 2**64):
            asked = request("POST", "/containers/create", f"Content-Length: {length}\r\n")
            assert said(endpoint, asked)[0] == b"HTTP/1.1 400 Bad Request", length


def test_100_continue_is_not_said_for_a_body_that_is_too_large(start_droverd, config_dir):
    api = start_droverd().endpoint(config_dir)
    api.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    length = f"Content-Type: application/json\r\nContent-Length: {16 << 30}\r\n"
    asked = request("POST", "/containers/create", length + "Expect: 100-continue\r\n")
    assert said(api, asked)[0].startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("target", ["/version", "/containers/json", "/_ping", "/events?since=1&until=2",
                                    "/nope", "/images/a//b"])  # fmt: skip
@pytest.mark.parametrize("keep", ["", "Connection: keep-alive\r\n"], ids=["close", "keep-alive"])
def test_clients_of_http_1_0_hear_it(direct, drover, target, keep):
    for endpoint in (direct, drover):
        with endpoint.connect(timeout=10) as connection:
            connection.send(request("GET", target, keep, version="1.0"))
            head = connection.read_head()
            assert head.version == "HTTP/1.0", target
            assert head.header("Transfer-Encoding") is None
            stays = keep != "" and "events" not in target
            assert (head.header("Connection") == "keep-alive") == stays


@pytest.mark.parametrize("connection_header", ["", "Connection: Upgrade\r\n"])
def test_an_upgrade_needs_no_connection_header(direct, drover, sleeper, connection_header):
    for target, protocol in (
        (f"/containers/{sleeper}/attach?stream=1&stdin=1", "tcp"),
        ("/session", "h2c"),
    ):
        for endpoint in (direct, drover):
            with endpoint.connect(timeout=10) as connection:
                asked = f"POST {target} HTTP/1.1\r\nHost: d\r\nUpgrade: {protocol}\r\n"
                asked += f"X-Docker-Expose-Session-Uuid: {uuid.uuid4()}\r\n"
                connection.send((asked + connection_header + "\r\n").encode())
                assert connection.read_head().status == 101, (target, endpoint)


# --- HTTP/2 -------------------------------------------------------------------------------------

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"


class ModernEngine:
    """A front that makes an engine one of Docker 29: its version, and HTTP/2 on its socket."""

    def __init__(self, path, engine_socket):
        self.engine_socket = engine_socket
        self.http2 = 0  # connections that began with it
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        first = client.recv(65536)
        if first.startswith(PREFACE):
            self.http2 += 1
            client.sendall(SETTINGS)
            client.close()
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(self.engine_socket)
        engine.sendall(first)
        threading.Thread(target=self._pump, args=(client, engine), daemon=True).start()
        self._pump(engine, client)

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                for old in (b'"ApiVersion":"1.41"', b"Api-Version: 1.41"):
                    data = data.replace(old, old.replace(b"1.41", b"1.52"))
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()


@pytest.fixture
def modern(engine, tmp_path):
    front = ModernEngine(tmp_path / "e.sock", engine.socket)
    yield front
    front.close()


def test_http_2_is_for_an_engine_that_speaks_it(direct, drover, modern, start_droverd, tmp_path,
                                                config_dir):  # fmt: skip
    frames = PREFACE + SETTINGS
    assert said(drover, frames) == said(direct, frames)  # which does not: 301, and the end
    other = start_droverd(engine_socket=tmp_path / "e.sock").endpoint(config_dir)
    wait_until(lambda: said(other, frames)[0] == SETTINGS, what="frames from the engine")
    assert modern.http2 == 1


def test_a_stranger_reaches_no_engine_through_the_peers_port(modern, start_droverd, tmp_path,
                                                             config_dir):  # fmt: skip
    """By which whoever can reach the port would be root on the host."""
    api = start_droverd(engine_socket=tmp_path / "e.sock").endpoint(config_dir)
    api.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for first in (PREFACE + SETTINGS, PREFACE[:10]):
        plain = socket.create_connection(("127.0.0.1", 2377), timeout=10)
        with context.wrap_socket(plain) as stranger:
            stranger.sendall(first)
            if first.startswith(PREFACE[:11]):
                assert stranger.recv(100) == b""
    for asked in ("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n", ""):
        plain = socket.create_connection(("127.0.0.1", 2377), timeout=10)
        with Connection(context.wrap_socket(plain)) as stranger:
            stranger.send(request("POST", "http://host/%67rpc", asked))
            assert stranger.read_response().status == 403
    assert modern.http2 == 0
