"""What no decent client sends: an answer of 400 to 499 or a closed connection, a line in the log, no
descriptor left behind, and nothing to notice for anybody else.
"""

import os
import re
import resource
import ssl
import threading
import time

import pytest

from harness.containers import create_exec, start_exec
from harness.droverd import Droverd, is_sanitized
from harness.engine import wait_until
from harness.http1 import Closed, Connection
from harness.tls import TlsSocket, client_context

pytestmark = pytest.mark.asan

HEAD_TIMEOUT = 1.0


@pytest.fixture(scope="module")
def target(engine, workdir, certs):
    """A daemon of this module's own, which gives up on unfinished heads after a second."""
    daemon = Droverd(workdir / "bad", engine.socket, certs, ["--head-timeout", "1s"]).start()
    yield daemon
    daemon.stop()
    daemon.check_log_has_no_error()


@pytest.fixture(params=["unix", "tls"])
def endpoint(request, target, config_dir):
    return (
        target.endpoint(config_dir) if request.param == "unix" else target.tls_endpoint(config_dir)
    )


class Bystander(threading.Thread):
    """A decent client with a connection that calls all the time and a stream that stays open."""

    def __init__(self, endpoint, container):
        super().__init__()
        self.calls = 0
        self.slowest = 0.0
        self.fault = None
        self._endpoint = endpoint
        self._container = container
        self._end = threading.Event()

    def run(self):
        try:
            with self._endpoint.connect() as calls, self._endpoint.connect() as stream:
                start_exec(stream, create_exec(self._endpoint, self._container, "cat"))
                while not self._end.wait(0.01):
                    began = time.monotonic()
                    assert calls.call("GET", f"/containers/{self._container}/json").status == 200
                    stream.send(b"beat")
                    assert stream.read_exactly(12)[8:] == b"beat"
                    self.slowest = max(self.slowest, time.monotonic() - began)
                    self.calls += 1
        except Exception as fault:
            self.fault = fault

    def finish(self):
        self._end.set()
        self.join()


@pytest.fixture(autouse=True)
def others_notice_nothing(target, config_dir, sleeper):
    """Around each test: a bystander goes on unharmed, and afterwards no descriptor is left."""
    before = target.fds()
    bystander = Bystander(target.endpoint(config_dir), sleeper)
    bystander.start()
    yield
    wait_until(lambda: bystander.calls > 3 or bystander.fault, what="the bystander's calls")
    bystander.finish()
    assert bystander.fault is None
    assert bystander.slowest < 5
    wait_until(lambda: target.fds() <= before + 4, what="the descriptors' return")


@pytest.fixture
def logged(target):
    """Tells what the log has got since the test began, except the bystander's requests."""
    start = target.log_path.stat().st_size

    def new_records():
        records = target.log_records(start)
        return [record for record in records if record.get("status") not in (101, 200, 201)]

    return new_records


def judge(connection):
    """Reads the answer to nonsense: at most one, in Docker's error shape, then the end.

    Its status is 4xx, or 505 for a version that is not HTTP/1.
    """
    try:
        answer = connection.read_response()
    except (Closed, ConnectionError):
        return None
    assert 400 <= answer.status <= 499 or answer.status == 505, answer
    assert answer.message
    assert connection.recv() == b"", "the connection goes on after nonsense"
    return answer.status


REQUEST_LINES = {
    "garbage": b"\x00\x01\x02\x03garbage\xff\xfe\r\n\r\n",
    "nothing but line ends and garbage": b"\r\n\r\n\r\n\x80\x80\r\n\r\n",
    "no version": b"GET /_ping\r\n\r\n",
    "version without a number": b"GET /_ping HTTP/\r\n\r\n",
    "a version of the future": b"GET /_ping HTTP/9.9\r\nHost: d\r\n\r\n",
    "another protocol": b"GET /_ping RTSP/1.0\r\nHost: d\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\nHost: d\r\n\r\n",
    "space in the target": b"GET /containers/a b/json HTTP/1.1\r\nHost: d\r\n\r\n",
    "NUL in the target": b"GET /containers/\0/json HTTP/1.1\r\nHost: d\r\n\r\n",
    "control character in the target": b"GET /containers/\x01/json HTTP/1.1\r\nHost: d\r\n\r\n",
    "no method": b" /_ping HTTP/1.1\r\nHost: d\r\n\r\n",
    "an unknown method": b"FROBNICATE /_ping HTTP/1.1\r\nHost: d\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
}

