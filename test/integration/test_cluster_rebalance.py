"""Containers move to where there is room, one at a time, and never at their service's cost."""

import threading
import time

import pytest

from harness.cluster import form, run_on
from harness.engine import wait_until

MOVES = {"io.drover.rebalance": "true"}
SERVICE = {"com.docker.compose.project": "p", "com.docker.compose.service": "web"}


def running(nodes):
    """What runs by the word of the engines: {name: node}; of two of one name, as while it changes
    hands, one."""
    return {
        each["Names"][0][1:]: node
        for node in nodes
        for each in node.direct.get("/containers/json").json()
    }


def counts(nodes):
    return [len(node.direct.get("/containers/json?all=1").json()) for node in nodes]


def number(value):
    return SERVICE | {"com.docker.compose.container-number": str(value)}


class Watch:
    """Looks at the engines as fast as it can while something goes on."""

    def __init__(self, nodes, well, wanted=()):
        self.nodes = nodes
        self.well = well  # how many of the listed are well: a function of a list's entries
        self.wanted = wanted  # names that are to stay taken
        self.least, self.most, self.looks = 10**6, 0, 0
        self.names_given = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._look), threading.Thread(target=self._grab)]

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for each in self._threads:
            each.join()

    def _look(self):
        """The engines are asked one after the other, and one that moves may be missed on both, so
        two looks one after the other must miss it."""
        while not self._stop.is_set():
            before, after = (self._count() for _ in range(2))
            self.least, self.most = min(self.least, max(before, after)), max(self.most, before, after)
            self.looks += 1

    def _count(self):
        return sum(self.well(node.direct.get("/containers/json").json()) for node in self.nodes)

    def _grab(self):
        """Tries to get the names that change hands."""
        while not self._stop.is_set():
            for via, name in enumerate(self.wanted):
                body = {"Image": "busybox"}
                answer = self.nodes[via % 2].api.post(f"/containers/create?name={name}", body)
                if answer.status == 201:
                    self.names_given.append(name)
            self._stop.wait(0.01)


def all_run(entries):
    return sum(each["State"] == "running" for each in entries)


def healthy(entries):
    return sum("(healthy)" in each["Status"] for each in entries)


@pytest.mark.parametrize("checked", [False, True])
def test_when_a_node_joins_containers_move_to_it_one_at_a_time(start_node, checked):
    args = ("--rebalance-interval", "500ms")
    nodes = [start_node(1, *args), start_node(2, *args)]
    form(nodes)
    options = {}
    if checked:
        second = 10**9
        options["Healthcheck"] = {"Test": ["CMD", "true"], "Interval": second, "Timeout": second}
    for each in range(6):
        run_on(nodes[0], nodes[each % 2], f"away{each}")
    # Without a node asked for, or it could not move.
    for each in range(6):
        body = {"Image": "busybox", "Cmd": ["sleep", "1d"], "Labels": MOVES | number(each),
                "Env": [f"N={each}"], "HostConfig": {"Init": True}} | options  # fmt: skip
        answer = nodes[0].api.post(f"/containers/create?name=web{each}", body)
        assert answer.status == 201 and not answer.json()["Warnings"], answer.body
        assert nodes[1].api.post(f"/containers/web{each}/start").status == 204
    well = healthy if checked else all_run
    if checked:
        wait_until(lambda: sum(healthy(n.direct.get("/containers/json").json()) for n in nodes) == 6,
                   what="all healthy")  # fmt: skip
    before = sum(well(node.direct.get("/containers/json").json()) for node in nodes)
    ids = {each: nodes[0].api.get(f"/containers/web{each}/json").json()["Id"] for each in range(6)}
    nodes.append(start_node(3, *args))
    with Watch(nodes, well, [f"web{each}" for each in range(6)]) as watch:
        nodes[2].joined(nodes[0])
        wait_until(lambda: counts(nodes) == [4, 4, 4], 60, what="four on each")
        time.sleep(3)
    assert counts(nodes) == [4, 4, 4]
    assert watch.looks > 20
    assert watch.least >= before, "none less than before at any time"
    assert watch.most <= before + 1, "one at a time"
    assert not watch.names_given
    assert set(running(nodes)) == {f"{name}{each}" for name in ("web", "away") for each in range(6)}
    moved = [each for each in range(6) if running(nodes)[f"web{each}"] is nodes[2]]
    assert len(moved) == 4
    for each in range(6):
        shown = nodes[1].api.get(f"/containers/web{each}/json").json()
        assert (shown["Id"] != ids[each]) == (each in moved)
        assert shown["Config"]["Env"][0] == f"N={each}"
        labels = shown["Config"]["Labels"]
        assert {key: labels[key] for key in MOVES | SERVICE} == MOVES | SERVICE
        assert f"web{each}" in shown["Name"] and shown["State"]["Running"]


