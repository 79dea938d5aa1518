"""python3-docker through droverd: images, containers, streams, raw sockets, as its users call them."""

import io
import tarfile
import threading

import docker
import pytest
from docker.tls import TLSConfig

from harness.containers import sleeping

NODE = 3


@pytest.fixture
def py(setting, monkeypatch):
    """A docker.DockerClient that has negotiated its API version by itself."""
    client = setting.client
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they would win over the client's own CA
        monkeypatch.delenv(name, raising=False)
    if client.certs:
        tls = TLSConfig(
            (client.certs / "cert.pem", client.certs / "key.pem"),
            str(client.certs / "ca.pem"),
            verify=True,
        )
        library = docker.DockerClient(
            base_url=client.host.replace("tcp", "https"), tls=tls, version="auto", timeout=30
        )
    else:
        library = docker.DockerClient(base_url=client.host, version="auto", timeout=30)
    yield library
    library.close()


@pytest.fixture(scope="module")
def sleeper(setting):
    """As the one of conftest.py; in a cluster on another host than the one we talk to."""
    with sleeping(setting.far) as name:
        yield name


def test_version_and_info_are_the_engines(py, setting):
    assert (
        py.version()["ApiVersion"]
        == py.api.api_version
        == setting.own.get("/version").json()["ApiVersion"]
    )
    assert py.info()["ID"] == setting.own.get("/info").json()["ID"]
    assert py.ping()


def test_run_returns_the_output(py):
    assert py.containers.run("busybox", "echo hello", remove=True) == b"hello\n"


def test_run_raises_on_a_bad_exit_code(py):
    with pytest.raises(docker.errors.ContainerError) as raised:
        py.containers.run("busybox", ["sh", "-c", "echo why >&2; exit 5"], remove=True)
    assert raised.value.exit_status == 5
    assert raised.value.stderr == b"why\n"


def test_a_containers_life(py):
    container = py.containers.run(
        "busybox", "sleep 1d", name="life", detach=True, init=True, labels={"a": "b"}
    )
    container.reload()
    assert container.status == "running"
    container.pause()
    assert py.containers.get("life").status == "paused"
    container.unpause()
    container.rename("after")
    assert [each.name for each in py.containers.list(filters={"label": "a=b"})] == ["after"]
    container.stop(timeout=1)
    assert container.wait()["StatusCode"] == 143
    container.remove()
    with pytest.raises(docker.errors.NotFound):
        py.containers.get("after")


def test_errors_are_the_librarys_own(py):
    with pytest.raises(docker.errors.NotFound):
        py.containers.get("nosuch")
    with pytest.raises(docker.errors.ImageNotFound):
        py.images.get("nosuch")
    py.containers.create("busybox", name="taken")
    with pytest.raises(docker.errors.APIError, match="already in use"):
        py.containers.create("busybox", name="taken")


def test_exec_run_gives_exit_code_and_streams(py, sleeper):
    container = py.containers.get(sleeper)
    assert container.exec_run("sh -c 'echo out; exit 3'") == (3, b"out\n")
    code, output = container.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
    assert (code, output) == (0, (b"out\n", b"err\n"))
    lines = container.exec_run("seq 1 500", stream=True).output
    assert b"".join(lines) == b"".join(b"%d\n" % number for number in range(1, 501))


def test_exec_socket_is_raw_both_ways(py, sleeper):
    exec_id = py.api.exec_create(sleeper, "cat", stdin=True)["Id"]
    stream = py.api.exec_start(exec_id, socket=True)
    sock = getattr(stream, "_sock", stream)
    sock.sendall(b"raw bytes")
    received = b""
    while len(received) < 8 + 9:
        received += sock.recv(100)
    assert received == b"\x01\0\0\0\0\0\0\x09raw bytes"
    stream.close()


def test_attach_socket_is_raw_both_ways(py):
    container = py.containers.run("busybox", "cat", stdin_open=True, tty=True, detach=True)
    stream = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
    sock = getattr(stream, "_sock", stream)
    sock.sendall(b"typed\n")
    received = b""
    while received.count(b"typed") < 2:
        received += sock.recv(100)
    stream.close()