HEADERS = {
    "no colon": b"Host d\r\n",
    "no name": b": value\r\nHost: d\r\n",
    "space in the name": b"Ho st: d\r\n",
    "space before the colon": b"Host : d\r\n",
    "NUL in the name": b"X-\0: d\r\nHost: d\r\n",
    "NUL in the value": b"X: a\0b\r\nHost: d\r\n",
    "control character in the value": b"X: a\x01b\r\nHost: d\r\n",
    "carriage return in the value": b"X: a\rb: c\r\nHost: d\r\n",
    "no Host": b"X: y\r\n",
    "two Hosts": b"Host: a\r\nHost: b\r\n",
}

FRAMINGS = {
    "both lengths": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "both lengths, the other way round": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "both lengths, oddly spelt": b"Content-Length: 5\r\nTRANSFER-ENCODING:\tchunked\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "a list of lengths": b"Content-Length: 5, 6\r\n",
    "a negative length": b"Content-Length: -5\r\n",
    "a signed length": b"Content-Length: +5\r\n",
    "a hexadecimal length": b"Content-Length: 0x5\r\n",
    "a length with a rest": b"Content-Length: 5 5\r\n",
    "an empty length": b"Content-Length: \r\n",
    "a length beyond 64 bits": b"Content-Length: 99999999999999999999999\r\n",
    "an unknown encoding": b"Transfer-Encoding: xchunked\r\n",
    "chunked, but not last": b"Transfer-Encoding: chunked, identity\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n",
    "chunked twice in two headers": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
}

CHUNKS = {
    "no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "negative": b"-5\r\nhello\r\n0\r\n\r\n",
    "with a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "beyond 64 bits": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "empty": b"\r\nhello\r\n0\r\n\r\n",
    "too short for its data": b"3\r\nhello\r\n0\r\n\r\n",
    "NUL in the size": b"5\0\r\nhello\r\n0\r\n\r\n",
}


def nonsense():
    for name, data in REQUEST_LINES.items():
        yield pytest.param(data, id=f"request line: {name}")
    for name, lines in HEADERS.items():
        yield pytest.param(b"GET /_ping HTTP/1.1\r\n" + lines + b"\r\n", id=f"header: {name}")
    for name, lines in FRAMINGS.items():
        head = b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
        smuggled = b"0\r\n\r\nDELETE /containers/sleeper?force=1 HTTP/1.1\r\nHost: d\r\n\r\n"
        yield pytest.param(head + lines + b"\r\n" + smuggled, id=f"framing: {name}")
    for name, body in CHUNKS.items():
        head = b"POST /containers/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n"
        yield pytest.param(
            head + b"Content-Type: application/json\r\n\r\n" + body, id=f"chunk size: {name}"
        )


@pytest.mark.parametrize("data", nonsense())
def test_nonsense_is_refused_and_logged(endpoint, direct, logged, data):
    with endpoint.connect(timeout=HEAD_TIMEOUT + 5) as connection:
        connection.send(data)
        judge(connection)
    wait_until(logged, what="a line in the log")
    assert direct.get("/containers/sleeper/json").json()["State"]["Running"], "smuggled through"


