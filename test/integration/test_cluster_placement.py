"""Where containers go by their labels, in the words of drover, Rancher and classic Swarm, on three engines."""

import threading
import time

import pytest

from harness.engine import wait_until
from harness.placement import labelled, make, placed, ports, refused, update, where


# --- what nodes are -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels, env, expected",
    [
        ({"io.drover.constraint": "node.label.disk == ssd"}, [], {2}),
        ({"io.drover.constraint": "node.label.disk != ssd"}, [], {1, 3}),
        ({"io.drover.constraint": "node.label.disk in (ssd, nvme), node.label.rank >= 2"}, [], {2, 3}),
        ({"io.drover.constraint": "node.label.disk exists"}, [], {1, 2, 3}),
        ({"io.drover.constraint": "node.label.disk == /^n/"}, [], {3}),
        ({"io.drover.constraint": "node.kernel >= 3.10, node.label.disk == h*"}, [], {1}),
        ({"io.drover.constraint.soft": "node.label.disk == none"}, [], {1, 2, 3}),
        ({}, ["constraint:disk==ssd"], {2}),
        ({}, ["constraint:disk!=ssd"], {1, 3}),
        ({}, ["constraint:disk==/(ssd|nvme)/"], {2, 3}),
        ({}, ["constraint:disk==~floppy"], {1, 2, 3}),
        ({}, ["constraint:ostype==linux", "constraint:disk==nv*"], {3}),
        ({"com.docker.swarm.constraints": '["disk==ssd"]'}, [], {2}),
        ({"io.rancher.scheduler.affinity:host_label": "disk=nvme"}, [], {3}),
        ({"io.rancher.scheduler.affinity:host_label_ne": "disk=nvme"}, [], {1, 2}),
        ({"io.rancher.scheduler.affinity:host_label_soft": "disk=tape"}, [], {1, 2, 3}),
        ({"io.rancher.scheduler.affinity:host_label_soft_ne": "disk=hdd"}, [], {2, 3}),
    ],
)
def test_facts_of_nodes(cluster, labels, env, expected):
    with labelled(cluster, disk=("hdd", "ssd", "nvme"), rank=("1", "2", "3")):
        for via in range(3):
            assert placed(cluster, f"fact{via}", labels, env, via=via) in expected


def test_expressions_are_not_for_the_container_to_see(cluster):
    name = "hidden"
    placed(cluster, name, env=["A=1", "constraint:node!=nowhere", "affinity:container!=~x", "B=2"])
    seen = cluster[1].api.get(f"/containers/{name}/json").json()["Config"]["Env"]
    assert "A=1" in seen and "B=2" in seen
    assert not [each for each in seen if each.startswith(("constraint:", "affinity:"))]


def test_what_no_node_has_is_told_for_each_node(cluster):
    message = refused(cluster[0], "nowhere", {"io.drover.constraint": "node.label.disk == tape"})
    assert "constraint: 3 of 3 nodes" in message
    for node in cluster:
        assert f"\n{node.name}: constraint: " in message, message


