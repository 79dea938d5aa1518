"""What droverd tells of itself while it runs: metrics and logs."""

import re
import signal
import subprocess
import threading
import time

import pytest

from harness.containers import create_exec, start_exec
from harness.droverd import BINARY, free_port
from harness.endpoint import Endpoint
from harness.engine import wait_until
from harness.http1 import read_frames


# --- metrics ------------------------------------------------------------------------------------


@pytest.fixture
def measured(start_droverd, config_dir):
    """A droverd, its endpoint, and a function that reads its metrics as {series: value}."""
    port = free_port()
    daemon = start_droverd("--metrics-listen", f"127.0.0.1:{port}")
    listener = Endpoint(f"tcp://127.0.0.1:{port}", config_dir)

    def read():
        answer = listener.get("/metrics")
        assert answer.status == 200 and answer.header("Content-Type").startswith("text/plain")
        series = {}
        for line in answer.body.decode().splitlines():
            if not line.startswith("#"):
                match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{.*\})?) (\S+)", line)
                assert match, line
                series[match[1]] = float(match[2])
        return series

    return daemon, daemon.endpoint(config_dir), read, listener


def total(series, name, *labels):
    return sum(
        value
        for key, value in series.items()
        if re.match(name + r"(\{|$)", key) and all(label in key for label in labels)
    )


def test_requests_are_counted_by_route_and_code(measured):
    _, endpoint, read, _ = measured
    for _ in range(3):
        endpoint.get("/containers/nosuch/json")
        endpoint.get("/v1.30/containers/other/json")
    endpoint.get("/containers/json")
    series = read()
    inspect = 'route="/containers/{id}/json"'
    assert total(series, "drover_http_requests_total", inspect, 'code="404"') == 6
    assert total(series, "drover_http_request_duration_seconds_count", inspect) == 6
    assert total(series, "drover_http_request_duration_seconds_bucket", inspect, 'le="+Inf"') == 6
    assert (
        total(series, "drover_http_requests_total", 'route="/containers/json"', 'code="200"') == 1
    )
    assert not any(
        "nosuch" in key for key in series
    ), "names of objects would be series without end"


def test_open_streams_and_connections_are_shown(measured, sleeper):
    _, endpoint, read, _ = measured
    connections = [endpoint.connect() for _ in range(4)]
    for connection in connections[:3]:
        connection.request("GET", f"/containers/{sleeper}/logs?follow=1&stdout=1")
        assert connection.read_head().status == 200
    series = read()
    assert total(series, "drover_open_streams") == 3
    assert total(series, "drover_open_connections") == 4
    for connection in connections:
        connection.close()
    wait_until(lambda: total(read(), "drover_open_streams") == 0)
    wait_until(lambda: total(read(), "drover_open_connections") == 0)


def test_bytes_are_counted(measured, sleeper):
    _, endpoint, read, _ = measured
    with endpoint.connect() as connection:
        start_exec(connection, create_exec(endpoint, sleeper, "cat"))
        connection.send(bytes(500_000))
        connection.close_write()
        assert len(read_frames(connection)[1]) == 500_000
    wait_until(lambda: total(read(), "drover_http_received_bytes_total") >= 500_000)
    assert total(read(), "drover_http_sent_bytes_total") >= 500_000


def test_engine_state_and_memory_are_shown(measured):
    daemon, endpoint, read, _ = measured
    wait_until(lambda: total(read(), "drover_engine_up") == 1, what="it has found the engine")
    series = read()
    assert 1 << 20 < total(series, "process_resident_memory_bytes") < 1 << 31
    assert abs(total(series, "process_open_fds") - daemon.fds()) <= 3


def test_lists_without_a_change_between_them_come_from_the_cache(measured, sleeper):
    _, endpoint, read, _ = measured
    time.sleep(0.3)  # until the sleeper's own events are over
    endpoint.get("/containers/json?all=1")
    hits = total(read(), "drover_list_cache_total", "hit")
    for _ in range(5):
        endpoint.get("/containers/json?all=1")
        endpoint.get("/v1.41/containers/json")
        endpoint.get('/containers/json?filters={"status":["running"]}')
    assert total(read(), "drover_list_cache_total", "hit") == hits + 15


def test_the_metrics_listener_serves_nothing_else(measured):
    *_, listener = measured
    assert listener.get("/containers/json").status == 404
    assert listener.post("/containers/create", {"Image": "busybox"}).status in (404, 405)


