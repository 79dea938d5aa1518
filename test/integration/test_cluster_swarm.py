"""What classic Swarm's integration suite asked of its scheduler, asked of three engines in its words.

With flat names and errors as Docker's; file by file of that suite. What it asked of other endpoints
is in test_cluster_use.py and its like, its expressions one by one in test_cluster_placement.py.
"""

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.engine import wait_until
from harness.placement import labelled, make, placed, ports, refused, where


@pytest.fixture(autouse=True)
def settled(cluster):
    """What the test before left was removed behind the droverds' backs, and counts until they know."""

    def knows_of_none(node):
        candidates = node.api.post("/drover/placement", {"Image": "busybox"}).json()["Candidates"]
        return len(candidates) == 3 and all(", 0 containers" in each["Reason"] for each in candidates)

    wait_until(lambda: all(knows_of_none(node) for node in cluster), what="no containers are known")


@contextlib.contextmanager
def engine_labels(cluster, *labels_of):
    """The labels of each engine, as all nodes know them."""
    with contextlib.ExitStack() as stack:
        for node, labels in zip(cluster, labels_of, strict=True):
            stack.enter_context(node.host.engine_labels(*labels))
        wait_until(lambda: all(known(node, cluster, labels_of) for node in cluster), what="known")
        yield
    none = [()] * len(cluster)
    wait_until(lambda: all(known(node, cluster, none) for node in cluster), what="labels gone")


def known(node, cluster, labels_of):
    """Whether the node knows exactly these labels of the engines."""
    engines = {
        each["Description"]["Hostname"]: {
            key: value
            for key, value in each["Description"]["Engine"]["Labels"].items()
            if not key.startswith("io.drover.")
        }
        for each in node.api.get("/nodes").json()
    }
    return engines == {
        other.name: dict(label.split("=") for label in labels)
        for other, labels in zip(cluster, labels_of, strict=True)
    }


# --- affinities.bats ----------------------------------------------------------------------------


def test_affinities(cluster):
    """To a container by name and id, to a label and to an image; and away from them."""
    home = placed(cluster, "c1", {"test.label": "true"})
    others = {1, 2, 3} - {home}
    id = cluster[0].api.get("/containers/c1/json").json()["Id"]
    for number, expression in enumerate(
        ["container==c1", f"container=={id}", f"container=={id[:12]}", "test.label==true",
         "TEST.LABEL==/^t/"]
    ):  # fmt: skip
        got = placed(cluster, f"near{number}", env=[f"affinity:{expression}"], via=number % 3)
        assert got == home, expression
    for number, expression in enumerate(["container!=c1", "test.label!=true"]):
        got = placed(cluster, f"far{number}", env=[f"affinity:{expression}"], via=number % 3)
        assert got in others, expression
    labels = {"com.docker.swarm.affinities": '["container==c1","test.label==true"]'}
    assert placed(cluster, "listed", labels, via=1) == home


def test_affinities_to_images(cluster):
    cluster[1].direct.post("/images/busybox/tag?repo=tests/only&tag=here")
    image = cluster[1].direct.get("/images/tests/only:here/json").json()
    wait_until(
        lambda: all(
            any("tests/only:here" in (each["RepoTags"] or []) for each in node.api.get("/images/json").json())
            for node in cluster
        ),
        what="the image is known",
    )  # fmt: skip
    for number, wanted in enumerate(["tests/only:here", "tests/only*"]):
        assert placed(cluster, f"image{number}", env=[f"affinity:image=={wanted}"], via=number) == 2
    assert placed(cluster, "not", env=["affinity:image!=tests/only:here"], via=1) in {1, 3}
    every = [f"affinity:image=={image['Id']}"]
    assert placed(cluster, "id", env=every) in {1, 2, 3}
    assert "affinity" in refused(cluster[2], "none", env=["affinity:image==tests/no-such:1"])
    placed(cluster, "wish", env=["affinity:image==~tests/no-such:1"])


# --- constraints.bats ---------------------------------------------------------------------------


