"""The HTTP of the Engine API on the wire: heads, versions, framing, hijacks."""

import concurrent.futures
import io
import json
import os
import subprocess
import tarfile

import pytest
import websocket

from harness.containers import create_exec, run, start_exec
from harness.engine import wait_until
from harness.http1 import read_frames
from harness.tls import client_context

UPGRADE = {"Connection": "Upgrade", "Upgrade": "tcp"}
# Headers that say something about the one connection or moment, not about the answer.
INCIDENTAL = {"date", "connection"}


def headers_of(response):
    return sorted(
        (name.lower(), value) for name, value in response.headers if name.lower() not in INCIDENTAL
    )


def same_answer(direct, client, method, path, body=None, headers=None):
    wanted = direct.call(method, path, body, headers)
    got = client.call(method, path, body, headers)
    if len(wanted.body) != len(got.body):
        # "Up 9 seconds" became "Up 10 seconds" between the two; it does not happen twice in a row.
        wanted = direct.call(method, path, body, headers)
        got = client.call(method, path, body, headers)
    assert (got.status, orderless(got.body)) == (wanted.status, orderless(wanted.body))
    # The engine leaves its own headers out where it knows no such path; we may add them there.
    missing = set(headers_of(wanted)) - set(headers_of(got))
    assert not missing
    if wanted.header("Api-Version"):
        assert headers_of(got) == headers_of(wanted)
    return got


