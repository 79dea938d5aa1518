"""Global containers: one on each node that is eligible, through whichever node they are asked for."""

import subprocess
import time
from pathlib import Path

import pytest

from harness.cluster import run_on
from harness.compose import Project
from harness.engine import wait_until
from harness.globals import (
    GLOBAL,
    await_copies,
    await_nothing,
    await_units,
    everywhere,
    home,
    make,
    names,
    on,
    update,
)

# --- one on each node ---------------------------------------------------------------------------


@pytest.mark.parametrize("label", ["io.drover.global", "io.rancher.scheduler.global"])
def test_one_runs_on_each_node_and_all_are_found_by_the_name(cluster, label):
    one, two, three = cluster
    answer = two.api.post(
        "/containers/create?name=web",
        {"Image": "busybox", "Cmd": ["sleep", "1d"], "Labels": {label: "true", "a": "b"}, "Env": ["X=1"]},
    )
    assert answer.status == 201 and not answer.json()["Warnings"], answer.body
    container_id = answer.json()["Id"]
    assert two.api.post("/containers/web/start").status == 204
    original = await_copies(cluster, "web")
    assert one.api.get("/containers/web/json").json()["Id"] == container_id
    for node in cluster:
        listed = node.docker("ps", "--filter", "name=web", "--format", "{{.Names}}").split()
        assert sorted(listed) == sorted(names(cluster, "web", original))
        if node is not original:
            copy = node.direct.get(f"/containers/web.{node.name}/json").json()
            assert copy["Config"]["Labels"]["a"] == "b" and "X=1" in copy["Config"]["Env"]
            assert copy["Config"]["Labels"]["io.drover.global.of"] == container_id
    assert three.docker("rm", "--force", "web") == "web"
    assert not any(on(node) for node in cluster), "gone with the answer"
    time.sleep(1)
    assert not any(on(node) for node in cluster), "and not made again"


def test_it_is_made_but_not_started_until_the_original_is(cluster):
    make(cluster[0], "web", start=False)
    await_copies(cluster, "web", "created")
    time.sleep(0.5)
    await_copies(cluster, "web", "created")
    assert cluster[1].api.post("/containers/web/start").status == 204
    await_copies(cluster, "web", timeout=1)
    cluster[2].docker("rm", "--force", "web")


def test_calls_on_the_original_are_done_to_all(cluster):
    make(cluster[0], "web")
    original = await_copies(cluster, "web")
    via = [node for node in cluster if node is not original]

    def all_in(state):
        assert [list(on(node).values()) for node in cluster] == [[state]] * 3

    via[0].docker("pause", "web")
    all_in("paused")
    via[1].docker("unpause", "web")
    all_in("running")
    via[0].docker("kill", "web")
    wait_until(lambda: all(list(on(node).values()) == ["exited"] for node in cluster), what="killed")
    via[1].docker("start", "web")
    all_in("running")
    via[0].docker("stop", "--time", "1", "web")
    all_in("exited")
    time.sleep(1.5)
    all_in("exited")
    via[0].docker("start", "web")
    all_in("running")

    def details(key):
        return [
            node.direct.get(f"/containers/{each}/json").json()[key]
            for node, each in zip(cluster, names(cluster, "web", original), strict=True)
        ]

    before = [each["StartedAt"] for each in details("State")]
    via[1].docker("restart", "--time", "1", "web")
    all_in("running")
    after = [each["StartedAt"] for each in details("State")]
    assert all(b < a for b, a in zip(before, after, strict=True))
    answer = via[0].api.post("/containers/web/update", {"Memory": 64 << 20, "MemorySwap": 64 << 20})
    assert answer.status == 200, answer.body
    assert [each["Memory"] for each in details("HostConfig")] == [64 << 20] * 3
    # One that is refused for the original is done to none.
    assert via[1].api.call("DELETE", "/containers/web").status == 409
    all_in("running")
    via[1].docker("rm", "--force", "web")
    assert not any(on(node) for node in cluster)


