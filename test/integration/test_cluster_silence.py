"""An engine, or one container of it, does not answer: what is not known is never said to be missing,
and what is known to be silent is not waited for again."""

import contextlib
import os
import signal
import time

import pytest

from harness.cluster import await_agreement, run_on
from harness.engine import wait_until


@contextlib.contextmanager
def away(node, lab, how):
    """The node's engine is stopped, or killed, while its droverd lives on."""
    os.kill(node.host.pid, how)
    try:
        yield
    finally:
        if how == signal.SIGSTOP:
            os.kill(node.host.pid, signal.SIGCONT)
        else:
            lab.up()


def timed(call, *args):
    start = time.monotonic()
    answer = call(*args)
    return answer, time.monotonic() - start


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
def test_what_an_absent_engine_has_is_not_missing(three, lab, how):
    one, two, third = three
    run_on(two, one, "held", start=False)
    one.direct.post("/volumes/create", {"Name": "vol"})
    one.direct.post("/networks/create", {"Name": "net"})
    wait_until(lambda: two.api.get("/volumes/vol").status == 200, timeout=2)
    wait_until(lambda: two.api.get("/networks/net").status == 200, timeout=2)
    wait_until(lambda: "held" in third.containers(), timeout=2)
    time.sleep(1)  # by then records have told of what was made at an engine itself
    try:
        with away(one, lab, how):
            for via in (two, third):
                for method, path in (
                    ("GET", "/volumes/vol"),
                    ("GET", "/networks/net"),
                    ("GET", "/containers/held/json"),
                    ("POST", "/containers/held/start"),
                    ("DELETE", "/containers/held?force=1"),
                    ("DELETE", "/volumes/vol"),
                ):
                    answer = via.api.call(method, path)
                    assert answer.status == 503, (method, path, answer.status, answer.body)
                    assert one.name in answer.message, (method, path, answer.message)
                for path in ("/volumes/nosuch", "/networks/nosuch", "/containers/nosuch/json"):
                    assert via.api.get(path).status == 404, path
                assert "vol" in [each["Name"] for each in via.api.get("/volumes").json()["Volumes"]]
            body = {"Image": "busybox", "HostConfig": {"Binds": ["vol:/v"]}}
            answer = two.api.post("/containers/create", body)
            assert answer.status == 503 and one.name in answer.message, answer.body
            answer = third.api.post("/containers/create?name=held", {"Image": "busybox"})
            assert answer.status == 409, answer.body
            # Of an image another copy does: a client has to learn that it may pull one.
            assert two.api.get("/images/nosuch/json").status == 404
            assert two.api.get("/images/busybox/json").status == 200
        for each in (two, third):
            assert each.direct.get("/volumes/vol").status == 404
        wait_until(lambda: two.api.get("/containers/held/json").status == 200, timeout=10)
    finally:
        for each in ("/containers/held?force=1", "/volumes/vol", "/networks/net"):
            one.direct.call("DELETE", each)


LISTS = ("/containers/json?all=1", "/images/json", "/info", "/volumes", "/networks", "/system/df")


@pytest.mark.alone
def test_a_silent_engine_is_waited_for_once(three, lab):
    """At most two seconds, by every node, and nobody has to be told when it is back."""
    one, two, third = three
    run_on(one, two, "there")
    run_on(one, one, "here")
    for each in three:
        wait_until(lambda: set(each.containers()) == {"there", "here"}, timeout=2)
    slow = 2.6  # two, and what three hosts on one machine make of it
    with away(two, lab, signal.SIGSTOP):
        answer, took = timed(one.api.get, "/info")
        assert answer.status == 200 and took < slow, took
        start = time.monotonic()
        for via in (one, third):
            for path in LISTS:
                answer, took = timed(via.api.get, path)
                assert answer.status == 200 and took < 0.5, (path, took)
            _, took = timed(via.cli, "inspect", "nosuch")
            assert took < 2, took
            for method, path in (("POST", "/containers/there/stop"), ("GET", "/volumes/nosuch")):
                answer, took = timed(via.api.call, method, path)
                assert took < 0.5, (path, took)
                assert answer.status == (503 if method == "POST" else 404), answer.body
                assert method == "GET" or two.name in answer.message
            listed = via.containers()
            assert "Host Down" in listed["there"][1] and listed["here"][1].startswith("Up")
        answer, took = timed(two.api.get, "/containers/there/json")
        assert answer.status == 503 and took < 0.5, took
        assert "has not answered since" in answer.message
        assert set(one.states().values()) == {"ready"}
    for each in three:
        wait_until(lambda: each.api.get("/containers/there/json").status == 200, timeout=3)
        wait_until(lambda: each.containers()["there"][1].startswith("Up"), timeout=3)
    run_on(one, two, "later")


