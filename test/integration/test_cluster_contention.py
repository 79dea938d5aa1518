"""Eight clients create at once what has to compete, through five hosts of which one dies.

DROVER_TEST_SEED says in which order.
"""

import collections
import os
import random
import signal
import threading
import time

import pytest

from harness.engine import wait_until
from harness.http1 import Closed
from harness.placement import make, ports

CREATES = 1000
CLIENTS = 8
SEED = int(os.environ.get("DROVER_TEST_SEED", time.time()))
OVERCOMMIT = 1.05  # what may be reserved of a node's memory, as it is configured


def memory_of(node):
    return node.direct.get("/info").json()["MemTotal"]


def asking(kind, memory):
    """What a container of this kind asks for: (labels, options)."""
    if kind == "port":
        return {}, ports(("", "9000", "tcp"))
    if kind == "anti":
        return {"kind": "anti", "io.drover.affinity": "container.label.kind != anti"}, {}
    return {}, {"HostConfig": {"Memory": int(memory * 0.4)}}


MOST = {"port": 1, "anti": 1, "fat": 2}  # on one host


def kinds_on(node):
    """What the engine has: {kind: names}."""
    found = collections.defaultdict(list)
    for each in node.direct.get("/containers/json?all=1").json():
        if each["State"] not in ("removing", "dead"):
            found[each["Labels"]["itest.kind"]].append(each["Names"][0])
    return found


class Client(threading.Thread):
    """Creates, keeps two, and removes the older ones by way of other nodes, to make room for others."""

    def __init__(self, who, nodes, memory, creates):
        super().__init__()
        self.chance = random.Random(f"{SEED} {who}")
        self.who = who
        self.nodes = nodes  # those that one can ask
        self.memory = memory
        self.creates = creates
        self.done = 0
        self.kept = collections.deque()
        self.unknown = []  # nobody has them, it was said
        self.statuses = collections.Counter()
        self.faults = []

    def run(self):
        for number in range(self.creates):
            kind = self.chance.choice(list(MOST))
            # Now and then all want the same name.
            name = f"{kind}-{self.who}-{number}" if self.chance.random() < 0.8 else f"{kind}-shared"
            try:
                self.live(name, kind)
            except (OSError, Closed):
                self.statuses["gone"] += 1  # who was asked has just died
            except Exception as fault:
                self.faults.append(repr(fault))
            self.done += 1

    def live(self, name, kind):
        via, other = (self.chance.choice(self.nodes) for _ in range(2))
        labels, options = asking(kind, self.memory)
        answer = make(via, name, labels | {"itest.kind": kind}, **options)
        self.statuses[answer.status] += 1
        assert answer.status in (201, 409, 500, 503), (name, answer.status, answer.body)
        if answer.status == 201:
            self.kept.append(answer.json()["Id"])
        if len(self.kept) > 2:
            gone = other.api.call("DELETE", f"/containers/{self.kept[0]}", timeout=20)
            # Who was asked before may have died while it was being removed.
            again = gone.status == 409 and "already in progress" in gone.message
            assert again or gone.status in (204, 404, 503), (name, gone.status, gone.body)
            if gone.status == 404:
                self.unknown.append(self.kept[0])
            self.kept.popleft()


class Witness(threading.Thread):
    """Looks at the engines themselves all the while."""

    def __init__(self, nodes):
        super().__init__()
        self.nodes = nodes
        self.over = threading.Event()
        self.violations = []
        self.looks = 0

    def run(self):
        while not self.over.wait(0.05):
            for node in list(self.nodes):
                try:
                    found = kinds_on(node)
                except (OSError, Closed):
                    continue  # it is the one that dies
                for kind, names in found.items():
                    if len(names) > MOST[kind]:
                        self.violations.append((node.name, kind, names))
            self.looks += 1


def fill(nodes, kind, memory, most):
    """Creates until no more is possible; how many there were then."""
    made = 0
    while True:
        labels, options = asking(kind, memory)
        if kind == "fat":
            options = {"HostConfig": {"Memory": int(memory * OVERCOMMIT / most)}}
        answer = make(
            nodes[made % len(nodes)], f"last-{kind}-{made}", labels | {"itest.kind": kind}, **options
        )
        if answer.status == 409:
            return made
        assert answer.status == 201, answer.body
        made += 1


@pytest.mark.slow
def test_clients_that_compete_never_break_a_rule_even_if_a_host_dies(five, note):
    memory = memory_of(five[0])
    alive = list(five)
    dying = five[SEED % 5]
    clients = [Client(who, alive, memory, CREATES // CLIENTS) for who in range(CLIENTS)]
    witness = Witness(alive)
    start = time.monotonic()
    for each in [witness, *clients]:
        each.start()
    try:
        wait_until(lambda: sum(each.done for each in clients) > CREATES / 2, 300, what="half of it")
        dying.kill_hard()
        dying.host.stop(signal.SIGKILL)
        alive.remove(dying)
        for each in clients:
            each.join()
    finally:
        witness.over.set()
        witness.join()
    took = time.monotonic() - start
    story = f"DROVER_TEST_SEED={SEED}"
    try:
        assert not [fault for each in clients for fault in each.faults], story
        assert not witness.violations, story
        statuses = sum((each.statuses for each in clients), collections.Counter())
        assert statuses[201] > CREATES / 10, (statuses, story)
        wait_until(lambda: all(node.states().get(dying.name) == "down" for node in alive), what="down")

        # The survivors have what their engines have, each name once; and nothing is held back for
        # creates that failed: when all is gone, exactly as much fits as there is room for.
        names = [name for node in alive for each in kinds_on(node).values() for name in each]
        assert len(set(names)) == len(names), story
        for each in (each for client in clients for each in client.unknown):
            # It had just been made there, and nobody else had heard of it.
            assert not any(node.has(each) for node in alive), story
        for node in alive:
            for entry in node.direct.get("/containers/json?all=1").json():
                assert alive[0].api.call("DELETE", f"/containers/{entry['Id']}").status == 204, story
        assert fill(alive, "port", memory, 1) == len(alive), story
        assert fill(alive, "anti", memory, 1) == len(alive), story
        assert fill(alive, "fat", memory, 3) == 3 * len(alive), story
    finally:
        dying.host.up()
    dying.start()

    def agreed():
        truth = {
            entry["Id"]: entry["Names"]
            for node in five
            for entry in node.direct.get("/containers/json?all=1").json()
        }
        names = [name for each in truth.values() for name in each]
        return len(set(names)) == len(names) and all(
            {each["Id"]: each["Names"] for each in node.api.get("/containers/json?all=1").json()}
            == truth
            for node in five
        )

    wait_until(agreed, 20, every=0.2, what=f"all list what there is, each name once; {story}")
    note(
        f"{CLIENTS} clients, {len(five)} hosts, {CREATES} creates that compete: {took:.0f} s, "
        f"{dict(statuses)}, {witness.looks} looks at the engines, no violation; host "
        f"{dying.host.number} died half-way"
    )
