"""Lists of the docker client through any node: containers, images, volumes and networks of all."""

import time

import pytest

from harness.cluster import run_on


pytestmark = pytest.mark.asan


@pytest.fixture
def fleet(cluster):
    """Six containers made in this order, two on each host: their names, the newest first."""
    names = []
    for number in range(6):
        node = cluster[number % 3]
        run_on(
            cluster[0], node, f"ship{number}", start=number < 3, Labels={"even": str(number % 2)}
        )
        names.insert(0, f"ship{number}")
        time.sleep(0.02)
    return names


def listed(node, *args):
    return node.docker("ps", "--format", "{{.Names}}", *args).split()


def test_ps_is_the_same_through_every_node(cluster, fleet):
    for node in cluster:
        assert listed(node, "--all") == fleet
        assert listed(node) == fleet[3:]
    # Without how long ago something was: that grows while we ask.
    shown = "{{.ID}} {{.Names}} {{.Image}} {{.Command}} {{.Size}} {{.State}} {{.Mounts}}"
    args = ("ps", "--all", "--no-trunc", "--size", "--format", shown)
    assert len({node.docker(*args) for node in cluster}) == 1


def test_ps_of_the_last_few(cluster, fleet):
    for node in cluster:
        assert listed(node, "--latest") == fleet[:1]
        assert listed(node, "-n", "4") == fleet[:4]
        assert listed(node, "-n", "99") == fleet


def test_ps_filters(cluster, fleet):
    for node in cluster:

        def found(*filters):
            return listed(node, "--all", *(f"--filter={each}" for each in filters))

        assert found("before=ship2") == fleet[4:]
        assert found("since=ship2") == fleet[:3]
        assert found("since=ship1", "before=ship4") == fleet[2:4]
        assert found(f"node={cluster[1].name}") == ["ship4", "ship1"]
        assert found(f"node={cluster[1].name}", f"node={cluster[2].name}") == [
            "ship5", "ship4", "ship2", "ship1",
        ]  # fmt: skip
        assert found("node=nowhere") == []
        assert found("name=ship3") == ["ship3"]
        assert found("label=even=0") == ["ship4", "ship2", "ship0"]
        assert found("status=running", "label=even=1") == ["ship1"]
        missing = node.cli("ps", "--filter", "before=nobody")
        assert missing.returncode == 1 and b"No such container: nobody" in missing.stderr


def test_ps_tells_the_node(cluster, fleet):
    entries = cluster[0].api.get("/containers/json?all=1").json()
    for entry in entries:
        number = int(entry["Names"][0][-1])
        node = cluster[number % 3]
        assert (entry["Node"]["Name"], entry["Node"]["ID"]) == (node.name, node.id())


def test_published_ports_have_the_address_of_their_node(one, two):
    run_on(
        one, two, "server",
        ExposedPorts={"80/tcp": {}}, HostConfig={"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}},
    )  # fmt: skip
    assert f"{two.host.address}:8080->80/tcp" in one.docker("ps", "--format", "{{.Ports}}")
    assert one.docker("port", "server", "80").startswith(f"{two.host.address}:8080")


def test_images_volumes_and_networks_of_all_nodes_are_listed(cluster, one):
    for node in cluster:
        # By way of the engines themselves, so that each is on one host alone.
        node.direct.docker("tag", "busybox", f"own:{node.host.number}")
        node.direct.docker("volume", "create", f"own{node.host.number}")
        node.direct.docker("network", "create", f"own{node.host.number}")
    for node in cluster:
        tags = node.docker("images", "--format", "{{.Tag}}", "own").split()
        assert sorted(tags) == ["1", "2", "3"]
        assert sorted(node.docker("volume", "ls", "--quiet").split()) == ["own1", "own2", "own3"]
        networks = node.docker("network", "ls", "--format", "{{.Name}}").split()
        assert sorted(each for each in networks if "own" in each) == ["own1", "own2", "own3"]
        assert node.docker("network", "inspect", "own2", "--format", "{{.Name}}") == "own2"
        assert node.docker("volume", "inspect", "own3", "--format", "{{.Name}}") == "own3"
        assert node.docker("image", "inspect", "own:1", "--format", "{{.Id}}")
    one.docker("network", "rm", "own3")
    one.docker("volume", "rm", "own2")
    assert cluster[2].direct.get("/networks/own3").status == 404
    assert cluster[1].direct.get("/volumes/own2").status == 404
