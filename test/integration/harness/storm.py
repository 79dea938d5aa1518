"""A storm over a cluster: what fails, who goes on working meanwhile, and who looks at the engines."""

import os
import random
import signal
import threading
import time

from harness.http1 import Closed

MOST = 5  # seconds that a call may take, whatever happens
LOG_PORT = 5514  # of a log server that never answers

# What an answer may be while a part of the cluster is away.
REFUSALS = (409, 500, 502, 503, 504)


class Weather:
    """Takes hosts away from the others, never so many that no majority is left, and gives them back."""

    def __init__(self, nodes, chance):
        self.nodes = nodes
        self.chance = chance
        self.lock = threading.Lock()
        self.away = {}  # node: what brings it back
        self.engine_away = None  # of this node
        self.cuts = {each: 0 for each in nodes}
        self.hanging = []  # threads that wait for a container's start
        self.told = []

    def _tell(self, what):
        self.told.append(f"{time.strftime('%M:%S')} {what}")

    def reachable(self):
        with self.lock:
            return [each for each in self.nodes if each not in self.away]

    def blow(self):
        """One thing happens."""
        if self.chance.random() < 0.1:
            self._hang_a_container(self.chance.choice(self.reachable()))
        elif len(self.away) * 2 + 2 < len(self.nodes) + 1 and self.chance.random() < 0.7:
            node = self.chance.choice(self.reachable())
            ways = [self._kill, self._cut]
            if not self.engine_away:  # an engine's return is waited for together with all engines
                ways += [self._stop_engine, self._freeze_engine]
            how = self.chance.choice(ways)
            self._tell(f"{how.__name__} {node.host.number}")
            with self.lock:
                self.away[node] = None
            self.away[node] = how(node)
        elif self.away:
            self.bring_back(self.chance.choice(list(self.away)))

    def bring_back(self, node):
        self._tell(f"bring back {node.host.number}")
        self.away[node]()
        if node is self.engine_away:
            self.engine_away = None
        with self.lock:
            del self.away[node]

    def calm(self):
        for node in list(self.away):
            self.bring_back(node)
        self._let_log_servers_answer()
        for each in self.hanging:
            each.join()

    def _kill(self, node):
        node.kill_hard()
        return node.start

    def _cut(self, node):
        self.cuts[node] += 1
        node.host.cut()
        return lambda: node.host.lab.call("mend", str(node.host.number))

    def _stop_engine(self, node):
        self.engine_away = node
        node.host.stop(signal.SIGKILL)
        return node.host.up

    def _freeze_engine(self, node):
        self.engine_away = node
        os.kill(node.host.pid, signal.SIGSTOP)
        return lambda: os.kill(node.host.pid, signal.SIGCONT)

    def _hang_a_container(self, node):
        """Its start waits for its log driver, and whoever inspects it waits too."""
        self._tell(f"hang a container of {node.host.number}")
        node.host.run("iptables", "--insert", *_swallowed())
        other = next(each for each in self.nodes if each is not node)
        server = f"tcp://{other.host.address}:{LOG_PORT}"
        log = {"Type": "syslog", "Config": {"syslog-address": server}}
        body = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"LogConfig": log}}
        name = f"hangs{len(self.hanging)}"

        def start():
            try:
                if node.direct.post(f"/containers/create?name={name}", body, timeout=10).status == 201:
                    node.direct.post(f"/containers/{name}/start", timeout=600)
            except (OSError, Closed):
                pass  # its engine was killed

        self.hanging.append(threading.Thread(target=start))
        self.hanging[-1].start()

    def _let_log_servers_answer(self):
        for node in self.nodes:
            rules = node.host.run("iptables-save").count(f"--dport {LOG_PORT} ")
            for _ in range(rules):
                node.host.run("iptables", "--delete", *_swallowed())


def _swallowed():
    return ("OUTPUT", "--protocol", "tcp", "--dport", str(LOG_PORT), "--jump", "DROP")