def test_constraints_on_nodes(cluster):
    two = cluster[1].name
    assert placed(cluster, "is", env=[f"constraint:node=={two}"]) == 2
    assert placed(cluster, "not", env=[f"constraint:node!={two}"], via=1) in {1, 3}
    assert placed(cluster, "glob", env=["constraint:node==*-2"], via=2) == 2
    assert placed(cluster, "regex", env=["constraint:node==/-[23]$/", f"constraint:node!={two}"]) == 3
    assert placed(cluster, "other-case", env=[f"constraint:NODE=={two}"]) == 2
    placed(cluster, "wish", env=["constraint:node==~nowhere"])
    message = refused(cluster[0], "none", env=["constraint:node==nowhere"])
    assert "constraint: 3 of 3 nodes" in message
    info = cluster[0].direct.get("/info").json()
    facts = [f"storagedriver=={info['Driver']}", "ostype==linux",
             f"kernelversion=={info['KernelVersion']}", "operatingsystem==*"]  # fmt: skip
    placed(cluster, "facts", env=[f"constraint:{each}" for each in facts])
    for fact in ("storagedriver", "ostype", "kernelversion", "operatingsystem"):
        assert "constraint" in refused(cluster[1], "none", env=[f"constraint:{fact}==x"])


def test_constraints_on_labels_of_engines(cluster):
    with engine_labels(cluster, ["foo=a", "storage=ssd"], ["foo=b"], []):
        for via in range(3):
            assert placed(cluster, f"a{via}", env=["constraint:foo==a"], via=via) == 1
        assert placed(cluster, "regex", env=["constraint:foo==/[bc]/"]) == 2
        assert placed(cluster, "anchored", env=["constraint:storage==ss*"], via=2) == 1
        assert placed(cluster, "not", env=["constraint:foo!=/./"]) == 3
        assert placed(cluster, "soft", env=["constraint:foo==~b"]) == 2
        listed = {"com.docker.swarm.constraints": json.dumps(["foo==/./", "storage!=ssd"])}
        assert placed(cluster, "listed", listed) == 2
        refused(cluster[2], "none", env=["constraint:foo==c"])


# --- dependency.bats ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option", ["--volumes-from={}", "--volumes-from={}:ro", "--link={}:alias", "--net=container:{}"]
)
def test_containers_that_need_each_other_share_a_node(cluster, option):
    for number, node in enumerate(cluster, 1):
        node.docker(
            "run", "-d", "--init", "--name", f"c{number}", "-v", "/data",
            "-l", f"io.drover.node={node.name}", "busybox", "sleep", "1d",
        )  # fmt: skip
    for number in (1, 2, 3):
        via = cluster[number % 3]
        via.docker("run", "--name", f"by{number}", option.format(f"c{number}"), "busybox", "true")
        assert where(cluster, f"by{number}") == [number]
    if "net" not in option:
        done = cluster[0].cli(
            "create", "--name", "both", option.format("c1"), option.format("c2"), "busybox"
        )
        assert done.returncode == 1 and b"dependency: 3 of 3 nodes" in done.stderr
        assert where(cluster, "both") == []


# --- port-filters.bats --------------------------------------------------------------------------


def test_ports_published_and_bound_on_the_host(cluster):
    """As many as there are nodes find room; with the host's network it is what a container exposes."""
    for option in (["-p", "8000:80"], ["--net=host", "--expose=8001"]):
        name = f"p{option[-1][-1]}"
        for number, node in enumerate(cluster):
            node.docker("create", "--name", f"{name}-{number}", *option, "busybox")
        assert sorted(where(cluster, f"{name}-{number}") for number in range(3)) == [[1], [2], [3]]
        done = cluster[1].cli("create", *option, "busybox")
        assert done.returncode == 1, option
        told = done.stderr.decode()
        assert "no node can run this container (port: 3 of 3 nodes)" in told, told
        assert "is taken by container" in told and "Error response from daemon" in told


# --- containerslots-filter.bats -----------------------------------------------------------------


def test_slots_by_a_label_of_engines(cluster):
    with engine_labels(cluster, ["containerslots=2"], ["containerslots=1"], ["containerslots=0"]):
        got = [placed(cluster, f"slot{number}", via=number % 3) for number in range(3)]
        assert sorted(got) == [1, 1, 2]
        assert "slots: 3 of 3 nodes" in refused(cluster[0], "full")
        cluster[2].docker("rm", "slot0")
        assert placed(cluster, "again", via=1) == got[0]


