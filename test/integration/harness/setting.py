"""What the suites of other clients run against: a droverd by itself, or a node of a cluster."""

import os
from dataclasses import dataclass

from harness.endpoint import Endpoint

# DROVER_TEST_LONG=1: each suite through every node, and not only through the one it names.
LONG = os.environ.get("DROVER_TEST_LONG") == "1"
# Made once: pytest keeps a fixture while its parameter is the very same object.
NODES = ("node1", "node2", "node3")


def names(node):
    """The settings of a suite: both transports of a droverd by itself, and `node` of a cluster."""
    return ["unix", "tls", *(NODES if LONG else NODES[node - 1 : node])]


@dataclass(frozen=True)
class Setting:
    """Where a client connects, and the engines behind: the first is that of the same host."""

    client: Endpoint
    engines: tuple

    @property
    def own(self):
        return self.engines[0]

    @property
    def far(self):
        """The engine of another host, if there is one."""
        return self.engines[-1]

    def containers(self, all=True):
        return [
            entry
            for engine in self.engines
            for entry in engine.get(f"/containers/json?all={int(all)}").json()
        ]

    def networks(self):
        return [network for engine in self.engines for network in engine.get("/networks").json()]

    def volumes(self):
        lists = [engine.get("/volumes").json()["Volumes"] or [] for engine in self.engines]
        return sum(lists, [])

    def holder(self, container):
        """The engine that has the container."""
        path = f"/containers/{container}/json"
        holders = [engine for engine in self.engines if engine.get(path).status == 200]
        assert len(holders) == 1, f"{container} is on {len(holders)} engines"
        return holders[0]

    def inspect(self, container):
        """By the word of its engine."""
        return self.holder(container).get(f"/containers/{container}/json").json()
