"""A cluster is formed, looked at and left with Docker's own commands, or by the configuration."""

import re
import stat

import pytest

from harness.cluster import await_agreement, form, run_on
from harness.containers import create
from harness.engine import wait_until


def is_inactive(node):
    return node.swarm()["LocalNodeState"] == "inactive"


def test_before_init_the_endpoints_answer_as_the_engine_does(start_node):
    node = start_node(1)
    calls = [
        ("GET", "/swarm"),
        ("GET", "/nodes"),
        ("GET", "/nodes/x"),
        ("GET", "/services"),
        ("GET", "/tasks"),
        ("GET", "/secrets"),
        ("GET", "/configs"),
        ("GET", "/swarm/unlockkey"),
        ("POST", "/swarm/leave"),
        ("POST", "/swarm/update?version=1"),
        ("POST", "/services/create"),
        ("DELETE", "/nodes/x"),
    ]
    for method, path in calls:
        body = {} if method == "POST" else None
        ours, theirs = (each.call(method, path, body) for each in (node.api, node.direct))
        assert (ours.status, ours.body) == (theirs.status, theirs.body), path
    assert node.swarm() == node.direct.get("/info").json()["Swarm"]


def test_init_makes_a_cluster_of_one(start_node):
    node = start_node(1)
    node.init()
    assert node.nodes() == {node.name: ("Ready", "Active")}
    swarm = node.swarm()
    assert swarm["LocalNodeState"] == "active" and swarm["ControlAvailable"]
    assert swarm["NodeAddr"] == node.host.address
    assert (swarm["Nodes"], swarm["Managers"]) == (1, 1)
    assert swarm["RemoteManagers"] == [
        {"NodeID": swarm["NodeID"], "Addr": f"{node.host.address}:2377"}
    ]
    assert node.api.get("/swarm").json()["ID"] == swarm["Cluster"]["ID"]


def test_a_second_init_and_a_join_are_refused(start_node):
    one, two = start_node(1), start_node(2)
    one.init()
    two.init()
    for done in (one.cli("swarm", "init"), one.join(two)):
        assert done.returncode == 1
        assert b"This node is already part of a swarm" in done.stderr


def test_init_takes_addresses_and_availability(start_node):
    node = start_node(1)
    node.docker(
        "swarm", "init", "--listen-addr", "0.0.0.0:4377", "--advertise-addr", "eth0:4377",
        "--availability", "drain",
    )  # fmt: skip
    assert node.nodes() == {node.name: ("Ready", "Drain")}
    two = start_node(2)
    two.docker(
        "swarm", "join", "--token", node.token(), "--listen-addr", "0.0.0.0:5377",
        "--availability", "pause", f"{node.host.address}:4377",
    )  # fmt: skip
    await_agreement([node, two])
    wait_until(lambda: node.nodes()[two.name] == ("Ready", "Pause"), timeout=2)
    managers = {each["Addr"] for each in node.swarm()["RemoteManagers"]}
    assert managers == {f"{node.host.address}:4377", f"{two.host.address}:5377"}


@pytest.mark.parametrize("kind", ["worker", "manager"])
def test_either_token_lets_a_node_in_as_an_equal(start_node, kind):
    one, two = start_node(1), start_node(2)
    one.init()
    two.joined(one, one.token(kind))
    await_agreement([one, two])
    for each in (one, two):
        rows = each.docker("node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}")
        assert set(rows.splitlines()) == {f"{one.name} Reachable", f"{two.name} Reachable"}
        swarm = each.swarm()
        assert (swarm["ControlAvailable"], swarm["Nodes"], swarm["Managers"]) == (True, 2, 2)


def test_the_third_joins_by_the_second(start_node):
    one, two, three = (start_node(number) for number in (1, 2, 3))
    one.init()
    two.joined(one)
    three.joined(two, one.token())
    await_agreement([one, two, three])


