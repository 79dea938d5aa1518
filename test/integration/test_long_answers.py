"""Answers of the Engine API that take long or have no end, on the wire; and clients that leave."""

import json
import time

import pytest

from harness.containers import run
from harness.engine import wait_until



@pytest.mark.parametrize("version", ["/v1.41", "/v1.30", ""])
def test_wait_sends_its_head_at_once_and_its_body_at_the_end(client, direct, version):
    run(direct, "subject", "sh", "-c", "sleep 1; exit 6")
    with client.connect(timeout=5) as connection:
        began = time.monotonic()
        connection.request("POST", f"{version}/containers/subject/wait?condition=next-exit", b"")
        head = connection.read_head()
        assert head.status == 200
        assert time.monotonic() - began < 0.6
        body = connection.read_chunk()
        assert json.loads(body)["StatusCode"] == 6
        assert time.monotonic() - began > 0.6


@pytest.mark.parametrize("path", ["/events", "/containers/sleeper/logs?follow=1&stdout=1",
                                  "/containers/sleeper/attach?stream=1&stdout=1"])  # fmt: skip
def test_streams_send_their_head_before_anything_happens(client, sleeper, path):
    with client.connect(timeout=2) as connection:
        connection.request("POST" if "attach" in path else "GET", path)
        assert connection.read_head().status == 200


def test_each_stats_sample_is_flushed(client, sleeper):
    with client.connect(timeout=5) as connection:
        connection.request("GET", f"/containers/{sleeper}/stats?stream=1")
        assert connection.read_head().status == 200
        samples = [json.loads(connection.read_chunk()) for _ in range(3)]
        assert samples[1]["read"] < samples[2]["read"]


@pytest.mark.asan
@pytest.mark.parametrize("path", ["/events", "/containers/sleeper/logs?follow=1&stdout=1",
                                  "/containers/sleeper/stats", "/containers/sleeper/wait"])  # fmt: skip
def test_a_client_that_leaves_cancels_upstream(client, engine, sleeper, path):
    """Give or take the idle engine connections that droverd keeps for the next requests."""
    before = engine.client_connections()
    connections = [client.connect() for _ in range(50)]
    for connection in connections:
        connection.request("POST" if "wait" in path else "GET", path)
        assert connection.read_head().status == 200
    assert engine.client_connections() >= 50
    for connection in connections:
        connection.close()
    wait_until(
        lambda: engine.client_connections() <= before + 8, what="the engine connections' end"
    )


def test_a_client_that_leaves_before_the_answer_cancels_upstream(client, engine, direct):
    """`wait` of API 1.29 and older holds back its head; the engine must see the client go."""
    run(direct, "subject", "sleep", "1d")
    before = engine.client_connections()
    connections = [client.connect() for _ in range(20)]
    for connection in connections:
        connection.request("POST", "/v1.29/containers/subject/wait", b"")
    wait_until(lambda: engine.client_connections() >= 20, what="20 waits under way")
    for connection in connections:
        connection.close()
    wait_until(lambda: engine.client_connections() <= before + 8, what="the waits' end")


def test_an_error_after_the_first_byte_comes_through(client):
    answer = client.post("/images/create?fromImage=127.0.0.1:1/nosuch&tag=1", b"")
    last = answer.body.strip().splitlines()[-1]
    assert b"message" in last or b"errorDetail" in last