def test_long_calls_outlast_pings(three):
    """An engine that answers pings may take its time over everything else."""
    one, two, _ = three
    run_on(one, two, "long", "sh", "-c", "trap '' TERM; sleep 4")
    with one.api.connect(timeout=20) as waiting, one.api.connect(timeout=20) as attached:
        waiting.request("POST", "/v1.29/containers/long/wait", b"")
        attached.request("GET", "/containers/long/logs?follow=1&stdout=1")
        answer, took = timed(two.api.post, "/containers/long/stop?t=3")
        assert answer.status == 204 and took > 2, took
        assert waiting.read_response().status == 200
        assert attached.read_response().status == 200
    log = two.log()
    assert "engine is down" not in log


def test_an_engine_that_never_told_may_have_anything(start_node, lab):
    """All droverds restart while an engine hangs: nobody knows what it has."""
    nodes = [start_node(number) for number in (1, 2)]
    nodes[0].init()
    nodes[1].joined(nodes[0])
    one, two = nodes
    one.direct.post("/volumes/create", {"Name": "vol"})
    try:
        wait_until(lambda: two.api.get("/volumes/vol").status == 200, timeout=2)
        for each in nodes:
            each.kill_hard()
        with away(one, lab, signal.SIGSTOP):
            for each in nodes:
                each.start()
            wait_until(
                lambda: set(two.states().values()) == {"ready"}
                and len(two.states()) == 2
                and two.api.get("/images/busybox/json").status == 200,
                timeout=10,
            )
            answer = two.api.get("/volumes/vol")
            assert answer.status == 503 and one.name in answer.message, answer.body
            body = {"Image": "busybox", "HostConfig": {"Binds": ["vol:/v"]}}
            assert two.api.post("/containers/create", body).status == 503
        wait_until(lambda: two.api.get("/volumes/vol").status == 200, timeout=10)
    finally:
        one.direct.call("DELETE", "/volumes/vol")


def test_a_container_that_cannot_be_inspected_costs_the_others_nothing(three):
    """Its start waits for a log driver whose packets are swallowed, and holds its lock meanwhile."""
    one, two, third = three
    run_on(one, one, "fine")
    run_on(one, two, "beside")
    swallow = ("INPUT", "--protocol", "tcp", "--dport", "514", "--jump", "DROP")
    third.host.run("iptables", "--insert", *swallow)
    address = f"tcp://{third.host.address}:514"
    log = {"Type": "syslog", "Config": {"syslog-address": address}}
    run_on(one, two, "stuck", "true", start=False, HostConfig={"LogConfig": log})
    try:
        with two.api.connect(timeout=60) as starting:
            starting.request("POST", "/containers/stuck/start", b"")
            time.sleep(0.5)
            for via in (two, one, third):
                for most in (2, 0.5, 0.5):
                    listed, took = timed(via.containers)
                    assert took < most, (via.name, took)
                    assert listed["beside"][1].startswith("Up"), listed
                    assert listed["stuck"][1] == "Created", listed
            assert run_on(third, two, "placed", start=False)
            for each in three:
                each.kill_hard()
            for each in three:
                each.start()
            await_agreement(three)
            wait_until(lambda: "stuck" in one.containers(), timeout=5)
            assert one.containers()["beside"][1].startswith("Up")
            taken = third.api.post("/containers/create?name=stuck", {"Image": "busybox"})
            assert taken.status == 409, taken.body
    finally:
        third.host.run("iptables", "--delete", *swallow)
    wait_until(lambda: two.direct.get("/containers/stuck/json").status == 200, timeout=30)
    wait_until(lambda: one.api.get("/containers/stuck/json").status == 200, timeout=10)