def test_all_nodes_show_the_same_tokens(three):
    for kind in ("worker", "manager"):
        assert len({each.token(kind) for each in three}) == 1
    assert three[0].token("worker") != three[0].token("manager")


@pytest.mark.parametrize("kind", ["worker", "manager"])
def test_a_rotated_token_is_refused(start_node, kind):
    one, two, three = (start_node(number) for number in (1, 2, 3))
    form([one, two])
    other = "manager" if kind == "worker" else "worker"
    old, untouched = two.token(kind), two.token(other)
    fresh = two.docker("swarm", "join-token", "--rotate", "--quiet", kind)
    assert fresh != old and two.token(kind) == fresh
    wait_until(lambda: one.token(kind) == fresh, timeout=1)
    assert one.token(other) == untouched
    refused = three.join(one, old)
    assert refused.returncode == 1
    assert b"this join token is not valid here, or no longer" in refused.stderr
    assert is_inactive(three)
    three.joined(one, fresh)
    await_agreement([one, two, three])


def test_a_wrong_token_is_refused(start_node):
    one, two, third = (start_node(number) for number in (1, 2, 3))
    one.init()
    third.init()
    ours, theirs = one.token().split("-"), third.token().split("-")
    refused = two.join(one, "-".join(ours[:3] + theirs[3:]))  # our CA with another secret
    assert refused.returncode == 1
    assert b"this join token is not valid here, or no longer" in refused.stderr
    refused = two.join(one, "nonsense")
    assert refused.returncode == 1 and b"invalid join token" in refused.stderr
    assert is_inactive(two)
    assert one.nodes() == {one.name: ("Ready", "Active")}


def test_the_token_of_another_cluster_is_refused(start_node):
    one, two, three = (start_node(number) for number in (1, 2, 3))
    one.init()
    two.init()
    refused = three.join(one, two.token())
    assert refused.returncode == 1
    assert re.search(rb"(?i)certificate|authority|another cluster", refused.stderr), refused.stderr
    assert is_inactive(three)
    assert one.nodes() == {one.name: ("Ready", "Active")}


def test_joining_nobody_says_why(start_node):
    one, two = start_node(1), start_node(2)
    one.init()
    token = one.token()
    done = two.cli("swarm", "join", "--token", token, f"{one.host.address}:9")
    assert done.returncode == 1
    assert f"{one.host.address}:9".encode() in done.stderr
    assert b"refused" in done.stderr
    assert is_inactive(two)


@pytest.fixture
def swarm_engine(lab, start_node):
    """A droverd whose engine is in swarm mode itself."""
    node = start_node(2)
    node.direct.docker(
        "swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:3377"
    )
    yield node
    node.direct.docker("swarm", "leave", "--force")


def test_an_engine_in_swarm_mode_is_refused(start_node, swarm_engine):
    one = start_node(1)
    one.init()
    for done in (swarm_engine.join(one), swarm_engine.cli("swarm", "init")):
        assert done.returncode == 1
        assert b"Docker Engine is in swarm mode itself" in done.stderr
        assert b"swarm leave --force" in done.stderr
    assert one.nodes() == {one.name: ("Ready", "Active")}


def test_node_inspect_tells_the_facts(three):
    one, two, _ = three
    facts = one.api.get(f"/nodes/{two.name}").json()
    info = two.direct.get("/info").json()
    description = facts["Description"]
    assert facts["ID"] == two.id()
    assert description["Hostname"] == two.name
    assert description["Engine"]["EngineVersion"] == info["ServerVersion"]
    assert description["Resources"] == {
        "NanoCPUs": info["NCPU"] * 1_000_000_000,
        "MemoryBytes": info["MemTotal"],
    }
    assert facts["Status"] == {"State": "ready", "Addr": two.host.address}
    probed = wait_until(  # once a probe has been answered
        lambda: one.api.get(f"/nodes/{two.name}").json()["Drover"].get("RoundTripMicroseconds"), 5
    )
    assert 0 < probed < 1_000_000
    assert one.docker("node", "inspect", "self", "--format", "{{.ID}}") == one.id()
    assert one.docker("node", "inspect", two.id()[:12], "--format", "{{.ID}}") == two.id()
    assert "Hostname:" in one.docker("node", "inspect", "--pretty", two.name)
    missing = one.cli("node", "inspect", "nobody")
    assert missing.returncode == 1 and b"No such node: nobody" in missing.stderr


