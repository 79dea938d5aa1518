"""No create holds droverd's event loop for long: what it asks for is bounded, and costs what it is long."""

import subprocess

import pytest

from harness.cluster import form
from harness.droverd import is_sanitized

METRICS = "127.0.0.1:9323"
# Milliseconds of processor time, which do not grow when the machine is busy with something else. They
# are asked of a release build.
LONGEST = 50 if not is_sanitized() else 1000


@pytest.fixture
def nodes(start_node):
    nodes = [start_node(number, "--metrics-listen", METRICS) for number in (1, 2, 3)]
    form(nodes)
    return nodes


def longest_turn(node):
    """Milliseconds, since the last time that it was asked for."""
    script = f"import urllib.request as u; print(u.urlopen('http://{METRICS}/metrics').read().decode())"
    done = subprocess.run(
        [*node.host.inside("net"), "/usr/bin/python3", "-c", script], capture_output=True, text=True, check=True
    )
    series = 'drover_loop_longest_turn_seconds{time="cpu"} '
    [line] = [each for each in done.stdout.splitlines() if each.startswith(series)]
    return float(line.split()[1]) * 1000


def published(ports):
    return {f"{port}/tcp": [{"HostPort": str(port)}] for port in ports}


def nested(levels):
    return [nested(levels - 1)] if levels else []


def refusal(limit):
    return 400, f"more than {limit}"


CREATES = {
    "16,000 ports": ({"HostConfig": {"PortBindings": published(range(20_000, 36_000))}}, (201, "")),
    "all ports": ({"HostConfig": {"PortBindings": published(range(1, 65_536))}}, (201, "")),
    "ports apart": ({"HostConfig": {"PortBindings": published(range(1, 60_000, 2))}}, refusal(1000)),
    "networks": (
        {"NetworkingConfig": {"EndpointsConfig": {f"n{each}": {} for each in range(60_000)}}},
        refusal(1000),
    ),
    "links": ({"HostConfig": {"Links": [f"c{each}:x" for each in range(20_000)]}}, refusal(1000)),
    "binds": ({"HostConfig": {"Binds": [f"v{each}:/v{each}" for each in range(20_000)]}}, refusal(1000)),
    "volumes from": ({"HostConfig": {"VolumesFrom": [f"c{each}" for each in range(20_000)]}}, refusal(1000)),
    "labels of 1 MB": ({"Labels": {f"label.{each}": "x" * 50 for each in range(14_000)}}, (201, "")),
    "a label of 1 MB": ({"Labels": {"theirs": "x" * 1_000_000}}, (201, "")),
    "a label of 5 MB": ({"Labels": {"theirs": "x" * 5_000_000}}, (201, "")),
    "rules": ({"Env": [f"constraint:k{each}!=v" for each in range(10_000)]}, (400, "")),
    "lists in lists": ({"HostConfig": {"Unknown": [nested(500)] * 7_500}}, (201, "")),
}


@pytest.mark.slow
def test_no_create_holds_the_loop(nodes):
    def longest_of(body, expected):
        """The longest turn that this create takes any node."""
        for each in nodes:
            longest_turn(each)
        reply = nodes[0].api.post("/containers/create?name=turn", body, timeout=30)
        status, words = expected
        assert reply.status == status and words in reply.body.decode(), (reply.status, reply.body[:300])
        if status == 201:
            assert nodes[0].api.call("DELETE", "/containers/turn").status == 204
        return round(max(longest_turn(each) for each in nodes))

    found = {}
    for name, (body, expected) in CREATES.items():
        definition = {"Image": "busybox", "Cmd": ["true"], **body}
        found[name] = longest_of(definition, expected)
        # What a turn costs is what it costs each time; once, the kernel may have had its share.
        for _ in range(2):
            if found[name] > LONGEST:
                found[name] = min(found[name], longest_of(definition, expected))
    assert max(found.values()) <= LONGEST, found