def test_slots_that_are_no_number_or_not_said_are_no_limit(cluster):
    with engine_labels(cluster, ["containerslots=many"], ["containerslots=0"], []):
        got = [placed(cluster, f"slot{number}", via=number % 3) for number in range(6)]
        assert got.count(1) == got.count(3) == 3


# --- resource_management.bats -------------------------------------------------------------------


def reserved(node):
    """The rows of `docker info` that sum up what is reserved: (CPUs, memory) for each node."""
    rows = node.api.get("/info").json()["SystemStatus"]
    values = {name: [value for row, value in rows if row.endswith(name)]
              for name in ("Reserved CPUs", "Reserved Memory")}  # fmt: skip
    return [
        (cpus.split(" / ")[0], memory.split(" / ")[0])
        for cpus, memory in zip(values["Reserved CPUs"], values["Reserved Memory"], strict=True)
    ]


def test_what_is_reserved_is_summed_up_and_given_back(cluster):
    assert "memory" in refused(cluster[0], "huge", HostConfig={"Memory": 1 << 50})
    wide = {"CpuPeriod": 1000, "CpuQuota": 10**9}  # which engines take, unlike as many NanoCpus
    assert "cpus" in refused(cluster[1], "wide", HostConfig=wide)
    at = placed(cluster, "some", HostConfig={"Memory": 20 << 20, "NanoCpus": 10**9})
    expected = [("0", "0B")] * 3
    expected[at - 1] = ("1", "20MiB")
    for node in cluster:
        wait_until(lambda: sorted(reserved(node)) == sorted(expected), what="summed up")
    cluster[1].docker("rm", "some")
    for node in cluster:
        wait_until(lambda: reserved(node) == [("0", "0B")] * 3, what="given back")


@pytest.mark.parametrize("strategy, nodes", [("spread", 3), ("binpack", 1)])
def test_strategies_go_by_what_is_reserved(cluster, strategy, nodes):
    limits = {"HostConfig": {"Memory": 64 << 20}}
    labels = {"io.drover.strategy": strategy}
    got = [placed(cluster, f"s{each}", labels, via=each % 3, **limits) for each in range(3)]
    assert len(set(got)) == nodes, got


# --- whitelists, build_with_filters.bats --------------------------------------------------------


def test_whitelists(cluster):
    one, two, three = (node.name for node in cluster)
    for via in range(3):
        assert placed(cluster, f"env{via}", env=[f"whitelist:node=={three}"], via=via) == 3
    got = {placed(cluster, f"two{each}", env=[f"whitelist:node=={one}|{two}"]) for each in range(4)}
    assert got == {1, 2}
    listed = {"com.docker.swarm.whitelists": f'["node=={two}|{three}"]'}
    both = [f"whitelist:node=={one}|{two}"]
    assert placed(cluster, "both", listed, both) == 2
    assert "whitelist: 3 of 3 nodes" in refused(cluster[0], "none", env=["whitelist:node==nowhere"])


def build(via, folder, tag, argument, **env):
    return via.cli("build", "-t", tag, "--build-arg", argument, folder, env={"DOCKER_BUILDKIT": "0"} | env)