@pytest.mark.parametrize("size", [70_000, 1_000_000, 20_000_000])
@pytest.mark.parametrize("where", ["target", "header", "header name", "many headers"])
def test_an_oversized_head_is_refused(endpoint, target, logged, where, size):
    memory = target.memory()
    head = {
        "target": b"GET /" + b"x" * size + b" HTTP/1.1\r\nHost: d\r\n\r\n",
        "header": b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: " + b"x" * size + b"\r\n\r\n",
        "header name": b"GET /_ping HTTP/1.1\r\nHost: d\r\n" + b"x" * size + b": x\r\n\r\n",
        "many headers": b"GET /_ping HTTP/1.1\r\nHost: d\r\n" + b"X: y\r\n" * (size // 6) + b"\r\n",
    }[where]
    with endpoint.connect() as connection:
        try:
            connection.send(head)
        except (OSError, ssl.SSLError):
            pass  # the rest was refused
        assert judge(connection) in (None, 414, 431)
    wait_until(logged, what="a line in the log")
    if not is_sanitized():
        assert target.memory() < memory + (4 << 20)


def test_too_many_headers_are_refused_with_431(endpoint, logged):
    with endpoint.connect() as connection:
        connection.send(b"GET /_ping HTTP/1.1\r\nHost: d\r\n" + b"X: y\r\n" * 1000 + b"\r\n")
        assert judge(connection) == 431
    wait_until(logged, what="a line in the log")


# --- silence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent", [b"G", b"GET /_ping HTTP/1.1\r\n", b"GET /_ping HTTP/1.1\r\nHost: d\r\nX: half"]
)
def test_half_a_request_then_silence_is_ended(endpoint, logged, sent):
    with endpoint.connect(timeout=HEAD_TIMEOUT + 5) as connection:
        connection.send(sent)
        began = time.monotonic()
        assert judge(connection) in (None, 408)
        assert time.monotonic() - began < HEAD_TIMEOUT + 3
    wait_until(logged, what="a line in the log")


def test_a_slow_loris_is_ended_though_it_keeps_sending(endpoint, logged):
    """Every byte comes well within the time limit, but the limit is for the whole head."""
    connections = [endpoint.connect() for _ in range(100)]
    began = time.monotonic()
    ended = 0
    for (
        byte
    ) in b"GET /_ping HTTP/1.1\r\nHost: d\r\nX-Slow: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy":
        if time.monotonic() - began > HEAD_TIMEOUT + 2:
            break
        for connection in connections:
            try:
                connection.send(bytes([byte]))
            except OSError:
                ended += 1
        time.sleep(0.1)
    for connection in connections:
        connection.close()
    assert ended >= 100
    wait_until(logged, what="a line in the log")


def test_a_tls_handshake_that_never_comes_is_ended(target, config_dir, logged):
    with target.tls_endpoint(config_dir).raw_socket(timeout=HEAD_TIMEOUT + 5) as sock:
        sock.sendall(b"\x16\x03\x01")
        assert sock.recv(1) == b""
    wait_until(logged, what="a line in the log")


def test_a_slow_body_is_no_offence(endpoint):
    """Only heads have a time limit; an upload may pause."""
    with endpoint.connect() as connection:
        connection.send(b"POST /containers/create?name=slow HTTP/1.1\r\nHost: d\r\n")
        connection.send(b'Content-Type: application/json\r\nContent-Length: 19\r\n\r\n{"Image":')
        time.sleep(HEAD_TIMEOUT + 0.5)
        connection.send(b'"busybox"}')
        assert connection.read_response().status == 201


@pytest.mark.slow
def test_ten_thousand_idle_connections_harm_nobody(target, config_dir, note):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    endpoint = target.endpoint(config_dir)
    memory = target.memory()
    connections = []
    try:
        for number in range(10_000):
            connections.append(endpoint.connect())
            if number % 10 == 0:  # some have been of use before
                assert connections[-1].call("GET", "/_ping").status == 200
        wait_until(lambda: target.fds() > 10_000, what="ten thousand accepted connections")
        each = (target.memory() - memory) / len(connections)
        began = time.monotonic()
        assert endpoint.get("/_ping").body == b"OK"
        assert time.monotonic() - began < 1
        time.sleep(HEAD_TIMEOUT + 0.5)
        assert (
            connections[0].call("GET", "/_ping").body == b"OK"
        ), "idle between requests is no offence"
    finally:
        for connection in connections:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    wait_until(lambda: target.fds() < 200, what="the descriptors' return")
    if not is_sanitized():
        note(f"idle connections: {each:.0f} bytes each")
        assert each <= 6 * 1024