def test_node_ls_filters(three):
    one, two, _ = three

    def names(*filters):
        words = [word for each in filters for word in ("--filter", each)]
        listed = one.docker("node", "ls", "--format", "{{.Hostname}}", *words)
        return set(listed.splitlines())

    everyone = {each.name for each in three}
    two.docker("node", "update", "--label-add", "zone=b", two.name)
    assert names(f"name={two.name}") == {two.name}
    assert names(f"id={two.id()}") == {two.name}
    assert names("role=manager") == everyone and names("role=worker") == set()
    wait_until(lambda: names("node.label=zone=b") == {two.name}, timeout=1)
    assert names("node.label=zone") == {two.name}
    assert names("node.label=zone=c") == set()
    refused = one.cli("node", "ls", "--filter", "colour=red")
    assert refused.returncode == 1 and b"nvalid filter" in refused.stderr


def test_labels_of_any_node_are_set_through_any(three):
    one, two, third = three

    def labels(node):
        return node.api.get(f"/nodes/{third.name}").json()["Spec"]["Labels"]

    one.docker("node", "update", "--label-add", "disk=ssd", "--label-add", "rack=7", third.name)
    wait_until(lambda: all(labels(each) == {"disk": "ssd", "rack": "7"} for each in three), 1)
    two.docker("node", "update", "--label-rm", "rack", third.name)
    wait_until(lambda: all(labels(each) == {"disk": "ssd"} for each in three), 1)
    third.stop()
    third.start()
    await_agreement(three)
    assert labels(third) == {"disk": "ssd"}


@pytest.mark.parametrize("availability", ["drain", "pause"])
def test_no_new_container_lands_on_a_node_that_is_not_active(three, availability):
    one, two, third = three
    kept = run_on(one, two, "kept")
    third.docker("node", "update", "--availability", availability, two.name)
    wanted = ("Ready", availability.capitalize())
    wait_until(lambda: all(each.nodes()[two.name] == wanted for each in three), timeout=1)
    for number in range(6):
        create(three[number % 3].api, f"new{number}", "true")
    assert not any(two.has(f"new{number}") for number in range(6))
    assert two.direct.get(f"/containers/{kept}/json").json()["State"]["Running"]
    one.docker("node", "update", "--availability", "active", two.name)
    wait_until(lambda: one.nodes()[two.name] == ("Ready", "Active"), timeout=1)
    create(one.api, "back", "true")
    assert two.has("back")


def test_when_no_node_takes_containers_create_says_so(start_node):
    node = start_node(1)
    node.init("--availability", "drain")
    answer = node.api.post("/containers/create", {"Image": "busybox"})
    assert answer.status == 409
    assert "availability: 1 of 1 node" in answer.message and "is drained" in answer.message


def test_promotion_and_demotion_are_refused_with_the_reason(three):
    one, two, _ = three
    done = one.cli("node", "demote", two.name)
    assert done.returncode == 1 and b"every node is equal" in done.stderr


def test_a_node_that_is_up_is_not_removed(three):
    one, two, third = three
    refused = one.cli("node", "rm", two.name)
    assert refused.returncode == 1
    assert b"is not down and can't be removed" in refused.stderr
    refused = one.cli("node", "rm", "--force", one.name)
    assert refused.returncode == 1 and b"is this one" in refused.stderr
    await_agreement(three)


