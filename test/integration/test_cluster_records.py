"""What all nodes know of what one node's engine has: made in any way, known to all soon, and true again after a crash."""

import json
import time

from harness.cluster import await_agreement, run_on
from harness.engine import wait_until

SOON = 1.0  # seconds


def known_within(condition, what, limit=SOON):
    """How long after now `condition` became true, in seconds."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < limit, f"{what}: not known after {limit} s"
        time.sleep(0.01)
    return time.monotonic() - start


def down_volumes(node, host):
    """The volumes of a host that is down, as the node lists them."""
    volumes = node.api.get("/volumes").json()["Volumes"] or []
    return {each["Name"] for each in volumes if each["Node"]["Name"] == host.name}


def facts(node, host):
    """What `docker node inspect` says of a host, where the client shows it: {name: text}."""
    inspected = json.loads(node.docker("node", "inspect", host.name))[0]
    labels = inspected["Description"]["Engine"]["Labels"]
    return {key.removeprefix("io.drover."): value for key, value in labels.items()}


def reserved(node, host):
    known = facts(node, host)
    return float(known["reserved.cpus"]), int(known["reserved.memory"])


def images(node):
    return node.api.get("/info").json()["Images"]


# --- clusters of a test's own, to break; first, since the module's is in their place afterwards -----
# Only records can tell of a node that is down, so that is how the tests see them.


def test_what_is_made_in_any_way_is_known_when_its_node_goes(three):
    one, two, third = three
    two.docker("volume", "create", "through-drover")
    two.direct.docker("volume", "create", "behind-our-back")
    two.direct.docker("network", "create", "backend", "--subnet", "10.7.0.0/24")
    two.direct.docker("volume", "create", "removed")
    run_on(one, two, "user", HostConfig={"Binds": ["by-a-container:/d"], "Init": True})
    two.direct.docker("volume", "rm", "removed")
    time.sleep(SOON)
    two.kill_hard()
    wait_until(lambda: one.states()[two.name] == "down", timeout=10)
    for node in (one, third):
        known = down_volumes(node, two)
        assert known == {"through-drover", "behind-our-back", "by-a-container"}
        networks = {each["Name"]: each for each in node.api.get("/networks").json()}
        assert networks["backend"]["IPAM"]["Config"][0]["Subnet"] == "10.7.0.0/24"
        for path in ("/networks/backend", "/volumes/behind-our-back"):
            answer = node.api.get(path)
            assert (answer.status, two.name in answer.message) == (503, True), answer.body
        refused = node.cli("run", "--rm", "-v", "behind-our-back:/d", "busybox", "true")
        assert refused.returncode == 125 and two.name.encode() in refused.stderr
        asked = {"Image": "busybox", "HostConfig": {"Binds": ["behind-our-back:/d"]}}
        answer = node.api.post("/drover/placement", asked)
        assert (answer.status, two.name in answer.message) == (503, True), answer.body
        dangling = node.docker("volume", "ls", "--quiet", "--filter", "dangling=true").split()
        assert "by-a-container" not in dangling and "through-drover" in dangling


def test_after_a_crash_everything_is_right_again(three):
    one, two, third = three
    where = ["--label", f"io.drover.node={two.name}"]
    for name, memory in (("kept", "64m"), ("gone", "32m")):
        one.docker("create", "--name", name, *where, "-m", memory, "busybox", "true")
        two.direct.docker("volume", "create", f"{name}-volume")
    known_within(lambda: reserved(third, two) == (0, 96 * 2**20), "what is reserved")
    two.kill_hard()
    two.direct.docker("rm", "gone")
    two.direct.docker("volume", "rm", "gone-volume")
    two.direct.docker("volume", "create", "made-volume")
    two.direct.docker("create", "--name", "made", "-m", "16m", "busybox", "true")
    two.start()
    await_agreement(three)
    for node in three:
        known_within(lambda: reserved(node, two) == (0, 80 * 2**20), "what is reserved", 5)
        assert node.api.get("/containers/made/json").status == 200
        assert node.api.get("/containers/gone/json").status == 404
    two.kill_hard()
    wait_until(lambda: one.states()[two.name] == "down", timeout=10)
    assert down_volumes(one, two) == {"kept-volume", "made-volume"}
    assert one.containers()["made"][1] == "Host Down"
    assert "Drover" not in json.dumps(one.api.get("/containers/json?all=1").json())


# --- images -------------------------------------------------------------------------------------


def test_an_image_made_on_one_host_counts_once_for_all(cluster, one, two):
    before = [images(each) for each in cluster]
    two.direct.docker("build", "--quiet", "--tag", "made", "-", input=b"FROM busybox\nLABEL a=b\n")
    for node, count in zip(cluster, before):
        known_within(lambda: images(node) == count + 1, "a build")
    # The same image on another host is no other image.
    made = two.direct.cli("save", "made").stdout
    cluster[2].direct.docker("load", input=made)
    time.sleep(SOON)
    assert [images(each) for each in cluster] == [count + 1 for count in before]
    for node in cluster:
        assert node.api.get("/images/made/json").status == 200
    two.docker("rmi", "made")
    for node, count in zip(cluster, before):
        known_within(lambda: images(node) == count, "a removal")


def test_an_image_built_without_a_tag_is_known(cluster, one, two):
    before = images(one)
    recipe = f"FROM busybox\nLABEL untagged={time.time()}\n"
    made = two.docker("build", "--quiet", "-", input=recipe.encode())
    known_within(lambda: images(one) == before + 1, "a build without a tag")
    two.docker("rmi", made)


# --- what containers reserve --------------------------------------------------------------------


def test_reservations_are_known_right_after_create_update_and_remove(cluster, one, two):
    steps = []
    start = {node.name: reserved(node, two) for node in cluster}
    assert set(start.values()) == {(0, 0)}

    def expect(cpus, memory, what):
        for node in cluster:
            steps.append(
                known_within(
                    lambda: reserved(node, two) == (cpus, memory * 2**20), what
                )
            )

    where = ["--label", f"io.drover.node={two.name}"]
    one.docker("create", "--name", "web", *where, "--cpus", "0.5", "-m", "64m", "busybox", "true")
    expect(0.5, 64, "create")
    one.docker("create", "--name", "soft", *where, "--cpu-quota", "25000",
               "--memory-reservation", "32m", "busybox", "true")  # fmt: skip
    expect(0.75, 96, "create with a quota")
    cluster[2].docker("update", "--cpus", "1", "-m", "128m", "--memory-swap", "256m", "web")
    expect(1.25, 160, "update")
    two.direct.docker("rm", "soft")
    expect(1, 128, "remove behind our back")
    one.docker("rm", "web")
    expect(0, 0, "remove")


def test_info_and_node_inspect_show_what_is_reserved_and_free(cluster, one, two):
    where = ["--label", f"io.drover.node={two.name}"]
    one.docker("create", "--name", "web", *where, "--cpus", "0.5", "-m", "64m", "busybox", "true")
    run_on(one, two, "runs")
    engine = two.direct.get("/info").json()
    rows = ["Containers: 2 (1 Running)", f"Reserved CPUs: 0.5 / {engine['NCPU']}",
            "Reserved Memory: 64MiB / "]  # fmt: skip
    known_within(lambda: all(row in cluster[2].docker("info") for row in rows), "the rows")
    known = facts(one, two)
    assert float(known["free.cpus"]) == engine["NCPU"] - 0.5
    assert int(known["free.memory"]) == engine["MemTotal"] - 64 * 2**20
    assert (known["containers"], known["running"]) == ("2", "1")
    assert known["round-trip"].endswith("ms") and "last-error" not in known
    node = one.api.get(f"/nodes/{two.name}").json()["Drover"]
    assert node["ReservedNanoCPUs"] == 5 * 10**8 and node["RoundTripMicroseconds"] > 0
