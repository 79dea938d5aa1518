"""Lab hosts with a real engine each, and droverds of the tests' own on them that form a cluster."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

from harness.droverd import Droverd
from harness.endpoint import Endpoint
from harness.engine import LAB, Engine, wait_until


class Host(Engine):
    """One host of the lab: its engine, its namespaces and its plug."""

    def __init__(self, lab, number, address):
        super().__init__(lab.name)
        self.lab = lab
        self.number = number
        self.address = address
        self.name = f"{lab.name}-{number}"
        self.directory = Path(f"/run/drover-lab/{lab.name}/{number}")
        self.socket = f"{self.directory}/docker.sock"

    def up(self):
        self.lab.up()

    def inside(self, *namespaces):
        """The start of a command line that runs in the host."""
        holder = (self.directory / "holder.pid").read_text().strip()
        return ["nsenter", "--target", holder, *(f"--{each}" for each in namespaces)]

    def run(self, *command, input=None):
        """A command in the host's network, to its end; its standard output."""
        done = subprocess.run(
            [*self.inside("net"), *command], input=input, capture_output=True, timeout=60
        )
        assert done.returncode == 0, f"{command}: {done.stderr.decode()}"
        return done.stdout.decode()

    @contextlib.contextmanager
    def engine_labels(self, *labels):
        """While it lasts its engine has these labels, "key=value"."""
        self._reload(list(labels))
        try:
            yield
        finally:
            self._reload([])

    def _reload(self, labels):
        file = Path(f"/var/lib/drover-lab/{self.lab.name}/{self.number}/etc/daemon.json")
        file.write_text(json.dumps(json.loads(file.read_text()) | {"labels": labels}))
        os.kill(self.pid, signal.SIGHUP)

    def cut(self):
        self.lab.call("cut", str(self.number))

    def mend(self):
        """Returns when all hosts reach it again."""
        self.lab.call("mend", str(self.number))
        for other in self.lab.hosts:
            wait_until(lambda: self._is_reached_from(other), what=f"{self.name} is reached again")

    def _is_reached_from(self, other):
        connect = f": </dev/tcp/{self.address}/5000"
        return (
            subprocess.run(
                [*other.inside("net"), "timeout", "1", "bash", "-c", connect], capture_output=True
            ).returncode
            == 0
        )


class Lab:
    """`count` hosts, each with a registry at port 5000 of its address."""

    def __init__(self, name, count):
        self.name = name
        self.count = count
        self.hosts = []

    def call(self, *args):
        done = subprocess.run([LAB, *args, "--name", self.name], capture_output=True, text=True)
        assert done.returncode == 0, f"contrib/lab {args[0]}: {done.stderr}"
        return done.stdout

    def up(self):
        """Starts what is missing of the hosts; returns when their engines answer."""
        status = self.call("up", str(self.count), "--no-drover", "--registry")
        if not self.hosts:
            for number, line in enumerate(status.splitlines(), 1):
                self.hosts.append(Host(self, number, line.split()[1]))

    def down(self):
        self.call("down")