@pytest.mark.parametrize(
    "label, value, words",
    [
        ("io.drover.constrain", "x == y", "io.drover.constraint"),
        ("io.drover.constraint", "node.kernal >= 5", "node.kernel"),
        ("io.drover.constraint", "node.kernel >= ", "io.drover.constraint"),
        ("io.drover.strategy", "binpak", "binpack"),
        ("io.drover.max-per-node", "-1", "io.drover.max-per-node"),
        ("io.drover.affinity", "container == /(/", "io.drover.affinity"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_what_was_meant(cluster, label, value, words):
    answer = make(cluster[0], "wrong", {label: value})
    assert answer.status == 400, answer.body
    assert label in answer.message and words in answer.message, answer.message
    assert where(cluster, "wrong") == []


def test_docker_info_lists_the_labels_that_are_understood(cluster):
    for node in cluster:
        [line] = [each for each in node.docker("info").splitlines() if "Labels of containers:" in each]
        for part in ("io.drover.{constraint, ", "strategy", "io.rancher.scheduler.affinity:{host_label, "):
            assert part in line, line


@pytest.mark.parametrize(
    "label, words",
    [
        ("io.drover.slots=many", '"many" is not a number'),
        ("io.drover.slot=1", "did you mean io.drover.slots?"),
        ("io.drover.overcommit=2x", "io.drover.overcommit"),
        ("io.drover.strategy=spread", "is a label of containers"),
    ],
)
def test_what_cannot_be_a_label_of_a_node_is_refused(cluster, label, words):
    one, two, _ = cluster
    update(one, two, disk="ssd")
    try:
        done = one.cli("node", "update", "--label-add", label, "--availability", "pause", two.name)
        assert done.returncode == 1
        assert words in done.stderr.decode() and label.partition("=")[0] in done.stderr.decode()
        spec = one.api.get(f"/nodes/{two.name}").json()["Spec"]
        assert (spec["Labels"], spec["Availability"]) == ({"disk": "ssd"}, "active")
        body = {"Role": "manager", "Availability": "active", "Labels": dict([label.split("=")])}
        answer = one.api.post(f"/nodes/{two.id()}/update?version=1", body)
        assert answer.status == 400 and words in answer.message
    finally:
        update(one, two, disk=None)


def test_a_node_that_is_paused_or_drained_takes_no_new_ones(cluster):
    one, two, third = cluster
    for availability in ("pause", "drain"):
        one.docker("node", "update", "--availability", availability, two.name)
        wait_until(
            lambda: all(each.nodes()[two.name][1].lower() == availability for each in cluster),
            what="all know",
        )
        try:
            for number in range(4):
                assert placed(cluster, f"{availability}{number}", via=number % 3) != 2
            message = refused(third, "there", {"io.drover.node": two.name})
            assert f"{two.name}: " in message and availability in message
        finally:
            one.docker("node", "update", "--availability", "active", two.name)


# --- what is on nodes ---------------------------------------------------------------------------


def test_affinity_and_its_opposite(cluster):
    home = placed(cluster, "web", {"tier": "front"})
    others = {1, 2, 3} - {home}
    assert placed(cluster, "a1", {"io.drover.affinity": "container == web"}, via=1) == home
    assert placed(cluster, "a2", {"io.drover.affinity": "container.label.tier == front"}, via=2) == home
    assert placed(cluster, "a3", env=["affinity:container==w*"]) == home
    assert placed(cluster, "a4", env=["affinity:tier==front"], via=1) == home
    assert placed(cluster, "b1", {"io.drover.affinity": "container != web"}, via=1) in others
    assert placed(cluster, "b2", env=["affinity:container!=web"], via=2) in others
    assert placed(cluster, "b3", env=["affinity:tier!=front"]) in others
    assert "affinity" in refused(cluster[0], "c1", env=["affinity:container==nobody"])
    placed(cluster, "c2", env=["affinity:container==~nobody"])


def test_three_of_which_none_stands_the_other_and_two_nodes(cluster):
    """Asked for at once on two nodes, one of three is refused."""
    answers = [None] * 3

    def ask(number):
        answers[number] = make(
            cluster[number], f"alone{number}", {"io.drover.constraint": f"node.name != {cluster[2].name}"},
            ["affinity:container!=alone*"],
        )

    threads = [threading.Thread(target=ask, args=(each,)) for each in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each.status for each in answers) == [201, 201, 409]
    for number in range(3):
        assert len(where(cluster, f"alone{number}")) <= 1


@pytest.mark.parametrize("suffix, holds", [("", True), ("_ne", False)])
def test_ranchers_affinities_to_containers(cluster, suffix, holds):
    home = placed(cluster, "base", {"app": "db"})
    for kind, value in (("container", "base"), ("container_label", "app=db")):
        key = f"io.rancher.scheduler.affinity:{kind}"
        got = placed(cluster, f"hard-{kind}", {key + suffix: value}, via=1)
        assert (got == home) == holds
        got = placed(cluster, f"soft-{kind}", {f"{key}_soft{suffix}": value}, via=2)
        assert (got == home) == holds
        placed(cluster, f"none-{kind}", {f"{key}_soft": value + "x"})


def test_ranchers_macros_name_the_own_service(cluster):
    labels = {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "web",
        "io.rancher.scheduler.affinity:container_label_ne":
            "io.rancher.stack_service.name=${stack_name}/${service_name}",
    }
    got = [placed(cluster, f"shop_web_{number}", labels, via=number % 3) for number in range(3)]
    assert sorted(got) == [1, 2, 3]
    assert "affinity" in refused(cluster[0], "shop_web_4", labels)


def test_at_most_so_many_on_a_node(cluster):
    labels = {"io.drover.max-per-node": "1", "com.docker.compose.project": "p",
              "com.docker.compose.service": "s"}  # fmt: skip
    got = [placed(cluster, f"max{number}", labels, via=number % 3) for number in range(3)]
    assert sorted(got) == [1, 2, 3]
    refused(cluster[1], "max4", labels)


def test_containers_of_a_service_spread_over_domains_of_failure(cluster):
    with labelled(cluster, rack=("a", "a", "b")):
        labels = {"io.drover.spread-by": "rack", "com.docker.compose.project": "p",
                  "com.docker.compose.service": "s"}  # fmt: skip
        got = [placed(cluster, f"rack{number}", labels) for number in range(4)]
        assert got.count(3) == 2, got


# --- what nodes have ----------------------------------------------------------------------------


def test_a_port_is_there_once_on_a_host(cluster):
    published = ports(("", "8080", "tcp"))
    got = [placed(cluster, f"port{number}", via=number % 3, **published) for number in range(3)]
    assert sorted(got) == [1, 2, 3]
    message = refused(cluster[0], "port4", **published)
    assert "port: 3 of 3 nodes" in message and "8080/tcp" in message
    placed(cluster, "udp", **ports(("", "8080", "udp")))
    placed(cluster, "range", **ports(("", "8080-8081", "tcp")))
    placed(cluster, "drawn", **ports(("", "", "tcp")))
    cluster[2].docker("rm", "-f", "port1")
    assert placed(cluster, "port5", via=1, **published) == got[1]


def test_an_address_of_its_own_keeps_ports_apart(cluster):
    one = cluster[0]
    here = {"io.drover.node": one.name}
    placed(cluster, "local", here, **ports(("127.0.0.1", "81", "tcp")))
    placed(cluster, "other", here, **ports(("127.0.0.2", "81", "tcp")))
    assert "port" in refused(one, "any", here, **ports(("0.0.0.0", "81", "tcp")))


def test_memory_is_reserved_while_a_container_exists(cluster):
    total = cluster[0].api.get("/nodes").json()[0]["Description"]["Resources"]["MemoryBytes"]
    most = {"HostConfig": {"Memory": int(total * 0.7)}}
    got = [placed(cluster, f"fat{number}", via=number % 3, **most) for number in range(3)]
    assert sorted(got) == [1, 2, 3]
    assert "memory" in refused(cluster[1], "fat4", **most)
    assert placed(cluster, "slim", HostConfig={"Memory": 64 << 20}) in {1, 2, 3}
    cluster[0].docker("rm", "-f", "fat2")
    assert placed(cluster, "fat5", via=2, **most) == got[2]


def test_what_no_node_can_have_is_refused(cluster):
    assert "memory" in refused(cluster[0], "huge", HostConfig={"Memory": 1 << 50})
    wide = {"CpuPeriod": 1000, "CpuQuota": 10**9}  # which engines take, unlike as many NanoCpus
    assert "cpus: 1e+06 asked for" in refused(cluster[0], "wide", HostConfig=wide)
    assert "rexray" in refused(cluster[0], "exotic", {"io.drover.reserve": "rexray=1"})


def test_slots_and_resources_that_nodes_declare(cluster):
    with labelled(cluster, io__drover__slots=("0", "1", None),
                  io__drover__resource__tuner=(None, None, "2")):  # fmt: skip
        got = [placed(cluster, f"slot{number}", via=number % 3) for number in range(4)]
        assert 1 not in got and got.count(2) == 1
        tuned = {"io.drover.reserve": "tuner=1"}
        assert [placed(cluster, f"tv{number}", tuned) for number in range(2)] == [3, 3]
        assert "tuner" in refused(cluster[0], "tv2", tuned)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"VolumeDriver": "nosuch"}, "plugin \"nosuch\" of kind Volume"),
        ({"Runtime": "nosuch"}, "plugin \"nosuch\" of kind Runtime"),
        ({"LogConfig": {"Type": "nosuch"}}, "plugin \"nosuch\" of kind Log"),
    ],
)
def test_what_no_engine_has_a_plugin_for_is_told_for_each_node(cluster, options, words):
    body = {"Image": "busybox", "HostConfig": options}
    told = cluster[1].api.post("/drover/placement", body).json()
    assert told["Candidates"] == []
    rejected = {each["Node"]: (each["Filter"], each["Reason"]) for each in told["Rejected"]}
    assert rejected == {node.name: ("plugin", f"{words} is not here") for node in cluster}
    fine = {"VolumeDriver": "local", "Runtime": "runc", "LogConfig": {"Type": "none"}}
    placed(cluster, "fine", HostConfig=fine)


