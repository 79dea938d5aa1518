"""Volumes of a cluster: each name once, made where it is needed, found by way of any node."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from harness.containers import run
from harness.engine import wait_until
from harness.placement import make, where


def homes(cluster, volume):
    """The numbers of the hosts that have it, by the word of their engines."""
    return [number for number, node in enumerate(cluster, 1)
            if node.direct.get(f"/volumes/{volume}").status == 200]  # fmt: skip


def at_once(*calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def write(node, volume, text):
    """By a container of the node's engine, which is gone afterwards."""
    node.direct.docker("run", "--rm", "-v", f"{volume}:/d", "busybox", "sh", "-c", f"echo {text} > /d/f")


# --- each name once ------------------------------------------------------------------------------


def test_a_volume_that_is_there_is_what_a_create_of_its_name_answers(cluster, one, two):
    made = one.api.post("/volumes/create", {"Name": "data", "Labels": {"a": "b"}})
    again = two.api.post("/volumes/create", {"Name": "data"})
    assert (made.status, again.status) == (201, 201)
    assert again.json() == made.json() and made.json()["Node"]["Name"] == one.name
    for spelt in ({"name": "data"}, {"Name": "other", "NAME": "data"}):
        assert two.api.post("/volumes/create", spelt).json() == made.json()
    assert homes(cluster, "data") == [1]
    assert two.cli("volume", "rm", "data").returncode == 0
    assert homes(cluster, "data") == []
    assert cluster[2].api.post("/volumes/create", {"Name": "data"}).json()["Labels"] is None
    assert homes(cluster, "data") == [3]


def test_creates_of_one_name_at_once_make_one_volume(cluster):
    for number in range(10):
        answers = at_once(*[lambda node=node: node.api.post("/volumes/create", {"Name": f"v{number}"})
                            for node in cluster])  # fmt: skip
        assert [each.status for each in answers] == [201] * 3, [each.body for each in answers]
        assert len({each.json()["Node"]["Name"] for each in answers}) == 1
        assert len(homes(cluster, f"v{number}")) == 1


def test_containers_that_bring_a_volume_along_at_once_share_it(cluster):
    for number in range(5):
        volume = {"HostConfig": {"Binds": [f"imp{number}:/d", f"a{number}:/a", f"z{number}:/z"]}}
        answers = at_once(*[lambda node=node: make(node, f"c{number}-{node.name}", **volume)
                            for node in cluster])  # fmt: skip
        assert [each.status for each in answers] == [201] * 3, [each.body for each in answers]
        [home] = homes(cluster, f"imp{number}")
        assert {tuple(where(cluster, f"c{number}-{node.name}")) for node in cluster} == {(home,)}


def test_a_busy_home_is_no_reason_for_an_empty_volume_elsewhere(cluster, one, two):
    write(one, "data", "kept")
    run(one.direct, "busy", "sleep", "1d", HostConfig={"Init": True, "Memory": 1 << 50 >> 1})
    wait_until(lambda: "busy" in two.containers(), what="listed")
    big = two.cli("run", "--rm", "--memory", "64m", "-v", "data:/d", "busybox", "cat", "/d/f")
    assert big.returncode == 125 and b"volume" in big.stderr, big
    assert homes(cluster, "data") == [1]


def test_what_has_one_name_twice_is_told_and_not_removed_by_chance(cluster, one, two):
    for node in (one, two):
        write(node, "twin", node.name)
    for node in cluster:
        wait_until(lambda: len([each for each in node.api.get("/volumes").json()["Volumes"]
                                if each["Name"] == "twin"]) == 2, what="listed twice")  # fmt: skip
        refused = node.api.call("DELETE", "/volumes/twin")
        assert refused.status == 409 and one.name in refused.message and two.name in refused.message
        warnings = node.api.get("/info").json()["Warnings"]
        assert [each for each in warnings if "twin" in each and one.name in each], warnings
    for node in (one, two):
        wait_until(lambda: "twin" in node.log(), what="logged", timeout=10)
    assert homes(cluster, "twin") == [1, 2]


def test_anonymous_volumes_and_wrong_creates_are_the_engines(cluster, one, two):
    made = one.api.post("/volumes/create", {})
    assert made.status == 201 and len(made.json()["Name"]) == 64
    for body in ({"Name": "bad/name"}, {"Name": "x", "DriverOpts": {"a": "b"}}, ["no object"]):
        answer, alone = two.api.post("/volumes/create", body), two.direct.post("/volumes/create", body)
        assert (answer.status, answer.body) == (alone.status, alone.body)


# --- a new one goes where it is first needed ------------------------------------------------------


def create_on(node, volume, **options):
    """Made by way of the node, and known to all."""
    made = node.api.post("/volumes/create", {"Name": volume, **options})
    assert made.status == 201 and made.json()["Node"]["Name"] == node.name, made.body


def both(name):
    return {"HostConfig": {"Binds": [f"{name}-1:/a", f"{name}-2:/b"]}}


def test_new_volumes_of_two_nodes_come_together_for_a_container(cluster, one, two):
    create_on(one, "new-1", Labels={"kept": "label"})
    create_on(two, "new-2")
    made = make(cluster[2], "user", **both("new"))
    assert made.status == 201, made.body
    [home] = where(cluster, "user")
    assert homes(cluster, "new-1") == homes(cluster, "new-2") == [home]
    assert one.api.get("/volumes/new-1").json()["Labels"] == {"kept": "label"}