def test_exec_logs_and_wait_are_of_the_original(cluster):
    make(cluster[0], "web", Cmd=["sh", "-c", "echo $HOSTNAME; sleep 1d"])
    original = await_copies(cluster, "web")
    short = original.direct.get("/containers/web/json").json()["Id"][:12]
    via = next(node for node in cluster if node is not original)
    assert via.docker("logs", "web") == short
    assert via.docker("exec", "web", "hostname") == short
    other = next(node for node in cluster if node is not original and node is not via)
    assert via.docker("exec", f"web.{other.name}", "hostname") != short
    via.docker("rm", "--force", "web")


def test_copies_are_called_like_the_original(cluster):
    make(cluster[0], "web")
    original = await_copies(cluster, "web")
    via = next(node for node in cluster if node is not original)
    via.docker("rename", "web", "site")
    await_copies(cluster, "site", original=original)
    via.docker("rm", "--force", "site")
    await_nothing(cluster)


def test_each_has_a_named_volume_of_its_own(cluster):
    make(cluster[1], "kept", HostConfig={"Binds": ["everywhere:/data"]})
    await_copies(cluster, "kept")
    for node in cluster:
        assert node.direct.get("/volumes/everywhere").status == 200
    cluster[0].docker("rm", "--force", "kept")
    await_nothing(cluster)


def test_a_copy_that_is_removed_comes_back(cluster):
    make(cluster[0], "web")
    original = await_copies(cluster, "web")
    other = next(node for node in cluster if node is not original)
    other.docker("rm", "--force", f"web.{other.name}")
    await_copies(cluster, "web")
    original.docker("rm", "--force", "web")
    await_nothing(cluster)


def test_the_original_removed_behind_our_back_takes_all_with_it(cluster):
    make(cluster[0], "web")
    original = await_copies(cluster, "web")
    assert original.direct.call("DELETE", "/containers/web?force=1").status == 204
    await_nothing(cluster)


def test_the_image_is_sent_where_it_is_missing(cluster):
    one = cluster[0]
    one.docker("build", "-t", "local:1", "-", input=b"FROM busybox\nENV MADE=here\n")
    make(one, "web", Image="local:1")
    await_copies(cluster, "web")
    for node in cluster:
        assert node.has_image("local:1")
    one.docker("rm", "--force", "web")


# --- eligible nodes -----------------------------------------------------------------------------


def test_it_follows_the_labels_of_nodes(cluster):
    one, two, three = cluster
    for node in (one, two):
        update(three, node, "--label-add", "edge=yes")
    try:
        make(three, "web", {"io.drover.constraint": "node.label.edge == yes"})
        original = await_copies([one, two], "web")
        other = two if original is one else one
        time.sleep(1)
        assert not on(three)
        update(one, three, "--label-add", "edge=yes")
        await_copies(cluster, "web", original=original)
        update(one, other, "--label-rm", "edge")
        wait_until(lambda: not on(other), what="the copy is gone")
        # The original is what its client made: it stays.
        update(one, original, "--label-rm", "edge")
        time.sleep(1)
        assert sorted(map(len, map(on, cluster))) == [0, 1, 1] and "web" in on(original)
    finally:
        for node in cluster:
            one.cli("node", "update", "--label-rm", "edge", node.name)
    two.docker("rm", "--force", "web")
    await_nothing(cluster)


def test_expressions_of_its_environment_count_for_copies_too(cluster):
    one, two, _ = cluster
    for node in (one, two):
        update(one, node, "--label-add", "edge=yes")
    try:
        make(one, "web", Env=["constraint:edge==yes", "A=1"])
        original = await_copies([one, two], "web")
        time.sleep(1)
        assert len(everywhere(cluster)[2]) == 0
        for node, name in zip((one, two), names([one, two], "web", original), strict=True):
            config = node.direct.get(f"/containers/{name}/json").json()["Config"]
            assert "A=1" in config["Env"] and not any("constraint" in each for each in config["Env"])
    finally:
        for node in (one, two):
            one.cli("node", "update", "--label-rm", "edge", node.name)
    two.docker("rm", "--force", "web")
    await_nothing(cluster)