def test_by_itself_only_what_asks_for_it_moves(start_node):
    nodes = [start_node(each, "--rebalance-interval", "500ms") for each in (1, 2)]
    form(nodes)
    one, two = nodes
    body = {"Image": "busybox", "Cmd": ["sleep", "1d"], "HostConfig": {"Init": True}}
    for name, more in (
        ("plain", {}), ("plain2", {}), ("no", {"Labels": {"io.drover.rebalance": "false"}}),
        ("data", {"Labels": MOVES, "Volumes": {"/data": {}}}),
    ):  # fmt: skip
        assert one.direct.post(f"/containers/create?name={name}", body | more).status == 201
        assert one.direct.post(f"/containers/{name}/start").status == 204
    time.sleep(4)
    assert counts(nodes) == [4, 0]
    assert one.direct.post("/containers/create?name=yes", body | {"Labels": MOVES}).status == 201
    assert one.direct.post("/containers/yes/start").status == 204
    wait_until(lambda: running(nodes).get("yes") is two and counts(nodes) == [4, 1], 20, what="moved")


@pytest.mark.slow
def test_a_move_whose_driver_was_killed_is_settled(start_node):
    """Before and after the old container was stopped, and when it is gone."""
    nodes = [start_node(each, "--rebalance-interval", "1s") for each in (1, 2, 3)]
    form(nodes)
    nodes.sort(key=lambda node: node.id())
    driver, one, two = nodes
    body = {"Image": "busybox", "Cmd": ["sleep", "1d"], "HostConfig": {"Init": True}}

    def run(node, name, start=True):
        made = node.direct.post(f"/containers/create?name={name}", body)
        assert made.status == 201, made.body
        if start:
            assert node.direct.post(f"/containers/{name}/start").status == 204
        return made.json()["Id"]

    # As a killed driver leaves them.
    early = run(one, "early")
    run(two, f"early.moving.{early[:12]}")
    stopped = run(one, "stopped")
    assert one.direct.post("/containers/stopped/kill").status == 204
    heir = run(two, f"stopped.moving.{stopped[:12]}")
    broken = run(one, "broken", start=False)
    run(two, f"broken.moving.{broken[:12]}", start=False)
    gone = run(two, f"gone.moving.{'0123456789ab'}")
    # And one by a driver that is killed.
    for each in range(2):
        more = {"Labels": MOVES, "Healthcheck": {"Test": ["CMD", "false"], "Interval": 10**9 * 60}}
        assert one.direct.post(f"/containers/create?name=late{each}", body | more).status == 201
    wait_until(lambda: len(two.containers()) == 9, what="known")
    driver.kill_hard()

    def settled():
        names = {name: shown[0] for name, shown in two.containers().items()}
        return not any(".moving." in name for name in names) and names

    names = wait_until(settled, 60, what="settled")
    assert names["early"] == early and names["broken"] == broken
    assert names["stopped"] == heir and names["gone"] == gone
    assert one.direct.get(f"/containers/{stopped}/json").status == 404
    assert two.api.get("/containers/stopped/json").json()["State"]["Running"]


