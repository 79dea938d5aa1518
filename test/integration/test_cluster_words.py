"""What a cluster says where an engine would refuse: the engine's words, for that call and in its form."""

import os
import signal

import pytest

from harness.cluster import run_on
from harness.engine import wait_until
from harness.images import build


def said(answer):
    return answer.status, answer.header("Content-Type"), answer.body


def same(node, method, path, **options):
    """Asks a node, and the engine beside it; what both say, which must be one."""
    ours, theirs = (each.call(method, path, **options) for each in (node.api, node.direct))
    assert said(ours) == said(theirs)
    return ours


@pytest.mark.parametrize("name", ["nope", "nope:1", "team/nope", "team%2Fnope:1", "a@b"])
def test_each_call_about_a_missing_image_has_its_own_words(cluster, name):
    push = {"headers": {"X-Registry-Auth": "e30="}}
    assert same(cluster[1], "POST", f"/images/{name}/push", **push).status in (200, 400, 500)
    assert same(cluster[1], "POST", f"/images/{name}/push?tag=x", **push).status in (200, 400, 500)
    for method, path in (
        ("GET", "history"),
        ("GET", "json"),
        ("GET", "get"),
        ("POST", "tag?repo=x"),
    ):
        assert same(cluster[1], method, f"/images/{name}/{path}").status >= 400
    assert same(cluster[1], "DELETE", f"/images/{name}").status >= 400


def test_each_call_about_what_nobody_has_has_its_own_words(cluster):
    for method, path, *body in (
        ("POST", "/containers/nope/kill"),
        ("POST", "/containers/nope/attach?stream=1"),
        ("POST", "/containers/nope/wait"),
        ("POST", "/containers/nope/exec", {"Cmd": ["x"]}),
        ("PUT", "/containers/nope/archive?path=/x"),
        ("DELETE", "/containers/nope"),
        ("POST", "/exec/nope/start", {}),
        ("GET", "/networks/nope"),
        ("DELETE", "/v1.23/networks/nope"),
        ("GET", "/v1.23/containers/nope/json"),
        ("GET", "/v1.23/containers/nope/top"),
    ):
        assert same(cluster[1], method, path, body=body[0] if body else None).status >= 400


def test_an_engines_refusal_keeps_its_type(cluster):
    for path in (
        "/v1.1/containers/json",
        "/v1.1/images/json",
        "/v1.1/events",
        "/v1.1/containers/nope/json",
        "/v9.99/info",
        "/v1.23/containers/json?limit=x",
        '/v1.23/images/json?filters={"nosuch":["x"]}',
        "/v1.23/events?since=200&until=100",
        "/v1.23/images/nope/json",
    ):
        assert same(cluster[2], "GET", path).status >= 400
    ours, theirs = (
        each.cli("ps", env={"DOCKER_API_VERSION": "1.1"})
        for each in (cluster[0].api, cluster[0].direct)
    )
    assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr)


def test_events_that_would_end_before_they_begin_are_one_error(cluster):
    assert same(cluster[0], "GET", "/events?since=200&until=100").status == 400
    assert same(cluster[0], "GET", "/events?since=abc").status == 500


def test_networks_of_swarm_mode_are_refused_with_what_to_do(cluster):
    for args in (["--driver", "overlay"], ["--scope", "swarm"], ["--driver", "overlay", "--attachable"]):
        done = cluster[0].cli("network", "create", *args, "wide")
        assert done.returncode == 1
        assert b"driver bridge" in done.stderr and b"swarm manager" not in done.stderr
    assert cluster[0].api.get("/networks/wide").status == 404


def test_rmi_of_an_image_in_use_elsewhere_names_the_container(cluster):
    one, two, third = cluster
    image = build(one, "inuse:1", "in use")
    one.direct.docker("tag", "inuse:1", "inuse-too:1")
    container = run_on(one, two, "user", "sleep", "1d", image=image)
    refused = [each.cli("rmi", image) for each in (third, two.direct)]
    assert [each.returncode for each in refused] == [1, 1]
    assert refused[0].stderr == refused[1].stderr
    assert container[:12].encode() in refused[0].stderr
    # And nothing is gone.
    assert one.has_image("inuse:1") and one.has_image("inuse-too:1")
    third.docker("rm", "--force", container)
    third.docker("rmi", "--force", image)
    assert not any(each.has_image(image) for each in cluster)


def test_rmi_waits_for_who_has_it_and_cannot_be_asked(cluster):
    one, two, third = cluster
    build(one, "away:1", "away")
    run_on(one, two, "brings", image="away:1", start=False)
    one.docker("rm", "brings")
    os.kill(two.host.pid, signal.SIGSTOP)
    try:
        refused = third.cli("rmi", "away:1")
        assert refused.returncode == 1
        assert two.name.encode() in refused.stderr and b"nothing was removed" in refused.stderr
        assert one.has_image("away:1")
        # A new name is told to those that are away.
        third.docker("tag", "away:1", "away:2")
    finally:
        os.kill(two.host.pid, signal.SIGCONT)
    wait_until(lambda: third.cli("rmi", "away:1").returncode == 0, what="away:1 is removed")
    assert not any(each.has_image("away:1") for each in cluster)
    third.docker("rmi", "away:2")


def test_containers_of_an_ancestor_are_those_of_all_nodes(cluster):
    one, two, third = cluster
    base = build(one, "family:base", "base")
    build(one, "family:child", "child", base="family:base")
    other = build(two, "family:other", "other")
    made = {
        name: run_on(third, on, name, image=image, start=False)
        for name, on, image in (
            ("of-base", two, "family:base"),
            ("of-child", third, "family:child"),
            ("of-child-too", one, "family:child"),
            ("of-other", third, "family:other"),
        )
    }

    def listed(via, *ancestors, last=None):
        args = [f"--filter=ancestor={each}" for each in ancestors]
        args += ["--last", str(last)] if last else ["--all"]
        return set(via.docker("ps", "--format", "{{.Names}}", *args).split())

    children = {"of-child", "of-child-too"}
    for via in cluster:
        assert listed(via, "busybox") == set(made)
        assert listed(via, "family:base") == listed(via, base[7:19]) == children | {"of-base"}
        assert listed(via, "family:child") == children
        assert listed(via, other, "family:child") == children | {"of-other"}
        assert listed(via, "family:nope") == set()
        assert listed(via, "family:child", last=1) == {"of-child-too"}
    listing = two.api.get("/images/json").json()
    child = third.api.get("/images/family:child/json").json()["Id"]
    assert next(each for each in listing if each["Id"] == child)["ParentId"]