def test_a_removed_node_is_refused_afterwards(three):
    one, two, third = three
    removed = third.id()
    third.kill_hard()
    wait_until(lambda: one.states()[third.name] == "down", timeout=15)
    one.docker("node", "rm", third.name)
    for each in (one, two):
        wait_until(lambda: set(each.states()) == {one.name, two.name}, timeout=1)
    third.start()
    knows_that_it_was_removed(third)
    for each in (one, two):
        assert set(each.states()) == {one.name, two.name}
    third.docker("swarm", "leave", "--force")
    third.joined(one)
    await_agreement(three)
    assert third.id() != removed


def test_force_removes_a_node_that_is_up(three):
    one, two, third = three
    run_on(one, third, "lost")
    one.docker("node", "rm", "--force", third.name)
    for each in (one, two):
        wait_until(lambda: set(each.states()) == {one.name, two.name}, timeout=2)
        wait_until(lambda: each.containers() == {}, timeout=2)
    knows_that_it_was_removed(third)
    assert one.api.get("/containers/lost/json").status == 404
    assert set(third.containers()) == {"lost"}


def knows_that_it_was_removed(node):
    wait_until(
        lambda: is_inactive(node) or "removed" in node.swarm()["Error"],
        timeout=10,
        what=f"{node.name} tells that it was removed",
    )
    assert "removed" in node.log()


def test_a_node_leaves_and_joins_again(three):
    one, two, third = three
    left = third.id()
    kept = run_on(one, third, "kept")
    third.docker("swarm", "leave")
    assert is_inactive(third)
    wait_until(lambda: one.states().get(third.name, "down") == "down", timeout=1)
    wait_until(lambda: one.swarm()["Nodes"] == 2, timeout=1)
    assert list(third.containers()) == ["kept"]
    assert third.direct.get(f"/containers/{kept}/json").json()["State"]["Running"]
    assert "kept" not in one.containers() and "kept" not in two.containers()
    third.joined(two)
    assert third.id() != left
    wait_until(lambda: one.swarm()["Nodes"] == 3, timeout=1)
    for each in three:
        wait_until(lambda: each.containers().get("kept", [""])[0] == kept, timeout=1)


def test_the_last_node_leaves_only_by_force(start_node):
    node = start_node(1)
    node.init()
    refused = node.cli("swarm", "leave")
    assert refused.returncode == 1 and b"--force" in refused.stderr
    node.docker("swarm", "leave", "--force")
    assert is_inactive(node)
    node.init()
    assert node.nodes() == {node.name: ("Ready", "Active")}


def test_info_sums_up_and_has_a_line_for_each_node(three):
    one = three[0]
    run_on(one, three[1], "runs")
    run_on(one, three[2], "waits", start=False)
    parts = [each.direct.get("/info").json() for each in three]
    info = one.api.get("/info").json()
    for key in ("Containers", "ContainersRunning", "ContainersStopped"):
        assert info[key] == sum(part[key] for part in parts), key
    assert info["NCPU"] == sum(part["NCPU"] for part in parts)
    assert info["MemTotal"] == sum(part["MemTotal"] for part in parts)
    images = {image["Id"] for each in three for image in each.direct.get("/images/json").json()}
    assert info["Images"] == len(images), "one that all have counts once"
    text = one.docker("info")
    for each in three:
        row = rf"{each.name}: {each.host.address}:2377\n *└ Status: ready\n *└ Containers: "
        assert re.search(row, text), text


def test_swarm_api_off_shows_no_swarm_but_keeps_the_cluster(start_node):
    one, two = start_node(1), start_node(2, "--swarm-api", "off")
    one.init()
    two.joined(one)
    wait_until(lambda: one.swarm()["Nodes"] == 2, timeout=2)
    assert is_inactive(two)
    for path in ("/nodes", "/swarm", "/services"):
        ours, theirs = two.api.get(path), two.direct.get(path)
        assert (ours.status, ours.body) == (theirs.status, theirs.body), path
    run_on(one, one, "here")
    run_on(two, two, "there")
    assert set(two.containers()) == set(one.containers()) == {"here", "there"}
    two.docker("swarm", "leave")
    wait_until(lambda: one.swarm()["Nodes"] == 1, timeout=2)


