"""Images that are asked for by their digest: pulled on one host, used on all."""

import contextlib
import os
import signal

import pytest

from harness.compose import Project
from harness.engine import wait_until
from harness.images import build, run_printing


@pytest.fixture
def digested(lab, cluster, request):
    """A name by digest that the first host alone has pulled; its image prints "by digest"."""
    tag = f"{lab.hosts[0].address}:5000/{request.node.name}:1"
    one = cluster[0]
    build(one, tag, f"by digest {request.node.name}")
    one.docker("push", "--quiet", tag)
    name = one.docker("image", "inspect", "--format", "{{index .RepoDigests 0}}", tag).strip()
    one.direct.docker("rmi", "--force", tag, name)
    one.docker("pull", "--quiet", name)
    yield name
    for each in cluster:
        each.direct.cli("rmi", "--force", name)


@contextlib.contextmanager
def registry_gone(lab):
    """While it lasts, the first host's registry does not answer; then a new one does."""
    host = lab.hosts[0]
    os.kill(int((host.directory / "registry.pid").read_text()), signal.SIGKILL)
    listens = f": </dev/tcp/{host.address}/5000"
    wait_until(lambda: fails(host, "bash", "-c", listens), what="the registry is gone")
    try:
        yield
    finally:
        lab.up()


def fails(host, *command):
    try:
        host.run(*command)
    except AssertionError:
        return True
    return False


def shown(node, container):
    """How this node shows a container: the image in its list and inspection, and its labels."""
    inspection = node.api.get(f"/containers/{container}/json").json()
    entries = node.api.get("/containers/json?all=1").json()
    entry = next(each for each in entries if each["Id"] == inspection["Id"])
    labels = (entry["Labels"], inspection["Config"]["Labels"])
    return entry["Image"], inspection["Config"]["Image"], *labels


def test_a_node_learns_the_digest_from_the_registry(cluster, digested):
    one, two, third = cluster
    assert run_printing(one, two, digested).startswith("by digest")
    assert two.has_image(digested)
    made = one.docker("create", "-l", "a=b", "-e", f"constraint:node=={two.name}", digested).strip()
    for via in cluster:
        image, configured, *labels = shown(via, made)
        assert (image, configured) == (digested, digested)
        assert all("io.drover.image" not in each for each in labels)
    one.docker("rm", made)


def test_an_image_by_digest_runs_everywhere_without_its_registry(lab, cluster, digested):
    one, two, third = cluster
    with registry_gone(lab):
        for via, on in ((one, two), (two, third), (third, third), (third, one)):
            assert run_printing(via, on, digested).startswith("by digest"), (via.name, on.name)
        assert not two.has_image(digested)
        labels = {"a": "b", "io.drover.node": two.name}
        made = one.api.post("/containers/create?name=asked", {"Image": digested, "Labels": labels})
        assert made.status == 201, made.body
        for via in cluster:
            assert shown(via, "asked") == (digested, digested, labels, labels), via.name
        one.docker("rm", "asked")


def test_compose_scales_a_service_by_digest(lab, cluster, digested, tmp_path):
    file = tmp_path / "docker-compose.yml"
    file.write_text(f"""
version: "2.4"
services:
  app:
    image: "{digested}"
    command: sleep 1d
    init: true
    network_mode: bridge
    labels: {{io.drover.affinity: "container.label.com.docker.compose.service != app"}}
""")
    project = Project(["docker-compose"], cluster[1].api, "digests", file)
    with registry_gone(lab):
        project.run("up", "-d", "--scale", "app=3")
        try:
            running = [
                sum(each["State"] == "running" for each in node.direct.get("/containers/json").json())
                for node in cluster
            ]
            assert running == [1, 1, 1]
            # A second time there is nothing to do.
            before = sorted(each["Id"] for each in cluster[2].api.get("/containers/json").json())
            project.run("up", "-d", "--scale", "app=3")
            assert before == sorted(
                each["Id"] for each in cluster[2].api.get("/containers/json").json()
            )
        finally:
            project.run("down", "-t", "1", check=False)
