"""What holds whatever fails: droverds and engines are killed, engines and containers hang and links
are cut without pause, while clients create and remove containers and volumes and move tags.

DROVER_TEST_STORM says for how many seconds (15), DROVER_TEST_SEED which storm it is.
"""

import os
import random
import tempfile
import time
from pathlib import Path

import pytest

from harness.cluster import Node, await_agreement, form
from harness.engine import wait_until
from harness.images import build
from harness.storm import Client, Weather, Witness

SECONDS = float(os.environ.get("DROVER_TEST_STORM", "15"))
SEED = int(os.environ.get("DROVER_TEST_SEED", time.time()))
SETTLED = 20  # seconds until all agree again
SHARED = [f"shared{number}" for number in range(5)]


@pytest.fixture(params=[3, 5])
def hosts(request, workdir, config_dir):
    """A cluster of that many hosts, to break."""
    lab = request.getfixturevalue("lab" if request.param == 3 else "lab_of_five")
    nodes = []
    for host in lab.hosts:
        directory = Path(tempfile.mkdtemp(prefix="s", dir=workdir))
        nodes.append(Node(host, directory, config_dir).start())
    form(nodes)
    yield nodes
    for node in nodes:
        if node.process.poll() is None:
            node.stop()
        node.check_sanitizers()


def by_engines(nodes):
    """What there is: containers {id: names}, and the names of all volumes."""
    containers, volumes = {}, []
    for node in nodes:
        for entry in node.direct.get("/containers/json?all=1").json():
            containers[entry["Id"]] = entry["Names"]
        volumes += [each["Name"] for each in node.direct.get("/volumes").json()["Volumes"] or []]
    return containers, sorted(volumes)


def by_node(node):
    """The same by the word of one droverd."""
    answer = node.api.get("/containers/json?all=1")
    assert answer.status == 200, answer.body
    containers = {
        each["Id"]: each["Names"] for each in answer.json() if "Host Down" not in each["Status"]
    }
    return containers, sorted(each["Name"] for each in node.api.get("/volumes").json()["Volumes"] or [])


def meanings(node):
    """{tag: id}, as its list and as each image's inspection have it; None where they differ."""
    listed = {}
    for image in node.api.get("/images/json").json():
        for tag in image["RepoTags"] or []:
            if tag != "<none>:<none>":  # what an image is listed as that has lost its tags
                listed[tag] = None if tag in listed else image["Id"]
    for tag, image in listed.items():
        if node.api.get(f"/images/{tag}/json").json().get("Id") != image:
            listed[tag] = None
    return listed


def create(via, name):
    """What a host was killed over stays its own until it had time to tell, after it is back."""
    deadline = time.monotonic() + 8
    while True:
        answer = via.api.post(f"/containers/create?name={name[1:]}", {"Image": "busybox"})
        if answer.status != 409 or time.monotonic() > deadline:
            return answer


@pytest.mark.slow
def test_what_holds_whatever_fails(hosts, note):
    images = [build(hosts[0], "other", "other"), "busybox"]
    chance = random.Random(SEED)
    weather = Weather(hosts, chance)
    ends = time.monotonic() + SECONDS
    clients = [Client(who, weather, SHARED, images, SEED, ends) for who in range(4)]
    witness = Witness(hosts, ends)
    for each in [*clients, witness]:
        each.start()
    try:
        while time.monotonic() < ends:
            weather.blow()
            time.sleep(chance.uniform(0.1, 2))
    finally:
        weather.calm()
        for each in [*clients, witness]:
            each.join()
    story = f"DROVER_TEST_SEED={SEED}: {', '.join(weather.told)}"
    start = time.monotonic()

    faults = [fault for each in clients for fault in each.faults]
    assert not faults, f"{story}\n" + "\n".join(faults)
    alone = set().union(*(each.alone for each in clients))
    twice = [
        (name, holders)
        for name, holders in witness.twice
        if len([each for each in holders if each[1] not in alone]) > 1
    ]
    assert not twice, story
    # Nobody who lives stays dead to anybody.
    await_agreement(hosts, timeout=SETTLED)

    def disagreement():
        """How somebody differs from what there is; empty if each name is one container's, volume's, tag's."""
        truth = containers, volumes = by_engines(hosts)
        names = [name for each in containers.values() for name in each]
        names += [each for each in volumes if each not in alone]
        told = [f"{name} twice" for name in set(names) if names.count(name) > 1]
        told += [f"{node.name} lists {by_node(node)}, not {truth}" for node in hosts if by_node(node) != truth]
        tags = [meanings(node) for node in hosts]
        if None in tags[0].values() or any(each != tags[0] for each in tags):
            told.append(f"tags are {tags}")
        return told

    try:
        wait_until(lambda: not disagreement(), SETTLED, every=0.2, what="all list what there is")
    except AssertionError as fault:
        raise AssertionError(f"{fault}: {disagreement()}; {story}") from None
    containers, volumes = by_engines(hosts)
    took = time.monotonic() - start
    removed = set().union(*(each.removed for each in clients))
    assert not removed & containers.keys(), story
    # Whatever is left can be removed by anybody, and its name is free then.
    for place, (identity, own) in enumerate(containers.items()):
        via, other = hosts[place % len(hosts)], hosts[(place + 1) % len(hosts)]
        assert via.api.call("DELETE", f"/containers/{identity}").status == 204, story
        again = create(other, own[0])
        assert again.status == 201, (again.body, story)
        assert other.api.call("DELETE", f"/containers/{again.json()['Id']}").status == 204, story
    for place, name in enumerate(volumes):
        assert hosts[place % len(hosts)].api.call("DELETE", f"/volumes/{name}").status == 204, story
    wait_until(lambda: all(by_node(node) == ({}, []) for node in hosts), 2, what="nothing is left")
    made = sum(each.made for each in clients)
    slowest = max(each.slowest for each in clients)
    note(
        f"storm over {len(hosts)} hosts: {len(weather.told)} blows, {made} containers made, "
        f"{len(removed)} removed, {witness.looks} looks; the slowest call {slowest:.1f} s; "
        f"agreement after {took:.1f} s"
    )
    assert made > SECONDS and witness.looks > SECONDS / 2