class Node(Droverd):
    """A droverd on a host of the lab."""

    def __init__(self, host, directory, config_dir, args=(), name=None):
        # Without the host's pid namespace: so its pid is the one that we know. Its own /proc is then
        # another than the host's; without one, sanitizers do not find the stack.
        self.front = [
            *host.inside("net", "uts", "mount"),
            *("unshare", "--mount", "sh", "-c", 'mount -t proc proc /proc && exec "$@"', "sh"),
        ]
        super().__init__(
            directory,
            host.socket,
            # All hosts of a lab share the processors of one machine.
            args=("--measure-load", "off", *args),
            name=name or host.name,
            inside=self.front,
        )
        self.host = host
        self.name = name or host.name
        self.api = self.endpoint(config_dir)
        self.direct = Endpoint(f"unix://{host.socket}", config_dir)
        self.docker = self.api.docker
        self.cli = self.api.cli

    def id(self):
        return self.swarm()["NodeID"]

    def swarm(self):
        """The Swarm section of `docker info`."""
        return self.api.get("/info").json()["Swarm"]

    def nodes(self):
        """What it knows of all nodes: {name: (state, availability)}."""
        lines = self.docker("node", "ls", "--format", "{{json .}}").splitlines()
        rows = [json.loads(line) for line in lines]
        return {row["Hostname"]: (row["Status"], row["Availability"]) for row in rows}

    def states(self):
        answer = self.api.get("/nodes")
        if answer.status != 200:
            return {}
        return {each["Description"]["Hostname"]: each["Status"]["State"] for each in answer.json()}

    def containers(self):
        """All containers that it lists: {name: (id, status)}."""
        entries = self.api.get("/containers/json?all=1").json()
        return {each["Names"][0][1:]: (each["Id"], each["Status"]) for each in entries}

    def token(self, kind="worker"):
        return self.docker("swarm", "join-token", "--quiet", kind)

    def init(self, *args):
        return self.docker("swarm", "init", "--advertise-addr", self.host.address, *args)

    def join(self, other, token=None, *args):
        """The CLI's outcome; see joined() for one that must succeed."""
        return self.cli(
            "swarm", "join", "--token", token or other.token(), *args, f"{other.host.address}:2377"
        )

    def joined(self, other, token=None, *args):
        done = self.join(other, token, *args)
        assert done.returncode == 0, done.stderr.decode()

    def copy_identity(self, directory):
        """Its certificate and key, as files: what somebody has who copied its disk."""
        directory.mkdir()
        shutil.copytree(self.directory / "state", directory / "state")
        with sqlite3.connect(directory / "state/drover.db") as store:
            for name, file in (("certificate", "cert.pem"), ("key", "key.pem")):
                query = "SELECT value FROM setting WHERE name = ?"
                (content,) = store.execute(query, (name,)).fetchone()
                (directory / file).write_bytes(content)

    def kill_hard(self):
        # Not by its number, which may be another process's by now if it has ended before.
        self.process.kill()
        self.process.wait()

    def has(self, name):
        """Whether the container is on this host, by the word of its engine."""
        return self.direct.get(f"/containers/{name}/json").status == 200

    def has_image(self, name):
        return self.direct.get(f"/images/{name}/json").status == 200


def form(nodes):
    """Makes one cluster of droverds that are in none; returns when each sees all as ready."""
    nodes[0].init()
    token = nodes[0].token()
    for each in nodes[1:]:
        each.joined(nodes[0], token)
    await_agreement(nodes)


def await_agreement(nodes, timeout=10):
    """Until every one of the nodes sees exactly these, all ready."""
    wanted = {each.name: "ready" for each in nodes}
    wait_until(
        lambda: all(each.states() == wanted for each in nodes), timeout, what="all ready for all"
    )


def lose(node, rest):
    """The node dies with its droverd, and the first of the rest sees that."""
    node.kill_hard()
    wait_until(lambda: rest[0].states()[node.name] == "down", 15, what="down")


def run_on(via, node, name, *command, image="busybox", start=True, **options):
    """A container on `node`, made by way of `via`; its id."""
    labels = {"io.drover.node": node.name, **options.pop("Labels", {})}
    body = {"Image": image, "Cmd": command or ["sleep", "1d"], "Labels": labels, **options}
    if not command:
        body.setdefault("HostConfig", {})["Init"] = True
    answer = via.api.post(f"/containers/create?name={name}", body)
    assert answer.status == 201, answer.body
    if start:
        started = via.api.post(f"/containers/{name}/start")
        assert started.status == 204, started.body
    return answer.json()["Id"]


def works_together(nodes):
    """Names are given out, and what is made on one host is seen and reached by way of the others."""
    for via, on in zip(nodes, nodes[1:] + nodes[:1]):
        name = f"on-{on.host.number}"
        run_on(via, on, name)
        for each in nodes:
            wait_until(lambda: name in each.containers(), timeout=2)
        taken = on.api.post(f"/containers/create?name={name}", {"Image": "busybox"})
        assert taken.status == 409, taken.body
        assert via.docker("exec", name, "echo", "hi") == "hi"
        via.docker("rm", "--force", name)
        for each in nodes:
            wait_until(lambda: name not in each.containers(), timeout=2)