def test_strategies(cluster):
    packed = {"io.drover.strategy": "binpack", "com.docker.compose.service": "s"}
    small = {"HostConfig": {"Memory": 32 << 20}}
    got = [placed(cluster, f"pack{number}", packed, **small) for number in range(4)]
    assert len(set(got)) == 1, got
    got = {
        placed(cluster, f"any{number}", {"io.drover.strategy": "random"}) for number in range(20)
    }
    assert len(got) > 1


def test_a_new_container_goes_to_the_volume_it_names(cluster):
    for node in cluster:
        node.direct.post("/volumes/create", {"Name": f"of-{node.name}"})
    for number, node in enumerate(cluster, 1):
        for via in range(3):
            volume = {"HostConfig": {"Binds": [f"of-{node.name}:/data"]}}
            assert placed(cluster, f"v{number}{via}", via=via, **volume) == number
    both = {"HostConfig": {"Binds": [f"of-{each.name}:/d{at}" for at, each in enumerate(cluster[:2])]}}
    assert "volume" in refused(cluster[0], "both", **both)


# --- being told why -----------------------------------------------------------------------------


def test_the_choice_is_explained_on_request(cluster):
    answer = make(cluster[0], "told", {"io.drover.explain": "true", "io.drover.node": cluster[1].name})
    assert answer.status == 201
    assert any(cluster[1].name in each for each in answer.json()["Warnings"])
    answer = cluster[2].api.post(
        "/drover/placement",
        {"Image": "busybox", "Labels": {"io.drover.constraint": f"node.name != {cluster[0].name}"}},
    )
    assert answer.status == 200, answer.body
    told = answer.json()
    assert {each["Node"] for each in told["Candidates"]} == {each.name for each in cluster[1:]}
    assert [(each["Node"], each["Filter"]) for each in told["Rejected"]] == [
        (cluster[0].name, "constraint")
    ]
    answer = cluster[2].api.post("/drover/placement", {"Labels": {"io.drover.nod": "x"}})
    assert answer.status == 400 and "io.drover.node" in answer.message