def orderless(body):
    """An answer's value without what differs from call to call: order of a list, age of a container."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    if isinstance(value, list):
        value = sorted(({**entry, "Status": None} for entry in value), key=str)
    return value


def tar_of(**files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


# --- heads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/_ping", "/version", "/containers/json", "/images/json", "/networks",
                                  "/containers/sleeper/json", "/containers/nosuch/json", "/nosuch",
                                  "/images/busybox/json", "/volumes", "/plugins", "/swarm"])  # fmt: skip
def test_heads_and_bodies_are_the_engines(client, direct, sleeper, path):
    got = same_answer(direct, client, "GET", path)
    for name in ("Api-Version", "Ostype", "Server", "Docker-Experimental"):
        assert got.header(name) or path == "/nosuch", name


def test_info_has_the_engines_head(client, direct):
    assert headers_of(client.get("/info"))[0] == headers_of(direct.get("/info"))[0]
    assert client.get("/info").json()["ID"] == direct.get("/info").json()["ID"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/_ping", "/v1.41/_ping", "/v1.24/_ping"])
def test_ping_is_the_engines(client, direct, method, path):
    got = same_answer(direct, client, method, path)
    assert got.status == 200
    assert "no-cache" in got.header("Cache-Control")


def test_head_of_an_archive_carries_the_path_stat(client, direct, sleeper):
    got = same_answer(direct, client, "HEAD", f"/containers/{sleeper}/archive?path=/etc/passwd")
    assert got.header("X-Docker-Container-Path-Stat")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/_ping", "/version", "/containers/json", "/nosuch"])
def test_other_methods_get_the_engines_answer(drover, direct, method, path):
    same_answer(direct, drover, method, path)


# --- versions and paths ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", [f"1.{minor}" for minor in range(24, 42)])
def test_every_api_version_is_served(client, direct, sleeper, version):
    for path in ("_ping", "version", "containers/json?all=1", "images/json", f"containers/{sleeper}/json",
                 "networks", "volumes", "events?since=1&until=2", "nosuch"):  # fmt: skip
        same_answer(direct, client, "GET", f"/v{version}/{path}")


@pytest.mark.parametrize("path", ["/v1.99/version", "/v1.99/containers/json", "/v1.99/_ping", "/v2.0/info",
                                  "/v1.1/version", "/v0.1/containers/json", "/v1/version", "/v1.41.2/version",
                                  "/vx.y/version", "/v1.41", "/v1.41/", "/", "//version", "/version/",
                                  "/v1.41//containers/json", "/%5fping", "/containers/../version",
                                  "/containers//json", "/Version", "/containers/json/", "/_ping?x=%zz",
                                  "/containers/a%2Fb/json", "/containers/json?all=maybe",
                                  "/containers/json?limit=x", "/containers/json?filters=x"])  # fmt: skip
def test_odd_paths_get_the_engines_answer(drover, direct, path):
    same_answer(direct, drover, "GET", path)


def test_an_absolute_target_is_understood(client, direct):
    same_answer(direct, client, "GET", "http://docker/v1.41/containers/nosuch/json")


def test_query_strings_arrive_as_sent(client, direct, sleeper):
    run(direct, "labelled", "sleep", "1d", Labels={"a b": "c&d=é/%"})
    for query in ('{"label":["a b=c&d=é/%"]}', '{"label": {"a b": true}}'):
        quoted = "".join(
            f"%{byte:02X}" if byte in b' "&%=+#' or byte > 127 else chr(byte)
            for byte in query.encode()
        )
        names = [
            entry["Names"] for entry in client.get(f"/containers/json?filters={quoted}").json()
        ]
        assert names == [["/labelled"]]


# --- connections ----------------------------------------------------------------------------------


def test_a_connection_serves_many_requests(client, sleeper):
    with client.connect() as connection:
        for _ in range(30):
            assert connection.call("GET", f"/containers/{sleeper}/json").status == 200
            assert connection.call("GET", "/containers/nosuch/json").status == 404
            assert connection.call("HEAD", "/_ping").status == 200
            assert connection.call("GET", "/containers/json").status == 200


@pytest.mark.asan
def test_pipelined_requests_are_answered_in_order(client, sleeper):
    create = json.dumps({"Cmd": ["true"]}).encode()
    calls = [("GET", f"/containers/{sleeper}/json", b""), ("GET", "/_ping", b""), ("GET", "/nosuch", b""),
             ("POST", f"/containers/{sleeper}/exec", create), ("GET", "/containers/json", b""),
             ("HEAD", "/_ping", b""), ("GET", f"/containers/{sleeper}/top", b""), ("GET", "/version", b"")]  # fmt: skip
    burst = b""
    for method, path, body in calls:
        burst += (
            f"{method} {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n".encode()
        )
        burst += b"Content-Length: %d\r\n\r\n" % len(body) + body
    with client.connect() as connection:
        connection.send(burst * 3)
        for _ in range(3):
            answers = [connection.read_response(method) for method, _, _ in calls]
            assert [answer.status for answer in answers] == [200, 200, 404, 201, 200, 200, 200, 200]
            assert answers[0].json()["Name"] == "/" + sleeper
            assert answers[1].body == b"OK"
            assert answers[4].json()[0]["Names"] == ["/" + sleeper]
            assert answers[6].json()["Titles"]
            assert answers[7].json()["ApiVersion"]


def test_a_request_in_single_bytes_is_understood(client):
    with client.connect() as connection:
        for byte in b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n":
            connection.send(bytes([byte]))
        assert connection.read_response().body == b"OK"


def test_connection_close_is_honoured(client):
    with client.connect() as connection:
        answer = connection.call("GET", "/containers/json", headers={"Connection": "close"})
        assert answer.header("Connection").lower() == "close"
        assert connection.recv() == b""


def test_http_1_0_gets_no_chunks_and_a_close(client, direct, sleeper):
    direct.docker("run", "--name", "talker", "busybox", "echo", "talk")
    for path in (
        "/containers/json",
        "/_ping",
        "/containers/talker/logs?stdout=1",
        "/events?since=1&until=2",
    ):
        with client.connect() as connection:
            connection.send(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            answer = connection.read_head()
            assert answer.status == 200
            assert answer.header("Transfer-Encoding") is None
            body = connection.read_until_close()
            assert len(body) == int(answer.header("Content-Length", len(body)))


@pytest.mark.asan
def test_many_clients_at_once_leave_few_engine_connections(client, engine, sleeper):
    def calls(_):
        with client.connect() as connection:
            return [connection.call("GET", f"/containers/{sleeper}/json").status for _ in range(10)]

    before = engine.client_connections()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        assert all(statuses == [200] * 10 for statuses in pool.map(calls, range(80)))
    wait_until(
        lambda: engine.client_connections() <= before + 40, what="few idle engine connections"
    )


# --- bodies ---------------------------------------------------------------------------------------


@pytest.mark.asan
def test_chunked_request_bodies_arrive_whole(client, direct, sleeper):
    content = os.urandom(300_000)
    archive = tar_of(chunked=content)
    with client.connect() as connection:
        connection.send(
            f"PUT /containers/{sleeper}/archive?path=/tmp HTTP/1.1\r\nHost: d\r\n".encode()
        )
        connection.send(b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        sizes = [1, 2, 15, 16, 17, 4095, 4096, 4097, 65535, 65537]
        position = 0
        while position < len(archive):
            size = sizes[position % len(sizes)]
            connection.send_chunk(archive[position : position + size])
            position += size
        connection.send(b"0;last=yes\r\nX-Sum: 1\r\n\r\n")
        assert connection.read_response().status == 200
        assert (
            connection.call("GET", "/_ping").body == b"OK"
        ), "the connection goes on after the trailers"
    with tarfile.open(
        fileobj=io.BytesIO(direct.get(f"/containers/{sleeper}/archive?path=/tmp/chunked").body)
    ) as tar:
        assert tar.extractfile("chunked").read() == content


def test_chunked_json_is_understood(client):
    with client.connect() as connection:
        connection.send(b"POST /containers/create?name=chunked HTTP/1.1\r\nHost: d\r\n")
        connection.send(b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b'{"Ima', b'ge":"busy', b'box"}'):
            connection.send_chunk(piece)
        connection.send_chunk(b"")
        assert connection.read_response().status == 201


@pytest.mark.parametrize("framing", ["", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n"])
def test_start_with_an_empty_body_in_any_framing(client, direct, framing):
    direct.docker("create", "--name", "subject", "busybox", "true")

    def start(endpoint):
        with endpoint.connect() as connection:
            last_chunk = "0\r\n\r\n" if "chunked" in framing else ""
            connection.send(
                f"POST /containers/subject/start HTTP/1.1\r\nHost: d\r\n{framing}\r\n{last_chunk}".encode()
            )
            return connection.read_response().status

    wanted = start(direct)
    direct.docker("rm", "-f", "subject")
    direct.docker("create", "--name", "subject", "busybox", "true")
    assert start(client) == wanted


def test_expect_100_is_answered_before_the_body_is_sent(client, sleeper):
    archive = tar_of(expected=b"expected")
    with client.connect(timeout=5) as connection:
        connection.send(
            f"PUT /containers/{sleeper}/archive?path=/tmp HTTP/1.1\r\nHost: d\r\n".encode()
        )
        connection.send(b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(archive))
        assert connection.read_head().status == 100
        connection.send(archive)
        assert connection.read_response().status == 200


def test_expect_100_may_be_refused_at_once(client):
    with client.connect(timeout=5) as connection:
        connection.send(b"PUT /containers/nosuch/archive?path=/tmp HTTP/1.1\r\nHost: d\r\n")
        connection.send(b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
        answer = connection.read_head()
        if answer.status == 100:  # allowed too: then the body is read, and the answer follows
            connection.send(bytes(1000000))
            answer = connection.read_response()
        assert answer.status == 404


def test_curl_uploads_with_expect(client, direct, sleeper, tmp_path):
    (tmp_path / "tar").write_bytes(tar_of(curled=b"by curl" * 100_000))
    if client.certs:
        certs = client.certs
        where = [f"https://{client.address[0]}:{client.address[1]}", "--cacert", certs / "ca.pem",
                 "--cert", certs / "cert.pem", "--key", certs / "key.pem"]  # fmt: skip
    else:
        where = ["http://docker", "--unix-socket", client.address]
    url = f"{where[0]}/containers/{sleeper}/archive?path=/tmp"
    done = subprocess.run(
        ["curl", "-sSv", *where[1:], "-H", "Expect: 100-continue", "-T", tmp_path / "tar", url],
        capture_output=True,
        timeout=30,
    )
    assert b"100 Continue" in done.stderr and b"HTTP/1.1 200" in done.stderr
    assert direct.docker("exec", sleeper, "wc", "-c", "/tmp/curled") == "700000 /tmp/curled"


def test_an_upload_refused_early_does_not_harm_the_client(client):
    """The engine answers 404 without reading the body; the answer must reach a client that sends on."""
    with client.connect() as connection:
        connection.send(
            b"PUT /containers/nosuch/archive?path=/ HTTP/1.1\r\nHost: d\r\nContent-Length: 3000000\r\n\r\n"
        )
        try:
            for _ in range(30):
                connection.send(bytes(100_000))
        except OSError:
            pass  # refusing further bytes is fine
        assert connection.read_response().status == 404
    assert client.get("/_ping").body == b"OK"


# --- hijacked streams -----------------------------------------------------------------------------


@pytest.mark.asan
def test_upgrade_answers_101_and_then_speaks_raw(client, direct, sleeper):
    def start(endpoint):
        with endpoint.connect() as connection:
            head = start_exec(connection, create_exec(direct, sleeper, "cat"))
            connection.send(b"over the upgrade")
            connection.close_write()
            return head.status, headers_of(head), read_frames(connection)

    wanted = start(direct)
    assert wanted[0] == 101
    assert start(client) == wanted


@pytest.mark.asan
def test_without_upgrade_a_hijack_answers_200_without_framing(client, direct, sleeper):
    def start(endpoint):
        with endpoint.connect() as connection:
            head = start_exec(connection, create_exec(direct, sleeper, "cat"), upgrade=False)
            connection.send(b"old style")
            connection.close_write()
            return head.status, headers_of(head), read_frames(connection)

    wanted = start(direct)
    assert wanted[0] == 200 and wanted[2][1] == b"old style"
    assert start(client) == wanted


@pytest.mark.asan
@pytest.mark.parametrize("upgrade", [True, False], ids=["upgrade", "old"])
def test_bytes_sent_along_with_the_request_reach_the_command(client, direct, sleeper, upgrade):
    # dockerd itself drops what it has buffered when it hijacks, so these bytes have to wait for its
    # answer on their way.
    early = os.urandom(100_000)
    with client.connect() as connection:
        exec_id = create_exec(direct, sleeper, "cat")
        start_exec(connection, exec_id, upgrade=upgrade, early=early)
        connection.close_write()
        assert read_frames(connection)[1] == early


@pytest.mark.asan
def test_half_close_by_the_command_ends_the_clients_reading(client, direct, sleeper):
    """`exec >&-` closes the outputs; the engine ends the stream when the command ends."""
    with client.connect(timeout=5) as connection:
        start_exec(connection, create_exec(direct, sleeper, "sh", "-c", "echo all; exit 4"))
        assert read_frames(connection)[1] == b"all\n"
        # Our writing side is still open: the end of the stream must come without our close.


@pytest.mark.asan
def test_attach_carries_both_directions(client, direct):
    run(direct, "subject", "cat", OpenStdin=True, StdinOnce=True, AttachStdin=True)
    with client.connect() as connection:
        connection.request(
            "POST", "/containers/subject/attach?stream=1&stdin=1&stdout=1", headers=UPGRADE
        )
        assert connection.read_head().status == 101
        connection.send(b"attached")
        connection.close_write()
        assert read_frames(connection)[1] == b"attached"


def test_a_refused_upgrade_is_an_ordinary_answer(client, direct):
    with client.connect() as connection:
        connection.request("POST", "/containers/nosuch/attach?stream=1&stdout=1", b"", UPGRADE)
        assert connection.read_response().status == 404


def test_attach_by_websocket(client, direct):
    run(direct, "subject", "cat", OpenStdin=True, Tty=True)
    sock = client.raw_socket()
    if client.certs:
        sock = client_context(client.certs).wrap_socket(sock, server_hostname=client.address[0])
    url = "ws://docker/containers/subject/attach/ws?stream=1&stdin=1&stdout=1&stderr=1"
    stream = websocket.create_connection(url, socket=sock, origin="http://docker")
    stream.send_binary(b"by websocket\n")
    seen = b""
    while seen.count(b"by websocket") < 2:  # the terminal's echo, then cat's
        data = stream.recv()
        seen += data if isinstance(data, bytes) else data.encode()
    stream.close()


@pytest.mark.asan
@pytest.mark.parametrize("leave", ["at the end", "in the middle"])
def test_hijacked_connections_are_given_back(client, direct, droverd, sleeper, leave):
    """Counted in droverd: dockerd keeps the sockets of hijacks until its next garbage collection."""
    before = droverd.fds()
    command = "true" if leave == "at the end" else "cat"
    for _ in range(20):
        with client.connect() as connection:
            start_exec(connection, create_exec(direct, sleeper, command))
            if leave == "at the end":
                read_frames(connection)
    wait_until(lambda: droverd.fds() <= before + 2, what="the hijacked connections' end")
