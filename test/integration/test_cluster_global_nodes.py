"""Global containers while nodes join, fail, come back and are removed."""

import time
from pathlib import Path

from harness.cluster import await_agreement, form, lose
from harness.compose import Project
from harness.engine import wait_until
from harness.globals import await_copies, await_nothing, await_units, home, make, on


def remove_home(nodes, gone):
    """The node of the originals dies and is removed: those that are left, and the heir among them."""
    rest = [node for node in nodes if node is not gone]
    lose(gone, rest)
    rest[0].docker("node", "rm", gone.name)
    return rest, min(rest, key=lambda node: node.id())


def test_a_node_that_joins_gets_one(start_node):
    first, second = start_node(1), start_node(2)
    form([first, second])
    make(first, "web", HostConfig={"RestartPolicy": {"Name": "always"}})
    original = await_copies([first, second], "web")
    third = start_node(3)
    third.joined(first)
    await_copies([first, second, third], "web", original=original)
    third.docker("rm", "--force", "web")
    await_nothing([first, second, third])


def test_a_node_that_was_down_catches_up(three):
    make(three[0], "gone")
    gone = await_copies(three, "gone")
    away = next(node for node in three if node is not gone)
    rest = [node for node in three if node is not away]
    lose(away, rest)
    rest[0].docker("rm", "--force", "gone")
    make(rest[0], "web", HostConfig={"RestartPolicy": {"Name": "always"}})
    original = await_copies(rest, "web")
    assert list(on(away)) == [f"gone.{away.name}"]
    away.start()
    await_copies(three, "web", original=original)
    rest[1].docker("rm", "--force", "web")
    await_nothing(three)


def test_a_start_that_a_node_missed_is_made_up_for(three):
    make(three[0], "web", HostConfig={"RestartPolicy": {"Name": "unless-stopped"}})
    original = await_copies(three, "web")
    three[0].docker("stop", "--time", "1", "web")
    await_copies(three, "web", "exited")
    away = next(node for node in three if node is not original)
    rest = [node for node in three if node is not away]
    lose(away, rest)
    rest[0].docker("start", "web")
    away.start()
    await_copies(three, "web", original=original, timeout=20)
    rest[0].docker("rm", "--force", "web")
    await_nothing(three)


def test_while_the_originals_node_is_down_all_stays_as_it_is(three):
    make(three[0], "web")
    original = await_copies(three, "web")
    rest = [node for node in three if node is not original]
    lose(original, rest)
    for call in ("start", "stop", "restart"):
        answer = rest[0].api.post(f"/containers/web/{call}")
        assert answer.status == 503 and original.name in answer.message, answer.body
    assert rest[0].api.call("DELETE", "/containers/web?force=1").status == 503
    time.sleep(2)
    assert [on(node) for node in rest] == [{f"web.{node.name}": "running"} for node in rest]
    original.start()
    await_agreement(three)
    await_copies(three, "web")
    rest[0].docker("rm", "--force", "web")
    await_nothing(three)


def test_a_copy_takes_the_place_of_an_original_whose_node_was_removed(three):
    published = {
        "HostConfig": {"Init": True, "PortBindings": {"80/tcp": [{"HostPort": "8124"}]}},
        "ExposedPorts": {"80/tcp": {}},
    }
    labels = {"com.docker.compose.project": "p", "com.docker.compose.oneoff": "False"}
    make(three[0], "web", labels, **published)
    original = await_copies(three, "web")
    rest, heir = remove_home(three, original)
    await_copies(rest, "web", original=heir)
    shown = rest[0].api.get("/containers/web/json").json()
    assert {key: shown["Config"]["Labels"][key] for key in labels} == labels
    assert shown["Node"]["Name"] == heir.name
    # It is as any original: what is asked of it is done to all, and they go with it.
    rest[1].docker("stop", "--time", "1", "web")
    await_copies(rest, "web", "exited", original=heir, timeout=1)
    rest[0].docker("start", "web")
    rest[1].docker("rm", "--force", "web")
    assert not any(on(node) for node in rest)
    time.sleep(1)
    assert not any(on(node) for node in rest)


def test_sidekicks_stay_with_their_service_as_nodes_come_and_go(start_node):
    nodes = [start_node(1), start_node(2)]
    form(nodes)
    file = Path(__file__).parent / "compose/rancher/global.yml"
    Project(["docker-compose"], nodes[0].api, "side", file).run("up", "-d")
    await_units(nodes, "side")
    nodes.append(start_node(3))
    nodes[2].joined(nodes[0])
    await_units(nodes, "side")
    rest, heir = remove_home(nodes, home(nodes, "side_agent_1"))
    wait_until(lambda: "side_agent_1" in on(heir), 15, what="a copy takes its place")
    await_units(rest, "side")
    # All of it is of the project still.
    Project(["docker-compose"], rest[1].api, "side", file).run("down", "-v", "-t", "1")
    assert not any(on(node) for node in rest)
