"""The engine goes away and comes back: droverd says so clearly meanwhile, and finds it again."""

import os
import re
import signal
import threading
import time

import pytest

from harness.containers import create_exec, run, start_exec
from harness.droverd import Droverd, free_port
from harness.endpoint import Endpoint
from harness.engine import Engine, wait_until
from harness.http1 import Closed

pytestmark = pytest.mark.asan

LISTS = [
    "/containers/json",
    "/containers/json?all=1",
    '/containers/json?all=1&filters={"status":["exited"]}',
]


@pytest.fixture(scope="module")
def mortal(engine):
    """An engine of this module's own, which its tests stop and start."""
    mortal = Engine(f"{engine.name}-down")
    mortal.up()
    yield mortal
    mortal.down()


@pytest.fixture(scope="module")
def mortal_direct(mortal, config_dir):
    return Endpoint(f"unix://{mortal.socket}", config_dir)


@pytest.fixture(scope="module")
def metrics_port():
    return free_port()


@pytest.fixture(scope="module")
def watcher(mortal, workdir, certs, metrics_port):
    """The droverd in front of it."""
    args = ["--metrics-listen", f"127.0.0.1:{metrics_port}"]
    daemon = Droverd(workdir / "down", mortal.socket, certs, args).start()
    yield daemon
    daemon.stop()


@pytest.fixture(params=["unix", "tls"])
def endpoint(request, watcher, config_dir):
    return (
        watcher.endpoint(config_dir)
        if request.param == "unix"
        else watcher.tls_endpoint(config_dir)
    )


@pytest.fixture(autouse=True)
def mended(mortal, watcher, mortal_direct, config_dir):
    """After each test the engine runs again, empty, and droverd has found it."""
    yield
    mortal.up()
    for container in mortal_direct.get("/containers/json?all=1").json():
        mortal_direct.call("DELETE", f"/containers/{container['Id']}?force=1&v=1")
    assert watcher.process.poll() is None, "droverd has gone with its engine"
    answers_again(watcher.endpoint(config_dir))


@pytest.fixture
def dead(mortal, watcher, config_dir):
    """The engine has ended, and droverd has noticed."""
    mortal.stop()
    wait_until(lambda: watcher.endpoint(config_dir).get("/version").status == 503, timeout=2)


def answers_again(endpoint):
    """Waits until droverd serves again; its back-off must not make people wait long."""
    wait_until(lambda: endpoint.get("/version").status == 200, timeout=5, what="droverd's return")


CALLS = [
    ("GET", "/_ping", None),
    ("GET", "/v1.41/_ping", None),
    ("GET", "/version", None),
    ("GET", "/info", None),
    ("GET", "/containers/json", None),
    ("GET", "/v1.24/containers/json?all=1", None),
    ("GET", "/containers/any/json", None),
    ("GET", "/containers/any/logs?follow=1&stdout=1", None),
    ("GET", "/events", None),
    ("GET", "/nosuch", None),
    ("POST", "/containers/create", {"Image": "busybox"}),
    ("POST", "/containers/any/wait", b""),
    ("POST", "/containers/any/attach?stream=1", b""),
    ("POST", "/build", b"x" * 100_000),
    ("PUT", "/containers/any/archive?path=/", b"x" * 3_000_000),
    ("DELETE", "/containers/any", None),
]


def test_every_call_answers_503_with_socket_and_reason(endpoint, mortal, dead):
    for method, path, body in CALLS:
        began = time.monotonic()
        answer = endpoint.call(method, path, body)
        assert answer.status == 503, (method, path, answer)
        assert answer.header("Content-Type").startswith("application/json")
        assert mortal.socket in answer.message
        assert re.search(r"[Cc]onnection refused|[Nn]o such file", answer.message), answer.message
        assert time.monotonic() - began < 2
    assert endpoint.call("HEAD", "/_ping").status == 503


def test_an_upgrade_answers_503_too(endpoint, dead):
    answer = endpoint.post(
        "/exec/any/start", {"Detach": False}, headers={"Connection": "Upgrade", "Upgrade": "tcp"}
    )
    assert answer.status == 503