def test_connections_opened_and_closed_without_a_word_leave_nothing(endpoint):
    for _ in range(300):
        endpoint.raw_socket().close()


# --- certificates ---------------------------------------------------------------------------------


def refused_by_tls(connect):
    """Whether a TLS client gets no HTTP answer; with TLS 1.3 it may learn only when it reads."""
    try:
        with Connection(connect()) as connection:
            connection.request("GET", "/_ping")
            return connection.recv() == b""
    except (ssl.SSLError, ConnectionError):
        return True


def tls_connect(target, config_dir, context):
    endpoint = target.tls_endpoint(config_dir)
    return TlsSocket(endpoint.raw_socket(timeout=5), context, "127.0.0.1")


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS1.2", "TLS1.3"]
)
@pytest.mark.parametrize("certificate", ["none", "stranger"])
def test_a_client_without_our_certificate_is_refused(
    target, config_dir, certs, logged, certificate, version
):
    owner = "stranger" if certificate == "stranger" else "ours"
    context = client_context(certs / owner, with_client_cert=certificate != "none")
    context.maximum_version = version
    assert refused_by_tls(lambda: tls_connect(target, config_dir, context))
    wait_until(
        lambda: any("certificate" in str(record).lower() for record in logged()),
        what="the reason in the log",
    )


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_is_refused(target, config_dir, certs, logged):
    context = client_context(certs / "ours")
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert refused_by_tls(lambda: tls_connect(target, config_dir, context))
    wait_until(logged, what="a line in the log")


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS1.2", "TLS1.3"]
)
def test_tls_1_2_and_1_3_are_served(target, config_dir, certs, version):
    context = client_context(certs / "ours")
    context.minimum_version = context.maximum_version = version
    with Connection(tls_connect(target, config_dir, context)) as connection:
        assert connection.call("GET", "/_ping").body == b"OK"


def test_plain_text_on_the_tls_port_is_refused(target, config_dir, logged):
    with Connection(target.tls_endpoint(config_dir).raw_socket(timeout=5)) as connection:
        connection.request("GET", "/_ping")
        try:
            answer = connection.recv()
        except ConnectionResetError:
            answer = b""
    tls_alert = b"\x15"
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", tls_alert))
    wait_until(logged, what="a line in the log")


def test_garbage_within_tls_records_is_refused(target, config_dir, certs, logged):
    endpoint = target.tls_endpoint(config_dir)
    with endpoint.raw_socket(timeout=5) as sock:
        TlsSocket(sock, client_context(certs / "ours"), "127.0.0.1")
        sock.sendall(b"\x17\x03\x03\x00\x20" + os.urandom(32))
        while data := sock.recv(65536):
            assert data
    wait_until(logged, what="a line in the log")


def test_the_docker_cli_says_what_is_wrong_with_its_certificate(target, config_dir):
    endpoint = target.tls_endpoint(config_dir, who="stranger")
    done = endpoint.cli("version")
    assert done.returncode != 0
    assert re.search(
        rb"certificate|handshake failure|bad record|unknown authority", done.stderr
    ), done.stderr


def test_random_bytes_do_no_harm(endpoint, logged):
    for _ in range(50):
        with endpoint.connect() as connection:
            try:
                connection.send(os.urandom(2000) + b"\r\n\r\n")
                judge(connection)
            except ConnectionError:
                pass
    wait_until(lambda: len(logged()) >= 50, what="fifty lines in the log")