def test_a_node_that_is_drained_keeps_its_copy_and_gets_no_new_one(cluster):
    one, two, three = cluster
    make(one, "old")
    original = await_copies(cluster, "old")
    drained = next(node for node in cluster if node is not original)
    update(one, drained, "--availability", "drain")
    try:
        wait_until(lambda: all(n.nodes()[drained.name][1] == "Drain" for n in cluster), what="known")
        make(one, "new")
        rest = [node for node in cluster if node is not drained]
        wait_until(lambda: all(any("new" in each for each in on(n)) for n in rest), what="the rest")
        time.sleep(1)
        assert list(on(drained)) == [f"old.{drained.name}"]
    finally:
        update(one, drained, "--availability", "active")
    wait_until(lambda: f"new.{drained.name}" in on(drained), what="made when it is back")
    for name in ("old", "new"):
        two.docker("rm", "--force", name)
    await_nothing(cluster)


def test_where_a_port_is_taken_it_is_made_when_that_is_free(cluster):
    published = {
        "HostConfig": {"Init": True, "PortBindings": {"80/tcp": [{"HostPort": "8123"}]}},
        "ExposedPorts": {"80/tcp": {}},
    }
    other = cluster[2]
    run_on(cluster[0], other, "busy", **published)
    make(cluster[0], "web", **published)
    original = await_copies(cluster[:2], "web")
    time.sleep(3)
    assert list(on(other)) == ["busy"]
    assert "is taken by container" in other.log()
    assert other.log().count("global container: cannot update this node") == 1
    other.docker("rm", "--force", "busy")
    await_copies(cluster, "web", original=original)
    other.docker("rm", "--force", "web")
    await_nothing(cluster)


def test_bad_values_are_refused(cluster):
    for label in ("io.drover.global.of", "io.drover.global.from", "io.drover.global.label.x"):
        answer = cluster[0].api.post(
            "/containers/create?name=web", {"Image": "busybox", "Labels": GLOBAL | {label: "x"}}
        )
        assert answer.status == 400 and label in answer.message, answer.body


def test_what_is_made_of_a_copys_image_is_nobodys_copy(cluster):
    make(cluster[0], "web")
    original = await_copies(cluster, "web")
    other = next(node for node in cluster if node is not original)
    other.docker("commit", f"web.{other.name}", "mine")
    assert other.direct.post("/containers/create?name=mine", {"Image": "mine"}).status == 201
    original.docker("rm", "--force", "web")
    time.sleep(2)
    assert everywhere(cluster) == [[("mine", "created")] if n is other else [] for n in cluster]


# --- with Compose -------------------------------------------------------------------------------

COMPOSE = """
version: "2.4"
services:
  agent:
    image: busybox
    command: sleep 1d
    init: true
    network_mode: bridge
    labels:
      io.rancher.scheduler.global: "true"
  web:
    image: busybox
    command: sleep 1d
    init: true
    network_mode: bridge
"""


