"""What holds whatever fails: droverds and engines are killed and links cut without pause, while clients
create and remove containers.

DROVER_TEST_STORM says for how many seconds (15), DROVER_TEST_SEED which storm it is.
"""

import os
import random
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness.cluster import Node, await_agreement, form
from harness.engine import wait_until
from harness.http1 import Closed

SECONDS = float(os.environ.get("DROVER_TEST_STORM", "15"))
SEED = int(os.environ.get("DROVER_TEST_SEED", time.time()))
SETTLED = 20  # seconds until all agree again


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


class Weather:
    """Takes hosts away from the others, never so many that no majority is left, and gives them back."""

    def __init__(self, nodes, chance):
        self.nodes = nodes
        self.chance = chance
        self.lock = threading.Lock()
        self.away = {}  # node: what brings it back
        self.cuts = {each: 0 for each in nodes}
        self.told = []

    def reachable(self):
        with self.lock:
            return [each for each in self.nodes if each not in self.away]

    def blow(self):
        """One thing happens."""
        if len(self.away) * 2 + 2 < len(self.nodes) + 1 and self.chance.random() < 0.7:
            node = self.chance.choice(self.reachable())
            how = self.chance.choice([self._kill, self._kill, self._cut, self._cut, self._stop_engine])
            self.told.append(f"{how.__name__} {node.host.number}")
            with self.lock:
                self.away[node] = None
            self.away[node] = how(node)
        elif self.away:
            self.bring_back(self.chance.choice(list(self.away)))

    def bring_back(self, node):
        self.told.append(f"bring back {node.host.number}")
        self.away[node]()
        with self.lock:
            del self.away[node]

    def calm(self):
        for node in list(self.away):
            self.bring_back(node)

    def _kill(self, node):
        node.kill_hard()
        return node.start

    def _cut(self, node):
        self.cuts[node] += 1
        node.host.cut()
        return lambda: node.host.lab.call("mend", str(node.host.number))

    def _stop_engine(self, node):
        node.host.stop(signal.SIGKILL)
        return node.host.up


class Client(threading.Thread):
    """Creates, lists and removes, through whoever is reachable. Names of `shared` are wanted by all."""

    def __init__(self, who, weather, shared, ends):
        super().__init__()
        self.who = who
        self.weather = weather
        self.shared = shared
        self.ends = ends
        self.chance = random.Random(f"{SEED} {who}")
        self.removed = set()  # ids, by the word of an answer
        self.alone = set()  # ids made by a host that was cut off meanwhile, which may give any name
        self.made = 0
        self.faults = []

    def run(self):
        number = 0
        while time.monotonic() < self.ends:
            number += 1
            own = f"own{self.who}-{number}"
            name = self.chance.choice(self.shared) if number % 2 else own
            try:
                self.live(name)
            except (OSError, Closed):
                time.sleep(0.05)  # whom we asked was just taken away
            except Exception as fault:
                self.faults.append(repr(fault))

    def live(self, name):
        via, other = (self.chance.choice(self.weather.reachable()) for _ in range(2))
        cuts = self.weather.cuts[via]
        answer = via.api.post(
            f"/containers/create?name={name}", {"Image": "busybox", "Cmd": ["true"]}, timeout=20
        )
        if answer.status != 201:
            # Taken by another client, or the host where it was to go is away.
            assert answer.status in (409, 500, 502, 503, 504), (answer.status, answer.body)
            return
        self.made += 1
        made = answer.json()["Id"]
        if self.weather.cuts[via] != cuts:
            self.alone.add(made)
        if self.chance.random() < 0.2:
            return  # stays to the end, or until somebody removes it
        gone = other.api.call("DELETE", f"/containers/{made}", timeout=20)
        if gone.status == 204:
            self.removed.add(made)
            entries = other.api.get("/containers/json?all=1", timeout=20).json()
            assert made not in [each["Id"] for each in entries], "it is listed still"