def test_the_docker_cli_shows_the_reason(endpoint, mortal, dead):
    done = endpoint.cli("ps")
    assert done.returncode == 1
    assert mortal.socket.encode() in done.stderr


def test_many_calls_meanwhile_leave_nothing(endpoint, watcher, dead):
    endpoint.get("/version")
    before = watcher.fds()
    for _ in range(100):
        assert endpoint.get("/containers/json").status == 503
    wait_until(lambda: watcher.fds() <= before + 2, what="the descriptors' return")


def test_a_connection_survives_the_engine(endpoint, mortal):
    """The client's connection to droverd goes on, from 200 to 503 to 200."""
    with endpoint.connect(timeout=60) as connection:
        assert connection.call("GET", "/version").status == 200
        mortal.stop()
        wait_until(lambda: connection.call("GET", "/version").status == 503, timeout=2)
        assert connection.call("GET", "/containers/json").status == 503
        mortal.up()
        wait_until(lambda: connection.call("GET", "/version").status == 200, timeout=5)
        assert connection.call("GET", "/containers/json").status == 200


def ends(read):
    """Whether a stream has an end of any kind; a timeout would be none."""
    try:
        while read():
            pass
    except (Closed, ConnectionError):
        pass
    return True


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_streams_end_with_the_engine(endpoint, mortal, mortal_direct, watcher, how):
    run(mortal_direct, "subject", "sleep", "1d", HostConfig={"Init": True})
    before = watcher.fds()
    paths = ["/events", "/containers/subject/logs?follow=1&stdout=1", "/containers/subject/stats"]
    streams = []
    for path in paths:
        connection = endpoint.connect(timeout=15)
        connection.request("GET", path)
        assert connection.read_head().status == 200
        streams.append((connection, connection.read_chunk))
    for upgrade in (True, False):
        connection = endpoint.connect(timeout=15)
        start_exec(connection, create_exec(endpoint, "subject", "cat"), upgrade=upgrade)
        streams.append((connection, lambda connection=connection: connection.recv()))
    mortal.stop(how)
    for connection, read in streams:
        assert ends(read)
        connection.close()
    wait_until(lambda: watcher.fds() <= before + 2, what="the descriptors' return")


def test_a_call_under_way_is_answered(endpoint, mortal, mortal_direct):
    """An engine that dies before it has answered: the client is told, not left waiting."""
    run(mortal_direct, "subject", "sleep", "1d", HostConfig={"Init": True})
    with endpoint.connect(timeout=15) as connection:
        connection.request("POST", "/v1.29/containers/subject/wait", b"")
        time.sleep(0.3)
        mortal.stop(signal.SIGKILL)
        answer = connection.read_response()
    assert answer.status == 503
    assert mortal.socket in answer.message


def test_lists_are_right_as_soon_as_the_engine_is_back(endpoint, mortal, mortal_direct):
    """Engine down and up changes containers: some start by themselves, some are gone or exited."""
    run(
        mortal_direct,
        "always",
        "sleep",
        "1d",
        HostConfig={"Init": True, "RestartPolicy": {"Name": "always"}},
    )
    run(mortal_direct, "once", "sleep", "1d", HostConfig={"Init": True})
    assert len(endpoint.get(LISTS[0]).json()) == 2
    mortal.stop()
    mortal.up()
    answers_again(endpoint)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        for path in LISTS:
            got, wanted = endpoint.get(path), mortal_direct.get(path)
            assert got.status == 200
            assert undated(got) == undated(wanted)
    assert [entry["Names"] for entry in endpoint.get(LISTS[0]).json()] == [["/always"]]


def undated(answer):
    return [{**entry, "Status": entry["Status"].split()[0]} for entry in answer.json()]


def test_lists_follow_changes_made_while_droverd_was_cut_off(endpoint, mortal, mortal_direct):
    run(mortal_direct, "removed", "sleep", "1d", HostConfig={"Init": True})
    assert len(endpoint.get("/containers/json?all=1").json()) == 1
    mortal.stop(signal.SIGKILL)
    mortal.up()
    mortal_direct.call("DELETE", "/containers/removed?force=1")
    run(mortal_direct, "fresh", "sleep", "1d", HostConfig={"Init": True})
    answers_again(endpoint)
    assert [entry["Names"] for entry in endpoint.get("/containers/json?all=1").json()] == [
        ["/fresh"]
    ]


