"""Large, many, slow and broken streams: every byte arrives, and droverd stays small."""

import concurrent.futures
import hashlib
import io
import os
import socket
import struct
import tarfile
import threading
import time

import pytest

from harness.containers import create_exec, run, start_exec
from harness.droverd import is_sanitized
from harness.engine import wait_until
from harness.http1 import Closed, read_frame, read_frames

pytestmark = pytest.mark.asan

MiB = 1 << 20
GiB = 1 << 30


class Flow:
    """`size` bytes that do not repeat, made while they are read, and their SHA-256."""

    def __init__(self, size):
        self.size = size
        self.digest = hashlib.sha256()
        self._block = bytearray(os.urandom(MiB))

    def __iter__(self):
        for number in range(self.size // MiB):
            struct.pack_into(">Q", self._block, 0, number)
            self.digest.update(self._block)
            yield self._block


def tar_head(name, size):
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf()


def send_flow(connection, flow):
    for block in flow:
        connection.send(block)


def digest_of_chunks(connection, skip, size):
    """The SHA-256 of `size` bytes of a chunked body after its first `skip` bytes; reads to its end."""
    digest = hashlib.sha256()
    while chunk := connection.read_chunk():
        if skip:
            skipped = min(skip, len(chunk))
            chunk, skip = chunk[skipped:], skip - skipped
        digest.update(chunk[:size])
        size -= min(size, len(chunk))
    assert size == 0
    return digest


@pytest.mark.slow
def test_a_gigabyte_goes_up_and_comes_down_equal(client, droverd, sleeper):
    """PUT and GET of an archive; the upload with its length known, the download in chunks."""
    flow = Flow(GiB)
    head = tar_head("gigabyte", flow.size)
    with client.connect(timeout=120) as connection:
        connection.send(
            f"PUT /containers/{sleeper}/archive?path=/tmp HTTP/1.1\r\nHost: d\r\n".encode()
        )
        connection.send(b"Content-Length: %d\r\n\r\n" % (len(head) + flow.size + 1024) + head)
        send_flow(connection, flow)
        connection.send(bytes(1024))
        assert connection.read_response().status == 200
        connection.request("GET", f"/containers/{sleeper}/archive?path=/tmp/gigabyte")
        assert connection.read_head().status == 200
        assert digest_of_chunks(connection, 512, flow.size).digest() == flow.digest.digest()
    client.docker("exec", sleeper, "rm", "/tmp/gigabyte")
    if not is_sanitized():
        assert droverd.memory() < 64 * MiB


@pytest.mark.slow
def test_a_gigabyte_goes_through_an_exec_both_ways_at_once(client, droverd, sleeper):
    flow = Flow(GiB)
    with client.connect(timeout=120) as connection, concurrent.futures.ThreadPoolExecutor(
        1
    ) as pool:
        start_exec(connection, create_exec(client, sleeper, "cat"))
        reader = pool.submit(digest_of_frames, connection)
        send_flow(connection, flow)
        connection.close_write()
        digest, size = reader.result()
    assert size == flow.size
    assert digest == flow.digest.digest()
    if not is_sanitized():
        assert droverd.memory() < 64 * MiB


def digest_of_frames(connection):
    digest, size = hashlib.sha256(), 0
    while frame := read_frame(connection):
        assert frame[0] == 1
        digest.update(frame[1])
        size += len(frame[1])
    return digest.digest(), size


def test_a_hundred_execs_at_once(client, droverd, sleeper):
    before = droverd.fds()
    together = threading.Barrier(100)

    def one(number):
        data = os.urandom(50_000 + number)
        exec_id = create_exec(client, sleeper, "cat")
        with client.connect(timeout=60) as connection:
            together.wait(60)
            start_exec(connection, exec_id)
            connection.send(data)
            connection.close_write()
            return read_frames(connection)[1] == data

    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        assert all(pool.map(one, range(100)))
    wait_until(lambda: droverd.fds() <= before + 16, what="the descriptors' return")


@pytest.mark.slow
def test_a_thousand_runs_leave_nothing_behind(drover, droverd):
    """create, start, wait and remove, over a connection as a client library would.

    The containers have as little as possible of their own, and four run at a time: the time goes
    into the engine, not into us.
    """
    lean = {"NetworkMode": "none", "IpcMode": "host", "PidMode": "host", "UTSMode": "host",
            "LogConfig": {"Type": "none"}, "SecurityOpt": ["seccomp=unconfined"]}  # fmt: skip

    def runs(count):
        with drover.connect(timeout=60) as connection:
            for _ in range(count):
                body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": lean}
                container = connection.call("POST", "/containers/create", body).json()["Id"]
                assert connection.call("POST", f"/containers/{container}/start").status == 204
                wait = connection.call("POST", f"/containers/{container}/wait")
                assert wait.json()["StatusCode"] == 0
                assert connection.call("DELETE", f"/containers/{container}").status == 204

    def runs_in_all(count):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(runs, [count // 4] * 4))

    runs_in_all(100)
    fds, memory = droverd.fds(), droverd.memory()
    # Under the sanitizer fewer will do: its leak report does not depend on their number.
    runs_in_all(100 if is_sanitized() else 900)
    wait_until(lambda: droverd.fds() <= fds + 4, what="the descriptors' return")
    if not is_sanitized():
        assert droverd.memory() < memory + 2 * MiB


# --- slow and leaving readers -------------------------------------------------------------------------


@pytest.fixture
def endless(client, direct, sleeper):
    """Opens connections on which an exec writes as fast as it can.

    The engine lets such a command go on when its client has gone, so it is killed at the end.
    """

    def open_one():
        connection = client.connect(timeout=30)
        start_exec(connection, create_exec(client, sleeper, "yes", "x" * 1000, AttachStdin=False))
        return connection

    yield open_one
    direct.docker("exec", sleeper, "killall", "-9", "yes")


def test_a_reader_that_does_not_read_stalls_nobody_and_takes_no_memory(
    client, droverd, sleeper, endless
):
    readers = [endless() for _ in range(5)]
    try:
        memory = droverd.memory()
        began = time.monotonic()
        calls = 0
        while time.monotonic() - began < 2:
            call_began = time.monotonic()
            assert client.get(f"/containers/{sleeper}/json").status == 200
            assert time.monotonic() - call_began < 1.5
            calls += 1
        assert calls > 5
        if not is_sanitized():
            assert droverd.memory() < memory + 8 * MiB
    finally:
        for reader in readers:
            reader.close()


def test_a_slow_reader_gets_every_byte(client, sleeper):
    command = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"
    with client.connect() as connection:
        connection.sock.settimeout(30)
        start_exec(connection, create_exec(client, sleeper, "sh", "-c", command, AttachStdin=False))
        received = b""
        for pause in [0.3] * 4:
            time.sleep(pause)
            received += read_frame(connection)[1]
        received += read_frames(connection)[1]
    assert received == b"".join(b"line %d\n" % number for number in range(20000))


def test_an_upload_the_engine_does_not_read_takes_no_memory(client, droverd, sleeper):
    with client.connect(timeout=2) as connection:
        start_exec(connection, create_exec(client, sleeper, "sleep", "20"))
        memory = droverd.memory()
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 500 * MiB:
                connection.send(bytes(MiB))
                sent += MiB
        if not is_sanitized():
            assert droverd.memory() < memory + 8 * MiB


def test_half_close_towards_the_command_still_brings_its_answer(client, sleeper):
    """The command answers only once it has seen the end of its input."""
    with client.connect() as connection:
        start_exec(
            connection,
            create_exec(client, sleeper, "sh", "-c", "sha256sum; sleep 0.3; echo late >&2"),
        )
        data = os.urandom(3 * MiB)
        connection.send(data)
        connection.close_write()
        streams = read_frames(connection)
    assert streams[1].split()[0].decode() == hashlib.sha256(data).hexdigest()
    assert streams[2] == b"late\n"


def test_half_close_towards_the_client_comes_while_it_may_still_write(client, sleeper):
    with client.connect(timeout=10) as connection:
        start_exec(connection, create_exec(client, sleeper, "echo", "done"))
        assert read_frames(connection)[1] == b"done\n"  # ends though we have not closed
        try:
            connection.send(b"into the void")
        except OSError:
            pass  # refused is as good as ignored


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_gone_in_mid_stream_leaves_nothing(client, droverd, endless, how):
    before = droverd.fds()
    for _ in range(10):
        connection = endless()
        read_frame(connection)
        if how == "reset" and client.certs:
            with socket.socket(fileno=os.dup(connection.sock.fileno())) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    wait_until(lambda: droverd.fds() <= before + 8, what="the descriptors' return")


def test_a_client_gone_in_mid_upload_leaves_nothing(client, droverd, sleeper):
    before = droverd.fds()
    for _ in range(10):
        with client.connect() as connection:
            connection.send(
                f"PUT /containers/{sleeper}/archive?path=/tmp HTTP/1.1\r\nHost: d\r\n".encode()
            )
            connection.send(b"Transfer-Encoding: chunked\r\n\r\n")
            connection.send_chunk(tar_head("half", 50 * MiB) + bytes(MiB))
    wait_until(lambda: droverd.fds() <= before + 8, what="the descriptors' return")
    assert client.get("/_ping").body == b"OK"


def test_a_client_gone_in_mid_download_leaves_nothing(client, droverd, direct):
    before = droverd.fds()
    for _ in range(10):
        with client.connect() as connection:
            connection.request("GET", "/images/busybox/get")
            assert connection.read_head().status == 200
            connection.read_chunk()
    wait_until(lambda: droverd.fds() <= before + 8, what="the descriptors' return")


def test_a_container_killed_in_mid_stream_ends_the_stream(client, direct):
    run(direct, "subject", "sh", "-c", "while :; do echo line; sleep 0.01; done")
    with client.connect(timeout=10) as connection:
        connection.request("GET", "/containers/subject/logs?follow=1&stdout=1")
        assert connection.read_head().status == 200
        connection.read_chunk()
        assert direct.post("/containers/subject/kill").status == 204
        try:
            while connection.read_chunk():
                pass
        except Closed:
            pytest.fail("the last chunk is missing")


def test_many_followers_of_one_log_all_get_all_lines(client, direct):
    script = "sleep 1; i=0; while [ $i -lt 200 ]; do echo line $i; i=$((i+1)); done; sleep 1"
    run(direct, "subject", "sh", "-c", script)

    def follow(_):
        with client.connect() as connection:
            connection.request("GET", "/containers/subject/logs?follow=1&stdout=1")
            body = io.BytesIO(connection.read_response().body)
        lines = []
        while head := body.read(8):
            lines.append(body.read(int.from_bytes(head[4:], "big")))
        return lines == [b"line %d\n" % number for number in range(200)]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert all(pool.map(follow, range(20)))