class Witness(threading.Thread):
    """Looks at the engines themselves, which is possible whatever the weather."""

    def __init__(self, nodes, weather, ends):
        super().__init__()
        self.nodes = nodes
        self.weather = weather
        self.ends = ends
        self.twice = set()
        self.looks = 0

    def run(self):
        while time.monotonic() < self.ends:
            holders = {}
            for node in self.nodes:
                for entry in self.entries(node):
                    for name in entry["Names"]:
                        holders.setdefault(name, []).append((node, entry["Id"]))
            for name, found in holders.items():
                # Who was seen first may have been gone when the last one came.
                if len(found) > 1 and all(self.still(*each) for each in found[:-1]):
                    self.twice.add((name, tuple((node.name, identity) for node, identity in found)))
            self.looks += 1
            time.sleep(0.1)

    def entries(self, node):
        try:
            answer = node.direct.get("/containers/json?all=1")
            return answer.json() if answer.status == 200 else []
        except (OSError, Closed):
            return []

    def still(self, node, identity):
        try:
            return node.direct.get(f"/containers/{identity}/json").status == 200
        except (OSError, Closed):
            return False


def listed(node):
    answer = node.api.get("/containers/json?all=1")
    assert answer.status == 200, answer.body
    return {
        each["Id"]: each["Names"] for each in answer.json() if "Host Down" not in each["Status"]
    }


def create(via, name):
    """What a host was killed over stays its own until it had time to tell, after it is back."""
    deadline = time.monotonic() + 8
    while True:
        answer = via.api.post(f"/containers/create?name={name[1:]}", {"Image": "busybox"})
        if answer.status != 409 or time.monotonic() > deadline:
            return answer


@pytest.mark.slow
def test_what_holds_whatever_fails(hosts, note):
    chance = random.Random(SEED)
    weather = Weather(hosts, chance)
    ends = time.monotonic() + SECONDS
    shared = [f"shared{number}" for number in range(5)]
    clients = [Client(who, weather, shared, ends) for who in range(3)]
    witness = Witness(hosts, weather, ends)
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

    assert not [fault for each in clients for fault in each.faults], story
    alone = set().union(*(each.alone for each in clients))
    twice = [
        (name, holders)
        for name, holders in witness.twice
        if len([each for each in holders if each[1] not in alone]) > 1
    ]
    assert not twice, story
    # Nobody who lives stays dead to anybody.
    await_agreement(hosts, timeout=SETTLED)

    def agreed():
        """What there is, if all say the same and each name is one container's."""
        truth = {
            entry["Id"]: entry["Names"]
            for node in hosts
            for entry in node.direct.get("/containers/json?all=1").json()
        }
        names = [name for each in truth.values() for name in each]
        same = len(set(names)) == len(names) and all(listed(node) == truth for node in hosts)
        return (truth,) if same else None

    (truth,) = wait_until(agreed, SETTLED, every=0.2, what=f"all list what there is; {story}")
    took = time.monotonic() - start
    removed = set().union(*(each.removed for each in clients))
    assert not removed & truth.keys(), story
    # Whatever is left can be removed by anybody, and its name is free then.
    for place, (identity, own) in enumerate(truth.items()):
        via, other = hosts[place % len(hosts)], hosts[(place + 1) % len(hosts)]
        assert via.api.call("DELETE", f"/containers/{identity}").status == 204, story
        again = create(other, own[0])
        assert again.status == 201, (again.body, story)
        assert other.api.call("DELETE", f"/containers/{again.json()['Id']}").status == 204, story
    wait_until(lambda: all(listed(node) == {} for node in hosts), 2, what="nothing is left")
    made = sum(each.made for each in clients)
    note(
        f"storm over {len(hosts)} hosts: {len(weather.told)} blows, {made} containers made, "
        f"{len(removed)} removed, {witness.looks} looks; agreement after {took:.1f} s"
    )
    assert made > SECONDS and witness.looks > SECONDS