def test_on_demand_what_has_nothing_to_lose_moves(cluster):
    one, two, three = cluster
    plain = ("plain0", "plain1", "plain2", "plain3")

    def crowd(name, **options):
        """Made on the first node directly, where there are already more than elsewhere."""
        body = {"Image": "busybox", "Cmd": ["sleep", "1d"]} | options
        body["HostConfig"] = {"Init": True} | options.get("HostConfig", {})
        answer = one.direct.post(f"/containers/create?name={name}", body)
        assert answer.status == 201, answer.body
        assert one.direct.post(f"/containers/{name}/start").status == 204

    for name in plain:
        crowd(name, Labels={"io.rancher.container.hostname_override": "container_name"})
    stays = {
        "named": {"HostConfig": {"Binds": ["data:/data"]}},
        "anonymous": {"Volumes": {"/data": {}}},
        "mounted": {"HostConfig": {"Binds": ["/tmp:/host"]}},
        "refused": {"Labels": {"io.drover.rebalance": "false"}},
        "pinned": {"Labels": {"io.drover.node": one.name}},
        "passing": {"HostConfig": {"AutoRemove": True}},
        "spoken": {"OpenStdin": True},
        "needed": {},
        "needing": {"HostConfig": {"NetworkMode": "container:needed"}},
        "everywhere": {"Labels": {"io.drover.constraint": f"node.name == {one.name}"}},
    }
    for name, options in stays.items():
        crowd(name, **options)
    wait_until(lambda: len(three.containers()) == len(plain) + len(stays), what="known")
    time.sleep(1)
    answer = three.api.post("/drover/rebalance", timeout=120)
    assert answer.status == 200, answer.body
    told = answer.json()
    assert not told["Failed"], told
    assert sorted(each["Name"] for each in told["Moved"]) == list(plain)
    on = running(cluster)
    for each in told["Moved"]:
        assert each["From"] == one.name and each["To"] == on[each["Name"]].name != one.name
        assert f"{one.name} has" in each["Reason"]
        shown = two.api.get(f"/containers/{each['Name']}/json").json()
        assert shown["Id"] == each["Id"] and shown["Config"]["Hostname"] == each["Name"]
        assert one.direct.get(f"/containers/{each['OldId']}/json").status == 404
    assert {name for name, node in on.items() if node is one} == set(stays)
    assert {node.name for node in on.values()} == {node.name for node in cluster}
    again = two.api.post("/drover/rebalance", timeout=60).json()
    assert again == {"Moved": [], "Failed": []}


def test_what_does_not_become_healthy_is_undone(cluster):
    one, two, _ = cluster
    second = 10**9
    body = {
        "Image": "busybox", "Cmd": ["sleep", "1d"], "HostConfig": {"Init": True},
        "Healthcheck": {"Test": ["CMD", "test", "-e", "/made"], "Interval": second // 2, "Retries": 4},
    }  # fmt: skip
    ids = {}
    for name in ("sick0", "sick1", "sick2"):
        answer = one.direct.post(f"/containers/create?name={name}", body)
        ids[name] = answer.json()["Id"]
        assert one.direct.post(f"/containers/{name}/start").status == 204
        one.direct.docker("exec", name, "touch", "/made")
    wait_until(lambda: healthy(one.direct.get("/containers/json").json()) == 3, what="healthy")
    wait_until(lambda: len(two.containers()) == 3, what="known")
    time.sleep(1)
    with Watch(cluster, healthy) as watch:
        told = two.api.post("/drover/rebalance", timeout=120).json()
    assert watch.least >= 3
    assert not told["Moved"] and len(told["Failed"]) == 3, told
    assert all("is not healthy" in each["Reason"] for each in told["Failed"]), told
    shown = {name: value[0] for name, value in two.containers().items() if name.startswith("sick")}
    assert shown == ids and not any(".moving." in name for name in two.containers())
    # One that is unwell itself keeps its whole service where it is.
    for each, name in enumerate(ids):
        one.direct.call("DELETE", f"/containers/{name}?force=1")
        labelled = body | {"Labels": number(each), "Healthcheck": body["Healthcheck"] | {"Retries": 1}}
        assert one.direct.post(f"/containers/create?name={name}", labelled).status == 201
        assert one.direct.post(f"/containers/{name}/start").status == 204
        if each:
            one.direct.docker("exec", name, "touch", "/made")
    wait_until(lambda: healthy(one.direct.get("/containers/json").json()) == 2, what="two healthy")
    time.sleep(1)
    assert two.api.post("/drover/rebalance", timeout=120).json() == {"Moved": [], "Failed": []}
