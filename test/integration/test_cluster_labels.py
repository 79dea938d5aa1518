"""Labels that say how a container is run, and what goes with it: on the node it is placed on, asked for at any."""

import base64
import io
import json
import subprocess
import sys
import tarfile

import pytest

from harness.cluster import run_on
from harness.engine import wait_until
from harness.placement import make, placed, where

CLEANUP = "io.rancher.container.volume_cleanup_strategy"
PULL = {"io.rancher.container.pull_image": "always"}

# A registry that asks who is there, and writes down the answer: "user:password" in base64.
STRICT_REGISTRY = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        given = self.headers.get("Authorization", "")
        if given:
            print(given.removeprefix("Basic "), flush=True)
        self.send_response(404 if given else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="strict"')
        self.send_header("Content-Length", "0")
        self.end_headers()
    do_HEAD = do_GET
    def log_message(self, *args):
        pass
http.server.HTTPServer(("", 5001), Handler).serve_forever()
"""


def on(node, **labels):
    return {"io.drover.node": node.name} | labels


# --- pull_image ---------------------------------------------------------------------------------


def publish(node, name, content):
    """An image in a registry, and on no engine; its id."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("content")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    node.direct.post(f"/images/create?fromSrc=-&repo={name}", archive.getvalue())
    id = node.direct.get(f"/images/{name}/json").json()["Id"]
    pushed = node.direct.post(f"/images/{name}/push", headers={"X-Registry-Auth": "e30="})
    assert pushed.status == 200 and b"error" not in pushed.body, pushed.body
    node.direct.call("DELETE", f"/images/{name}")
    return id


def point(node, name, tag):
    """Lets this tag of the registry, which no engine hears of, be what `name` is there."""
    address, _, repository = name.partition("/")
    repository, _, other = repository.partition(":")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifests = f"http://{address}/v2/{repository}/manifests"
    manifest = node.host.run("curl", "-sf", "-H", f"Accept: {kind}", f"{manifests}/{other}")
    node.host.run(
        *("curl", "-sf", "-X", "PUT", "-H", f"Content-Type: {kind}", "--data-binary", "@-"),
        f"{manifests}/{tag}",
        input=manifest.encode(),
    )


def image_of(node, container):
    return node.direct.get(f"/containers/{container}/json").json()["Image"]


def test_the_image_is_pulled_anew_on_the_node_that_was_chosen(cluster):
    name = f"{cluster[0].host.address}:5000/fresh:1"
    old = publish(cluster[0], name, b"old")
    for number, node in enumerate(cluster[1:], 2):
        assert placed(cluster, f"first{number}", on(node) | PULL, via=number % 3, Image=name) == number
        assert image_of(node, f"first{number}") == old, "pulled, since it was nowhere"
    later = name.removesuffix(":1") + ":2"
    new = publish(cluster[0], later, b"new")
    point(cluster[0], later, "1")
    for number, node in enumerate(cluster[1:], 2):
        make(cluster[0], f"same{number}", on(node), Image=name)
        assert image_of(node, f"same{number}") == old, "without the label what is there is taken"
    for number, node in enumerate(cluster[1:], 2):
        make(cluster[0], f"again{number}", on(node) | PULL, Image=name)
        assert image_of(node, f"again{number}") == new


def test_a_pull_that_fails_is_the_answer(cluster):
    name = f"{cluster[0].host.address}:5000/never:1"
    cluster[1].direct.post(f"/images/busybox/tag?repo={name.rpartition(':')[0]}&tag=1")
    for via in cluster:
        answer = make(via, "never", on(cluster[1]) | PULL, Image=name)
        assert answer.status == 500, answer.body
        assert f"pull of image {name}: " in answer.message and "not found" in answer.message
        assert where(cluster, "never") == []
    # The name is free, and without the label the image that is there does.
    assert placed(cluster, "never", on(cluster[1]), Image=name) == 2


def test_the_registry_is_told_who_asks(cluster):
    host = cluster[0].host
    with subprocess.Popen(
        [*host.inside("net"), sys.executable, "-c", STRICT_REGISTRY], stdout=subprocess.PIPE
    ) as registry:
        try:
            wait_until(lambda: b":5001" in host.run("ss", "-ltn").encode(), what="it listens")
            auth = {"username": "me", "password": "hush", "serveraddress": f"{host.address}:5001"}
            encoded = base64.urlsafe_b64encode(json.dumps(auth).encode()).decode()
            body = {"Image": f"{host.address}:5001/app:1", "Labels": on(cluster[2]) | PULL}
            answer = cluster[1].api.post(
                "/containers/create?name=secret", body, headers={"X-Registry-Auth": encoded}
            )
            assert answer.status == 500, answer.body
            assert base64.b64decode(registry.stdout.readline()) == b"me:hush"
        finally:
            registry.kill()


# --- start_once ---------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["always", "unless-stopped"])
@pytest.mark.parametrize("code", [0, 3])
def test_a_clean_end_is_an_end_and_another_is_not(cluster, policy, code):
    run_on(
        cluster[0], cluster[1], "job", "sh", "-c", f"exit {code}",
        Labels={"io.rancher.container.start_once": "true"},
        HostConfig={"RestartPolicy": {"Name": policy}},
    )  # fmt: skip

    def state():
        return cluster[2].api.get("/containers/job/json").json()

    if code == 0:
        wait_until(lambda: state()["State"]["Status"] == "exited", what="ended")
        assert state()["RestartCount"] == 0
    else:
        wait_until(lambda: state()["RestartCount"] >= 2, what="started again")
    assert state()["HostConfig"]["RestartPolicy"]["Name"] == "on-failure"
    assert state()["Config"]["Labels"]["io.rancher.container.start_once"] == "true"


# --- volume_cleanup_strategy --------------------------------------------------------------------


def volumes(node):
    return {each["Name"] for each in node.direct.get("/volumes").json()["Volumes"] or []}


@pytest.mark.parametrize("via", [0, 1])
@pytest.mark.parametrize(
    "strategy, option, left",
    [
        (None, "v=0", {"named", "shared", "anonymous"}),
        (None, "v=1", {"named", "shared"}),
        ("none", "v=1", {"named", "shared", "anonymous"}),
        ("unnamed", "v=0", {"named", "shared"}),
        ("all", "force=0", {"shared"}),
    ],
)
def test_volumes_go_with_their_container(cluster, via, strategy, option, left):
    """Named ones that another container mounts never do."""
    node = cluster[1]
    labels = on(node) | ({CLEANUP: strategy} if strategy else {})
    mounts = {"Volumes": {"/anonymous": {}},
              "HostConfig": {"Binds": ["named:/n", "shared:/s"]}}  # fmt: skip
    placed(cluster, "gone", labels, **mounts)
    placed(cluster, "stays", on(node), HostConfig={"Binds": ["shared:/s"]})
    [anonymous] = volumes(node) - {"named", "shared"}
    answer = cluster[via].api.call("DELETE", f"/containers/gone?{option}")
    assert answer.status == 204, answer.body
    assert {{anonymous: "anonymous"}.get(each, each) for each in volumes(node)} == left
    assert where(cluster, "gone") == []


def test_what_cannot_be_removed_keeps_its_volumes(cluster):
    run_on(cluster[0], cluster[1], "busy", Labels={CLEANUP: "all"},
           HostConfig={"Binds": ["data:/d"], "Init": True})  # fmt: skip
    answer = cluster[2].api.call("DELETE", "/containers/busy")
    assert answer.status == 409 and "running container" in answer.message
    assert volumes(cluster[1]) == {"data"}
    cluster[2].docker("rm", "-f", "busy")
    assert volumes(cluster[1]) == set()


def test_an_unknown_strategy_is_refused(cluster):
    answer = make(cluster[0], "wrong", {CLEANUP: "som"})
    assert answer.status == 400 and CLEANUP in answer.message and "unnamed" in answer.message
    labels = {CLEANUP: "all", "io.rancher.container.start_once": "true"}
    answer = make(cluster[0], "right", labels)
    assert answer.status == 201 and not answer.json()["Warnings"], answer.body