def test_what_has_no_effect_yet_is_told(cluster):
    answer = make(cluster[0], "moved", {"io.drover.reschedule": "on-node-failure"})
    assert answer.status == 201
    assert any("io.drover.reschedule" in each for each in answer.json()["Warnings"])


# --- many at once -------------------------------------------------------------------------------


def test_a_create_that_failed_leaves_nothing_reserved(cluster):
    published = ports(("", "8090", "tcp"))
    for number in range(6):
        answer = make(cluster[number % 3], f"bad{number}", Image="no/such:image", **published)
        assert answer.status == 404, answer.body
    got = [placed(cluster, f"good{number}", via=number % 3, **published) for number in range(3)]
    assert sorted(got) == [1, 2, 3]


def test_creates_made_directly_on_an_engine_count_too(cluster):
    published = ports(("", "8095", "tcp"))
    body = {"Image": "busybox", "Cmd": ["true"]} | published
    for node in cluster[:2]:
        assert node.direct.post("/containers/create?name=direct", body).status == 201
    wait_until(lambda: len(cluster[2].containers()) == 2, what="listed")
    time.sleep(0.5)
    assert placed(cluster, "free", via=0, **published) == 3


# --- what is made again --------------------------------------------------------------------------


def made_again(via, name):
    """Removed and made anew from its inspection, as watchtower does; the answer's warnings."""
    seen = via.api.get(f"/containers/{name}/json").json()
    assert via.api.call("DELETE", f"/containers/{name}?force=1").status == 204
    body = seen["Config"] | {"HostConfig": seen["HostConfig"]}
    answer = via.api.post(f"/containers/create?name={name}", body)
    assert answer.status == 201, answer.body
    return answer.json()["Warnings"]


def test_bind_mounts_of_a_container_that_is_made_again_are_those_it_had(cluster):
    binds = {"HostConfig": {"Binds": ["/srv:/srv", "/etc:/host/etc:ro"]}}
    assert placed(cluster, "bound", via=2, **binds) == 3
    time.sleep(0.3)  # until its record has come to all
    assert made_again(cluster[0], "bound") in (None, [])
    assert where(cluster, "bound") == [3]


def test_that_bind_mounts_became_those_of_another_node_is_told(cluster):
    assert placed(cluster, "changed", via=2, HostConfig={"Binds": ["/srv:/srv"]}) == 3
    time.sleep(0.3)
    assert cluster[0].api.call("DELETE", "/containers/changed?force=1").status == 204
    answer = make(cluster[0], "changed", HostConfig={"Binds": ["/opt:/srv"]})
    assert where(cluster, "changed") == [1]
    [warning] = answer.json()["Warnings"]
    assert f"was on node {cluster[2].name} before" in warning
    assert warning.endswith(f"node {cluster[0].name}")