def test_a_new_volume_follows_where_else_its_container_has_to_be(cluster, one, two):
    create_on(one, "vault")
    asked = {"Env": [f"constraint:node=={two.name}"], "HostConfig": {"Binds": ["vault:/v"]}}
    made = make(cluster[2], "user", **asked)
    assert made.status == 201, made.body
    assert (where(cluster, "user"), homes(cluster, "vault")) == ([2], [2])
    # But it goes to the volume where it can.
    assert make(one, "next", HostConfig={"Binds": ["vault:/v"]}).status == 201
    assert where(cluster, "next") == [2]


@pytest.mark.parametrize("use", ["written", "mounted", "labelled", "option"])
def test_a_volume_that_is_used_or_bound_stays(cluster, one, two, use):
    options = {
        "labelled": {"Labels": {"io.drover.node": one.name}},
        "option": {"DriverOpts": {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}},
    }
    create_on(one, "used-1", **options.get(use, {}))
    create_on(two, "used-2")
    if use == "written":
        write(one, "used-1", "text")
    if use == "mounted":
        assert make(one, "mounter", HostConfig={"Binds": ["used-1:/a"]}).status == 201
    made = make(cluster[2], "user", **both("used"))
    assert made.status == 201 and where(cluster, "user") == [1], made.body
    assert homes(cluster, "used-1") == homes(cluster, "used-2") == [1]
    away = {"Env": [f"constraint:node=={two.name}"], "HostConfig": {"Binds": ["used-1:/a"]}}
    refused = make(cluster[2], "away", **away)
    assert refused.status == 409 and "volume" in refused.message, refused.body
    assert homes(cluster, "used-1") == [1]


def test_a_volume_is_made_on_the_node_that_its_label_names(cluster, one, two):
    made = one.api.post("/volumes/create", {"Name": "bound", "Labels": {"io.drover.node": two.name}})
    assert made.json()["Node"]["Name"] == two.name and homes(cluster, "bound") == [2]
    nowhere = {"Name": "lost", "Labels": {"io.drover.node": "nobody"}}
    refused = one.api.post("/volumes/create", nowhere)
    assert refused.status == 409 and "nobody" in refused.message, refused.body


def test_creates_that_want_one_new_volume_on_two_nodes_at_once(cluster):
    for number in range(5):
        create_on(cluster[number % 3], f"pulled{number}")
        volume = {"HostConfig": {"Binds": [f"pulled{number}:/v"]}}
        answers = at_once(*[
            lambda node=node: make(node, f"p{number}-{node.name}",
                                   env=[f"constraint:node=={node.name}"], **volume)
            for node in cluster])  # fmt: skip
        assert [each.status for each in answers].count(201) == 1, [each.body for each in answers]
        assert len(homes(cluster, f"pulled{number}")) == 1


def test_compose_with_a_volume_from_elsewhere_and_one_of_its_own(cluster, one, two, compose_v2, tmp_path):
    create_on(one, "vault")
    (tmp_path / "compose.yml").write_text(COMPOSE)
    done = two.cli("compose", "--project-name", "vaulted", "up", "--detach", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert homes(cluster, "vault") == homes(cluster, "vaulted_own") == [2]
    assert two.cli("compose", "--project-name", "vaulted", "down", cwd=tmp_path).returncode == 0


COMPOSE = """
services:
  keeper:
    image: busybox
    command: sleep 1d
    init: true
    volumes: ["vault:/v", "own:/o"]
volumes:
  vault: {external: true}
  own: {}
"""


# --- as the engine would -------------------------------------------------------------------------


def test_removing_what_is_not_there(cluster, one):
    for path in ("/volumes/none", "/volumes/none?force=1", "/volumes/none?force=true"):
        answer, alone = one.api.call("DELETE", path), one.direct.call("DELETE", path)
        assert (answer.status, answer.body) == (alone.status, alone.body), path


def test_a_volume_is_shown_with_its_node_in_every_answer(cluster, one, two):
    made = two.api.post("/volumes/create", {"Name": "shown"}).json()
    for node in cluster:
        inspected = node.api.get("/volumes/shown").json()
        [listed] = [each for each in node.api.get("/volumes").json()["Volumes"]
                    if each["Name"] == "shown"]  # fmt: skip
        assert made == inspected == listed
    assert made["Node"]["Name"] == two.name
    alone = two.direct.get("/volumes/shown").json()
    assert {key: value for key, value in made.items() if key != "Node"} == alone


def test_renaming_to_its_own_name_is_refused_as_by_the_engine(cluster, one, two):
    run(two.direct, "self", "sleep", "1d", HostConfig={"Init": True})
    wait_until(lambda: "self" in one.containers(), what="listed")
    path = "/containers/self/rename?name=self"
    answer, alone = one.api.post(path), two.direct.post(path)
    assert (answer.status, answer.body) == (alone.status, alone.body) and answer.status == 400


def test_a_name_in_the_making_is_held_by_no_container(cluster, one, two):
    """Three creates of one name at once: one wins, and the others name it, or none."""
    for number in range(10):
        answers = at_once(*[lambda node=node: make(node, f"n{number}") for node in cluster])
        [won] = [each.json()["Id"] for each in answers if each.status == 201]
        for each in answers:
            if each.status == 201:
                continue
            assert each.status == 409 and "is already in use by" in each.message, each.body
            named = each.message.partition('by container "')[2].partition('"')[0]
            assert named in ("", won), each.message