class Client(threading.Thread):
    """Makes, lists and removes, by way of whoever is reachable. What is `shared` all clients want."""

    def __init__(self, who, weather, shared, images, seed, ends):
        super().__init__()
        self.who = who
        self.weather = weather
        self.shared = shared
        self.images = images
        self.ends = ends
        self.chance = random.Random(f"{seed} {who}")
        self.removed = set()  # ids, by the word of an answer
        # Containers' ids and volumes' names, made by a host that was cut off meanwhile, which may
        # give any name.
        self.alone = set()
        self.tried = 0
        self.made = 0
        self.slowest = 0
        self.faults = []

    def run(self):
        while time.monotonic() < self.ends:
            what = self.chance.choices([self._container, self._volume, self._tag], [3, 1, 1])[0]
            via, other = (self.chance.choice(self.weather.reachable()) for _ in range(2))
            try:
                what(via, other)
            except (OSError, Closed):
                time.sleep(0.05)  # whom we asked was just taken away
            except Exception as fault:
                self.faults.append(repr(fault))

    def _call(self, node, method, path, body=None):
        start = time.monotonic()
        try:
            return node.api.call(method, path, body, timeout=60)
        finally:
            took = time.monotonic() - start
            self.slowest = max(self.slowest, took)
            if took > MOST:
                self.faults.append(f"{time.strftime('%H:%M:%S')} {method} {path} by way of {node.name} took {took:.1f} s")

    def _container(self, via, other):
        # One that was not said to be made may be there all the same, and then keeps its name.
        self.tried += 1
        name = self.chance.choice(self.shared + [f"own{self.who}-{self.tried}"] * len(self.shared))
        cuts = self.weather.cuts[via]
        body = {"Image": "busybox", "Cmd": ["true"]}
        answer = self._call(via, "POST", f"/containers/create?name={name}", body)
        if answer.status != 201:
            # Taken by another client, or the host where it was to go is away.
            assert answer.status in REFUSALS, (answer.status, answer.body)
            return
        self.made += 1
        made = answer.json()["Id"]
        if self.weather.cuts[via] != cuts:
            self.alone.add(made)
        if self.chance.random() < 0.2:
            return  # stays to the end, or until somebody removes it
        if self._call(other, "DELETE", f"/containers/{made}").status == 204:
            self.removed.add(made)
            entries = self._call(other, "GET", "/containers/json?all=1").json()
            assert made not in [each["Id"] for each in entries], "it is listed still"

    def _volume(self, via, other):
        name = self.chance.choice(self.shared)
        cuts = self.weather.cuts[via]
        answer = self._call(via, "POST", "/volumes/create", {"Name": name})
        if self.weather.cuts[via] != cuts:
            self.alone.add(name)
        assert answer.status in (201, *REFUSALS), (answer.status, answer.body)
        if self.chance.random() < 0.5:
            gone = self._call(other, "DELETE", f"/volumes/{name}")
            assert gone.status in (204, 404, *REFUSALS), (gone.status, gone.body)

    def _tag(self, via, other):
        image, tag = self.chance.choice(self.images), self.chance.choice(self.shared)
        answer = self._call(via, "POST", f"/images/{image}/tag?repo=storm&tag={tag}")
        # What only a host that is away has is not there for the others.
        assert answer.status in (201, 404, *REFUSALS), (answer.status, answer.body)
        seen = self._call(other, "GET", f"/images/storm:{tag}/json")
        assert seen.status in (200, 404, *REFUSALS), (seen.status, seen.body)


class Witness(threading.Thread):
    """Looks at the engines themselves, which is possible whatever the weather."""

    def __init__(self, nodes, ends):
        super().__init__()
        self.nodes = nodes
        self.ends = ends
        self.twice = set()  # (name, ((node's name, what has it), ...))
        self.looks = 0

    def run(self):
        while time.monotonic() < self.ends:
            holders = {}
            for node in self.nodes:
                for entry in self._listed(node, "/containers/json?all=1"):
                    for name in entry["Names"]:
                        holders.setdefault(name, []).append((node, f"/containers/{entry['Id']}/json"))
                for entry in self._listed(node, "/volumes"):
                    holders.setdefault(entry["Name"], []).append((node, f"/volumes/{entry['Name']}"))
            for name, found in holders.items():
                # Who was seen first may have been gone when the last one came.
                if len(found) > 1 and all(self._is_there(*each) for each in found[:-1]):
                    whose = tuple((node.name, path.split("/")[2]) for node, path in found)
                    self.twice.add((name, whose))
            self.looks += 1
            time.sleep(0.1)

    def _listed(self, node, path):
        try:
            answer = node.direct.get(path, timeout=1)
        except (OSError, Closed):
            return []
        entries = answer.json() if answer.status == 200 else []
        return entries["Volumes"] or [] if "Volumes" in entries else entries

    def _is_there(self, node, path):
        try:
            return node.direct.get(path, timeout=1).status == 200
        except (OSError, Closed):
            return False