def test_events_flow_again_after_the_return(endpoint, mortal):
    mortal.stop()
    mortal.up()
    answers_again(endpoint)
    with endpoint.connect(timeout=10) as connection:
        # dockerd sends its head before it begins to listen, so what was earlier is asked for too.
        begin = int(time.time())
        connection.request("GET", f'/events?since={begin}&filters={{"type":["volume"]}}')
        assert connection.read_head().status == 200
        endpoint.post("/volumes/create", {"Name": "witness"})
        assert b"witness" in connection.read_chunk()
    endpoint.call("DELETE", "/volumes/witness")


def test_droverd_may_start_before_its_engine(mortal, dead, workdir, config_dir):
    daemon = Droverd(workdir / "early", mortal.socket).start()
    try:
        endpoint = daemon.endpoint(config_dir)
        assert endpoint.get("/containers/json").status == 503
        mortal.up()
        answers_again(endpoint)
        assert endpoint.get("/containers/json").json() == []
    finally:
        daemon.stop()


def test_an_engine_that_hangs_does_not_hang_droverd(
    endpoint, mortal, watcher, metrics_port, config_dir
):
    """A stopped process accepts connections and says nothing; others than its callers go on."""
    os.kill(mortal.pid, signal.SIGSTOP)
    try:
        waiting = [endpoint.connect() for _ in range(20)]
        for connection in waiting:
            connection.request("GET", "/info")
        metrics = Endpoint(f"tcp://127.0.0.1:{metrics_port}", config_dir)
        assert metrics.get("/metrics", timeout=3).status == 200
    finally:
        os.kill(mortal.pid, signal.SIGCONT)
    for connection in waiting:
        assert connection.read_response().status == 200
        connection.close()


def test_an_engine_that_stays_silent_is_as_good_as_gone(watcher, mortal, config_dir):
    """For two seconds its callers wait, all later ones not at all, until it answers again."""
    endpoint = watcher.endpoint(config_dir)
    os.kill(mortal.pid, signal.SIGSTOP)
    try:
        for most in (2.6, 0.5, 0.5):
            start = time.monotonic()
            for method, path in (("GET", "/info"), ("POST", "/containers/any/start")):
                answer = endpoint.call(method, path)
                assert answer.status == 503, answer
                assert mortal.socket in answer.message and "has not answered" in answer.message
            assert time.monotonic() - start < most
    finally:
        os.kill(mortal.pid, signal.SIGCONT)
    wait_until(lambda: endpoint.get("/info").status == 200, timeout=2)


def test_metrics_and_log_tell_of_it(endpoint, mortal, watcher, metrics_port, config_dir):
    metrics = Endpoint(f"tcp://127.0.0.1:{metrics_port}", config_dir)

    def engine_up():
        return float(
            re.search(r"^drover_engine_up (\S+)", metrics.get("/metrics").body.decode(), re.M)[1]
        )

    wait_until(lambda: engine_up() == 1, what="an engine that is up")
    start = watcher.log_path.stat().st_size
    mortal.stop()
    wait_until(lambda: engine_up() == 0, what="the metric's fall")
    mortal.up()
    wait_until(lambda: engine_up() == 1, what="the metric's rise")

    def since_it_was_down():
        messages = [record["message"] for record in watcher.log_records(start)]
        return messages[messages.index("engine is down") :]

    # The former test's return may come to the log late, before this test's end of it.
    wait_until(lambda: "engine is up" in since_it_was_down(), what="the return in the log")


def test_callers_during_a_restart_get_200_or_503_and_nothing_else(endpoint, mortal):
    statuses = []
    end = threading.Event()

    def call():
        while not end.is_set():
            with endpoint.connect(timeout=20) as connection:
                statuses.append(connection.call("GET", "/containers/json?all=1").status)
            time.sleep(0.01)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    mortal.stop()
    mortal.up()
    answers_again(endpoint)
    end.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200, 503}