def test_the_docker_listener_serves_no_metrics(measured, direct):
    _, endpoint, _, _ = measured
    assert endpoint.get("/metrics").status == direct.get("/metrics").status == 404


# --- logs ---------------------------------------------------------------------------------------


def requests(daemon):
    return [record for record in daemon.log_records() if record["message"] == "request"]


def test_each_request_is_one_json_line_with_its_particulars(start_droverd, config_dir, sleeper):
    daemon = start_droverd(tls=True)
    for endpoint in (daemon.endpoint(config_dir), daemon.tls_endpoint(config_dir)):
        endpoint.get("/v1.41/containers/no%22such/json")
        endpoint.post("/containers/create?name=logged", {"Image": "busybox"})
        endpoint.get("/containers/json?all=1")
        endpoint.call("DELETE", "/containers/logged")
    records = wait_until(lambda: len(requests(daemon)) >= 8 and requests(daemon))
    assert len(records) == 8
    assert len({record["id"] for record in records}) == 8
    assert [record["status"] for record in records] == [404, 201, 200, 204] * 2
    assert records[0]["route"] == "/containers/{id}/json"
    assert records[1]["bytes_in"] >= len('{"Image": "busybox"}') and records[1]["bytes_out"] > 60
    assert "uid 0" in records[0]["client"] and "127.0.0.1" in records[4]["client"]
    for record in records:
        assert (
            record["duration_ms"] >= 0
            and record["method"]
            and record["time"]
            and record["level"] == "info"
        )


def test_a_stream_is_one_line_at_its_end(start_droverd, config_dir, sleeper):
    daemon = start_droverd()
    endpoint = daemon.endpoint(config_dir)
    exec_id = create_exec(endpoint, sleeper, "cat")
    with endpoint.connect() as connection:
        start_exec(connection, exec_id)
        connection.send(b"x" * 1000)
        time.sleep(0.5)
        connection.close_write()
        read_frames(connection)
    record = wait_until(lambda: [r for r in requests(daemon) if r["route"] == "/exec/{id}/start"])[
        0
    ]
    assert record["status"] == 101 and record["duration_ms"] >= 400
    assert record["bytes_in"] >= 1000 and record["bytes_out"] >= 1008


def test_secrets_in_headers_are_not_logged(start_droverd, config_dir):
    daemon = start_droverd("--log-level", "trace")
    endpoint = daemon.endpoint(config_dir)
    endpoint.post(
        "/images/create?fromImage=127.0.0.1:1/x",
        b"",
        headers={"X-Registry-Auth": "c2VjcmV0LXRva2Vu"},
    )
    wait_until(lambda: requests(daemon))
    assert "c2VjcmV0LXRva2Vu" not in daemon.log()


def test_text_logs_have_one_line_for_each_request_too(start_droverd, config_dir):
    daemon = start_droverd(log_format="text")
    daemon.endpoint(config_dir).get("/containers/nosuch/json")
    line = wait_until(
        lambda: [line for line in daemon.log().splitlines() if "/containers/nosuch/json" in line]
    )
    assert len(line) == 1 and "404" in line[0]


def test_log_level_error_is_silent_about_requests(start_droverd, config_dir):
    daemon = start_droverd("--log-level", "error")
    daemon.endpoint(config_dir).get("/containers/nosuch/json")
    daemon.stop()
    assert daemon.log() == ""


def test_line_breaks_in_a_path_cannot_forge_log_lines(start_droverd, config_dir):
    daemon = start_droverd(log_format="text")
    daemon.endpoint(config_dir).get("/containers/a%0aforged%20line/json")
    wait_until(lambda: "404" in daemon.log())
    assert not any(line.startswith("forged") for line in daemon.log().splitlines())


def test_a_droverd_that_nobody_reads_does_not_stop(engine, workdir, config_dir):
    """Its standard error may be a pipe that is full."""
    path = workdir / "unread.sock"
    process = subprocess.Popen(
        [BINARY, "--engine", f"unix://{engine.socket}", "--listen", f"unix://{path}", "--state-dir", workdir / "unread",
         "--log-level", "trace"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_until(path.exists)
        with Endpoint(f"unix://{path}", config_dir).connect(timeout=10) as connection:
            for _ in range(3000):
                assert connection.call("GET", "/_ping").status == 200
    finally:
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        drain.join()