@pytest.mark.parametrize("program", ["1.29", "v2"])
def test_compose_sees_the_original_only(cluster, program, tmp_path, request):
    command = ["docker-compose"] if program == "1.29" else request.getfixturevalue("compose_v2")
    file = Path(tmp_path) / "docker-compose.yml"
    file.write_text(COMPOSE)
    separator = "_" if program == "1.29" else "-"
    name = f"fleet{separator}agent{separator}1"

    def compose(via, *args):
        done = subprocess.run(
            [*command, "-p", "fleet", "-f", file, *args],
            capture_output=True, text=True, timeout=120, env=via.api.env(),
        )
        assert done.returncode == 0, f"{args}:\n{done.stdout}\n{done.stderr}"
        return done

    def agents():
        return [sorted(each for each in on(node) if "agent" in each) for node in cluster]

    one, two, three = cluster
    def running():
        return {each["Id"] for node in cluster for each in node.direct.get("/containers/json").json()}

    compose(one, "up", "-d")
    wait_until(lambda: len(running()) == 4, what="one on each node, and the other service")
    original = home(cluster, name)
    assert agents() == [[each] for each in names(cluster, name, original)]
    before = running()
    again = compose(two, "up", "-d")
    assert "reat" not in again.stdout + again.stderr, "neither created nor recreated"
    assert running() == before
    shown = compose(three, "ps", "-q").stdout.split()
    assert len(shown) == 2 and set(shown) <= before
    compose(two, "stop", "-t", "1")
    assert not running()
    compose(one, "start")
    assert running() == before
    # A change makes all anew.
    file.write_text(COMPOSE.replace("sleep 1d", "sleep 2d", 1))
    compose(three, "up", "-d", "-t", "1")

    def commands():
        return [
            [each["Command"] for each in node.direct.get("/containers/json").json()
             if "agent" in each["Names"][0]]
            for node in cluster
        ]

    wait_until(lambda: commands() == [["sleep 2d"]] * 3, 20, what="all made anew")
    wait_until(  # Compose names the new one twice, and copies follow
        lambda: agents() == [[each] for each in names(cluster, name, home(cluster, name))],
        what="all have their names",
    )
    compose(one, "down", "-t", "1")
    assert not any(on(node) for node in cluster)


# --- sidekicks ----------------------------------------------------------------------------------


def ids(nodes):
    """Of all that is on the nodes by the word of their engines."""
    return [[each["Id"] for each in n.direct.get("/containers/json?all=1").json()] for n in nodes]


def test_each_copy_has_sidekicks_of_its_own(cluster):
    one, two, three = cluster
    file = Path(__file__).parent / "compose/rancher/global.yml"
    first = Project(["docker-compose"], one.api, "side", file)
    first.run("up", "-d")
    await_units(cluster, "side")
    before = ids(cluster)
    again = Project(["docker-compose"], two.api, "side", file).compose("up", "-d")
    assert again.returncode == 0 and "reat" not in again.stdout + again.stderr
    await_units(cluster, "side")  # it starts the one that had ended
    assert ids(cluster) == before
    # What is asked of a sidekick is done to its copies, too.
    first.run("stop", "-t", "1", "cache")
    assert all(
        state == "exited" for node in cluster for name, state in on(node).items() if "cache" in name
    )
    first.run("start", "cache")
    await_units(cluster, "side")
    # What is made anew is made anew everywhere.
    third = Project(["docker-compose"], three.api, "side", file)
    third.run("up", "-d", "-t", "1", "--force-recreate")
    await_units(cluster, "side")
    # Without their service they are nothing on the other nodes.
    original = home(cluster, "side_agent_1")
    two.docker("rm", "--force", "side_agent_1")
    rest = [node for node in cluster if node is not original]
    wait_until(lambda: not any(on(node) for node in rest), what="no copies without their service")
    assert sorted(on(original)) == [f"side_{each}_1" for each in ("cache", "data", "probe")]
    third.run("down", "-v", "-t", "1")
    assert not any(on(node) for node in cluster)


def test_only_what_has_no_copies_is_warned_of(cluster):
    one = cluster[0]
    for name, labels in (("plain", {}), ("each", GLOBAL)):
        answer = one.api.post(
            f"/containers/create?name={name}",
            {"Image": "busybox", "Labels": labels, "Volumes": {"/data": {}}},
        )
        assert answer.status == 201, answer.body

    def warnings(name, used):
        body = {"Image": "busybox", "Labels": GLOBAL, "HostConfig": {"VolumesFrom": [used]}}
        return one.api.post(f"/containers/create?name={name}", body).json()["Warnings"]

    [warning] = warnings("alone", "plain")
    assert "neither global nor a sidekick" in warning and "plain" in warning
    assert not warnings("both", "each")
    wait_until(
        lambda: all(sum(e.startswith(("each", "both")) for e in on(n)) == 2 for n in cluster),
        what="one and what it uses on each node",
    )
    one.docker("rm", "--force", "alone", "both", "each", "plain")
    await_nothing(cluster)
