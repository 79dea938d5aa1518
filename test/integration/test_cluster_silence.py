"""An engine, or one container of it, does not answer: what is not known is never said to be missing,
and what is known to be silent is not waited for again."""

import contextlib
import os
import signal
import time

import pytest

from harness.cluster import run_on
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
