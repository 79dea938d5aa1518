"""Names that have a slash: NODE/NAME, as classic Swarm gave them, and those of legacy links."""

import json

from harness.cluster import run_on
from harness.engine import wait_until


def test_containers_by_node_and_name(cluster, one, two, tmp_path):
    run_on(one, two, "web")
    for node in cluster:
        for named in (f"{two.name}/web", f"{two.id()}/web"):
            assert json.loads(node.docker("inspect", named))[0]["Node"]["Name"] == two.name
    named = f"{two.name}/web"
    assert one.docker("exec", named, "echo", "hi") == "hi"
    assert one.docker("exec", "-i", named, "cat", input=b"through") == "through"
    one.docker("cp", f"{named}:/etc/passwd", tmp_path / "passwd")
    assert "root" in (tmp_path / "passwd").read_text()
    one.docker("stop", "--time", "0", named)
    one.docker("start", named)
    one.docker("logs", named)
    one.docker("commit", named, "committed:1")
    assert two.has_image("committed:1")
    one.docker("rename", named, "other")
    wrong = one.cli("inspect", "--type", "container", f"{one.name}/other")
    assert wrong.returncode == 1 and b"No such container" in wrong.stderr, wrong
    one.docker("rm", "--force", f"{two.name}/other")
    wait_until(lambda: not two.has("other"), what="removed")
    assert one.cli("inspect", "--type", "container", "nobody/web").returncode == 1


def test_networks_by_node_and_name(cluster, one, two):
    one.docker("network", "create", f"{two.name}/back")
    assert two.direct.get("/networks/back").status == 200
    assert one.direct.get("/networks/back").status == 404
    assert json.loads(one.docker("network", "inspect", f"{two.name}/back"))[0]["Name"] == "back"
    run_on(one, two, "web")
    one.docker("network", "connect", f"{two.name}/back", f"{two.name}/web")
    one.docker("network", "disconnect", f"{two.name}/back", "web")
    bridges = {json.loads(one.docker("network", "inspect", f"{each.name}/bridge"))[0]["Id"]
               for each in cluster}  # fmt: skip
    assert len(bridges) == 3
    one.docker("network", "rm", f"{two.name}/back")
    assert two.direct.get("/networks/back").status == 404


def test_volumes_by_node_and_name(cluster, one, two):
    made = one.api.post("/volumes/create", {"Name": f"{two.name}/data"}).json()
    assert (made["Name"], made["Node"]["Name"]) == ("data", two.name)
    for node in (one, cluster[2]):
        node.direct.post("/volumes/create", {"Name": "twin"})
    shown = one.api.get(f"/volumes/{cluster[2].name}/twin").json()
    assert shown["Node"]["Name"] == cluster[2].name
    one.docker("volume", "rm", f"{one.name}/twin")
    assert [node.direct.get("/volumes/twin").status for node in cluster] == [404, 404, 200]
    alone = two.direct.post("/volumes/create", {"Name": "nobody/data"})
    refused = two.api.post("/volumes/create", {"Name": "nobody/data"})
    assert (refused.status, refused.body) == (alone.status, alone.body)


def test_names_of_links_are_found_on_every_node(cluster, one, two):
    target = run_on(one, two, "db")
    linked = one.api.post(
        "/containers/create?name=lb",
        {"Image": "busybox", "Cmd": ["sleep", "1d"], "HostConfig": {"Links": ["db:al"]}},
    )
    assert linked.status == 201, linked.body
    assert two.has("lb")
    for node in cluster:
        wait_until(lambda: node.api.get("/containers/lb/al/json").status == 200, what="found")
        assert node.api.get("/containers/lb/al/json").json()["Id"] == target
        assert node.api.get("/containers/lb/none/json").status == 404
    alone = two.direct.call("DELETE", "/containers/lb/none?link=1")
    refused = one.api.call("DELETE", "/containers/lb/none?link=1")
    assert (refused.status, refused.body) == (alone.status, alone.body)
    one.docker("rm", "--link", "lb/al")
    assert all(node.api.get("/containers/db/json").json()["Id"] == target for node in cluster)
    names = [each["Names"] for each in two.direct.get("/containers/json?all=1").json()]
    assert ["/db"] in names
    for node in cluster:
        wait_until(lambda: node.api.get("/containers/lb/al/json").status == 404, what="gone")
        listed = [each["Names"] for each in node.api.get("/containers/json?all=1").json()]
        assert ["/db"] in listed, listed
    taken = one.api.post("/containers/create?name=db", {"Image": "busybox"})
    assert taken.status == 409, taken.body