def test_a_host_joins_by_its_configuration_file(start_node, workdir):
    one = start_node(1)
    one.init()
    token = workdir / "token"
    token.write_text(one.token() + "\n")
    config = workdir / "join.yml"
    config.write_text(
        f"""join:
  - {one.host.address}:9
  - {one.host.address}
join_token_file: {token}
cluster_listen: 0.0.0.0:4377
node_labels:
  - zone=west
  - fast=
"""
    )
    two = start_node(2, "--config", str(config))
    await_agreement([one, two])

    def facts():
        return one.api.get(f"/nodes/{two.name}").json()

    wait_until(lambda: facts()["Spec"]["Labels"] == {"zone": "west", "fast": ""}, timeout=1)
    assert facts()["ManagerStatus"]["Addr"] == f"{two.host.address}:4377"
    identity = two.id()
    two.stop()
    two.start()
    await_agreement([one, two])
    assert two.id() == identity


def test_a_host_joins_by_its_configuration_as_soon_as_somebody_answers(start_node, workdir):
    one = start_node(1)
    one.init()
    token = workdir / "token-later"
    token.write_text(one.token())
    one.stop()
    two = start_node(2, "--join", one.host.address, "--join-token-file", str(token))
    assert two.api.get("/_ping").status == 200
    one.start()
    await_agreement([one, two], timeout=20)


def test_keys_on_disk_are_for_root_only(three):
    for node in three:
        state = node.directory / "state"
        files = [each for each in [state, *state.rglob("*")]]
        assert len(files) > 1
        for each in files:
            mode = stat.S_IMODE(each.stat().st_mode)
            assert mode in ((0o700,) if each.is_dir() else (0o600,)), (each, oct(mode))


def test_there_are_no_services_and_the_answer_says_what_to_do(three):
    one = three[0]
    assert one.docker("service", "ls", "--quiet") == ""
    done = one.cli("service", "create", "busybox")
    assert done.returncode == 1 and b'use "docker run" or Compose' in done.stderr


def test_init_keeps_what_is_for_the_whole_cluster_as_an_engine_does(start_node):
    node = start_node(1)
    options = [
        *("--cert-expiry", "48h", "--task-history-limit", "2", "--snapshot-interval", "5000"),
        *("--max-snapshots", "3", "--dispatcher-heartbeat", "7s", "--data-path-port", "7789"),
        *("--default-addr-pool", "10.20.0.0/16", "--default-addr-pool-mask-length", "26"),
    ]
    assert "--autolock" in node.cli("swarm", "init", "--autolock").stderr.decode()
    assert "--external-ca" in node.cli("swarm", "init", "--external-ca", "protocol=cfssl,url=https://x").stderr.decode()
    node.init(*options)
    address = node.host.address
    node.direct.docker("swarm", "init", "--advertise-addr", address, "--listen-addr", f"{address}:2999", *options)
    try:
        ours, engines = node.api.get("/swarm").json(), node.direct.get("/swarm").json()
    finally:
        node.direct.docker("swarm", "leave", "--force")
    for member in ("Spec", "DefaultAddrPool", "SubnetSize", "DataPathPort"):
        assert ours[member] == engines[member]
    node.docker("swarm", "update", "--task-history-limit", "4", "--cert-expiry", "72h")
    shown = node.docker("info", "--format", "{{json .Swarm.Cluster.Spec}}")
    assert '"TaskHistoryRetentionLimit":4' in str(shown) and f'"NodeCertExpiry":{72 * 3600 * 10**9}' in str(shown)
    assert '"SnapshotInterval":5000' in str(shown)