def test_attach_streams_until_the_end(py):
    container = py.containers.create(
        "busybox", ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done"]
    )
    # Not with the logs: dockerd joins the output before it reads the log, so a line that is written
    # between the two comes twice, also without droverd.
    output = container.attach(stream=True)
    container.start()
    assert b"".join(output) == b"line 1\nline 2\nline 3\n"
    assert container.attach(stream=False, logs=True) == b"line 1\nline 2\nline 3\n"


def test_logs_follow(py):
    container = py.containers.run(
        "busybox", ["sh", "-c", "echo one; sleep 0.5; echo two"], detach=True
    )
    assert b"".join(container.logs(stream=True, follow=True)) == b"one\ntwo\n"
    assert container.logs(tail=1) == b"two\n"


def test_events_stream_live(py):
    events = py.events(decode=True, filters={"type": "volume"})
    threading.Timer(0.3, lambda: py.volumes.create("eventful")).start()
    event = next(events)
    assert (event["Action"], event["Actor"]["ID"]) == ("create", "eventful")
    events.close()


def test_stats_stream(py, sleeper):
    stats = py.containers.get(sleeper).stats(decode=True, stream=True)
    first, second = next(stats), next(stats)
    assert first["read"] < second["read"]
    assert py.containers.get(sleeper).stats(stream=False)["pids_stats"]["current"] >= 2


def test_archives_go_both_ways(py, sleeper):
    container = py.containers.get(sleeper)
    buffer = io.BytesIO()
    content = bytes(range(256)) * 4000
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("by-docker-py")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    assert container.put_archive("/tmp", buffer.getvalue())
    chunks, status = container.get_archive("/tmp/by-docker-py")
    assert status["size"] == len(content)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        assert tar.extractfile("by-docker-py").read() == content


def test_images_build_tag_save_load_and_remove(py):
    image, log = py.images.build(
        fileobj=io.BytesIO(b"FROM busybox\nLABEL made=here\n"), tag="built", rm=True
    )
    assert image.labels == {"made": "here"}
    assert any("Successfully built" in line.get("stream", "") for line in log)
    image.tag("tagged")
    archive = b"".join(py.images.get("tagged").save(named=True))
    py.images.remove("tagged")
    assert py.images.load(archive)[0].id == image.id
    with pytest.raises(docker.errors.BuildError):
        py.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN false\n"))


def test_push_and_pull(py):
    image = py.images.get("busybox")
    image.tag("127.0.0.1:5000/itest/py")
    assert not any(
        "error" in line
        for line in py.images.push("127.0.0.1:5000/itest/py", stream=True, decode=True)
    )
    py.images.remove("127.0.0.1:5000/itest/py")
    assert py.images.pull("127.0.0.1:5000/itest/py", tag="latest").id == image.id


def test_networks_and_volumes(py, sleeper):
    network = py.networks.create("net", labels={"x": "y"})
    py.networks.create("home")  # in a cluster its containers are where the other network is, too
    container = py.containers.run("busybox", "sleep 1d", detach=True, init=True, network="home")
    network.connect(container, aliases=["friend"])
    network.reload()
    assert [each.id for each in network.containers] == [container.id]
    network.disconnect(container)
    network.remove()
    volume = py.volumes.create("data", labels={"x": "y"})
    assert [each.name for each in py.volumes.list(filters={"label": "x=y"})] == ["data"]
    volume.remove()


def test_wait_with_a_condition_and_a_time_limit(py):
    container = py.containers.run("busybox", "sleep 0.5", detach=True)
    assert container.wait(condition="not-running", timeout=20)["StatusCode"] == 0


def test_many_threads_share_a_client(py, sleeper):
    failures = []

    def work(number):
        try:
            code, output = py.containers.get(sleeper).exec_run(f"echo {number}")
            assert (code, output) == (0, b"%d\n" % number)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