def test_builds_go_where_their_arguments_say(cluster, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM busybox\nARG WORD\nRUN echo $WORD >/built\n")
    with labelled(cluster, disk=("hdd", "ssd", "nvme")):
        for number, node in enumerate(cluster, 1):
            via = cluster[number % 3]
            done = build(via, tmp_path, f"on{number}", f"constraint:node=={node.name}")
            assert done.returncode == 0, done.stderr
            assert [each.has_image(f"on{number}") for each in cluster] == [
                each is node for each in cluster
            ]
        assert build(cluster[0], tmp_path, "ssd", "constraint:disk==ssd").returncode == 0
        assert cluster[1].has_image("ssd")
        placed(cluster, "base", env=["constraint:disk==nvme"])
        assert build(cluster[0], tmp_path, "near", "affinity:container==base").returncode == 0
        assert cluster[2].has_image("near")
    done = build(cluster[0], tmp_path, "never", "constraint:node==nowhere")
    assert done.returncode == 1 and b"constraint: 3 of 3 nodes" in done.stderr, done.stderr
    done = build(cluster[0], tmp_path, "never", "constraint:node=nowhere")
    assert done.returncode == 1 and b"is not a valid operator" in done.stderr, done.stderr
    assert not any(node.has_image("never") for node in cluster)
    assert build(cluster[1], tmp_path, "here", "WORD=plain").returncode == 0
    assert cluster[1].has_image("here")


def test_buildkit_is_told_that_it_has_to_ask_the_node_itself(cluster, tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM busybox\nCOPY Dockerfile /\n")
    for via, works in ((cluster[1], True), (cluster[0], False)):
        done = build(
            via, tmp_path, "kit", f"constraint:node=={cluster[1].name}", DOCKER_BUILDKIT="1"
        )
        assert (done.returncode == 0) == works, done.stderr
    assert f"must run on node {cluster[1].name}".encode() in done.stderr, done.stderr
    assert cluster[1].has_image("kit") and not cluster[0].has_image("kit")


# --- stress.bats, api/run.bats, api/create.bats -------------------------------------------------


def test_thirty_containers_are_ten_on_each(cluster):
    """One after the other, and all at once; by one node, which knows what it has just made."""
    got = [placed(cluster, f"one{number}") for number in range(30)]
    assert [got.count(number) for number in (1, 2, 3)] == [10, 10, 10]
    with ThreadPoolExecutor(30) as pool:
        got = list(pool.map(lambda number: placed(cluster, f"all{number}"), range(30)))
    assert [got.count(number) for number in (1, 2, 3)] == [10, 10, 10]


def test_names_are_flat_and_errors_are_json(cluster):
    two = cluster[1].name
    at = placed(cluster, "flat", env=[f"constraint:node=={two}", "constraint:node==~nowhere"])
    assert at == 2
    for node in cluster:
        assert node.api.get("/containers/flat/json").json()["Name"] == "/flat"
        assert "flat" in node.containers()
    answer = make(cluster[0], "flat")
    assert answer.status == 409 and set(answer.json()) == {"message"}
    assert "/flat" in answer.message
    answer = make(cluster[0], "crowd", env=["constraint:node"])
    assert answer.status == 400 and set(answer.json()) == {"message"}
    placed(cluster, "port", env=[f"constraint:node=={two}"], **ports(("", "99", "tcp")))
    answer = make(cluster[2], "other", env=[f"constraint:node=={two}"], **ports(("", "99", "tcp")))
    assert answer.status == 409 and "99/tcp is taken by container \"port\"" in answer.message


def test_what_could_match_nothing_is_refused_as_there(cluster):
    for entry in ('affinity:container!="*reg*"', "constraint:node=='none'", "affinity:a:b!=c"):
        answer = make(cluster[0], "quoted", env=[entry])
        assert answer.status == 400, answer.body
        assert entry.partition(":")[0] in answer.message


def test_a_label_that_is_no_json_is_ignored_as_there_but_told(cluster):
    labels = {"com.docker.swarm.affinities": '["container\\!=web"]'}
    answer = make(cluster[0], "escaped", labels)
    assert answer.status == 201, answer.body
    [warning] = answer.json()["Warnings"]
    assert "com.docker.swarm.affinities: has no effect, since it is not JSON" in warning


def test_ranchers_word_for_labels_of_containers_keeps_apart(cluster):
    there = {"tier": "front", "io.drover.node": cluster[1].name}
    env = ["affinity:container_label:tier!=front"]
    assert placed(cluster, "tier1", there, env) == 2
    assert "affinity: " in refused(cluster[0], "tier2", there, env)


def test_an_image_of_a_container_asks_for_nothing(cluster):
    assert placed(cluster, "source", env=[f"constraint:node=={cluster[1].name}"]) == 2
    source = cluster[0].api.get("/containers/source/json").json()
    assert source["Config"]["Labels"] != {}
    cluster[0].docker("commit", "source", "made:1")
    image = cluster[0].api.get("/images/made:1/json").json()
    assert image["Config"]["Labels"] == {"com.docker.swarm.constraints": "[]"}
    answer = make(cluster[0], "plain", Image="made:1", Labels={"io.drover.node": cluster[2].name})
    assert answer.status == 201, answer.body
    assert where(cluster, "plain") == [3]
