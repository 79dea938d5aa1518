"""Hosts, droverds and engines fail, links are cut, strangers talk nonsense: what each must do then."""

import shutil
import signal
import subprocess
import threading
import time

import pytest

from harness.cluster import await_agreement, form, run_on
from harness.engine import wait_until
from harness.gate import ask_peer, walk
from harness.images import build, run_printing


def is_running(node, name):
    answer = node.direct.get(f"/containers/{name}/json")
    return answer.status == 200 and answer.json()["State"]["Running"]


def statuses(node):
    return {name: status for name, (_, status) in node.containers().items()}


# --- a droverd ---------------------------------------------------------------------------------


def test_a_killed_droverd(three):
    """Its containers run on, are shown as Host Down, are answered for with 503, and come back."""
    one, two, third = three
    run_on(one, two, "lost")
    run_on(one, third, "other")
    identity = two.id()
    wait_until(lambda: set(one.containers()) == set(third.containers()) == {"lost", "other"}, 1)
    two.kill_hard()

    def refused():
        start = time.monotonic()
        for method, path in (("GET", "json"), ("POST", "stop"), ("GET", "logs?stdout=1")):
            answer = one.api.call(method, f"/containers/lost/{path}")
            assert answer.status == 503 and two.name in answer.message, answer.body
        assert time.monotonic() - start < 3 * 2

    refused()  # while nobody has missed it yet
    for each in (one, third):
        start = time.monotonic()
        assert "Host Down" in each.docker("ps", "--all", "--filter", "name=lost")
        assert time.monotonic() - start < 2
    wait_until(lambda: one.states()[two.name] == third.states()[two.name] == "down", timeout=10)
    refused()
    for each in (one, third):
        assert "Host Down" in statuses(each)["lost"] and statuses(each)["other"].startswith("Up")
    for command in ("stop", "rm", "logs"):
        done = one.cli(command, "lost")
        assert done.returncode == 1 and two.name.encode() in done.stderr
    taken = one.api.post("/containers/create?name=lost", {"Image": "busybox"})
    assert taken.status == 409 and "lost" in taken.message
    assert is_running(two, "lost")
    run_on(one, one, "new")

    two.start()
    await_agreement(three)
    assert two.id() == identity
    for each in three:
        wait_until(lambda: statuses(each).get("lost", "").startswith("Up"), timeout=2)
        assert set(statuses(each)) == {"lost", "other", "new"}
    one.docker("stop", "--time", "0", "lost")


def test_a_droverd_killed_just_after_it_joined_comes_back(start_node):
    one, two = start_node(1), start_node(2)
    form([one, two])
    two.kill_hard()
    wait_until(lambda: one.states()[two.name] == "down", timeout=10)
    two.start()
    await_agreement([one, two])


def test_a_stopped_droverd_comes_back(three):
    two = three[1]
    identity = two.id()
    two.stop()
    two.start()
    await_agreement(three)
    assert two.id() == identity


def test_all_droverds_killed_come_back_by_themselves(three):
    one, two, third = three
    for each in three:
        run_on(one, each, f"kept{each.host.number}")
    identities = [each.id() for each in three]
    token = one.token()
    time.sleep(1.2)  # members are on disk by now
    for each in three:
        each.kill_hard()
    assert all(is_running(each, f"kept{each.host.number}") for each in three)
    for each in three:
        each.start()
    await_agreement(three)
    assert [each.id() for each in three] == identities
    assert third.token() == token
    for each in three:
        wait_until(lambda: set(each.containers()) == {"kept1", "kept2", "kept3"}, timeout=5)
    run_on(one, two, "new")
    taken = third.api.post("/containers/create?name=kept1", {"Image": "busybox"})
    assert taken.status == 409


def test_what_was_removed_while_a_droverd_was_down_is_gone_everywhere(three):
    one, two, third = three
    run_on(one, two, "gone")
    run_on(one, two, "stays")
    wait_until(lambda: "gone" in third.containers(), timeout=1)
    two.kill_hard()
    two.direct.docker("rm", "--force", "gone")
    two.start()
    await_agreement(three)
    for each in three:
        wait_until(lambda: set(each.containers()) == {"stays"}, timeout=5)
    run_on(third, one, "gone")


def test_a_stream_from_a_droverd_that_dies_ends(three):
    one, two, _ = three
    run_on(one, two, "talker", "sh", "-c", "while true; do echo line; sleep 0.1; done")
    with one.api.popen("logs", "--follow", "talker", stdout=subprocess.PIPE) as logs:
        assert logs.stdout.readline() == b"line\n"
        two.kill_hard()
        logs.communicate(timeout=10)
    assert is_running(two, "talker")


def test_a_client_that_goes_away_ends_its_stream_on_the_other_host(three):
    one, two, _ = three
    run_on(one, two, "talker", "sh", "-c", "while true; do echo line; sleep 0.1; done")
    before = two.fds()
    streams = [
        one.api.popen("logs", "--follow", "talker", stdout=subprocess.PIPE) for _ in range(8)
    ]
    for each in streams:
        assert each.stdout.readline() == b"line\n"
    assert two.fds() >= before + 8
    for each in streams:
        each.kill()
        each.communicate()
    wait_until(lambda: two.fds() <= before + 2, timeout=5, what="the streams' end")


@pytest.mark.alone
def test_a_droverd_that_hangs_is_waited_for_but_not_long(three):
    one, two, third = three
    run_on(one, two, "stuck")
    run_on(one, one, "other")
    wait_until(lambda: set(third.containers()) == {"stuck", "other"}, timeout=1)
    two.signal(signal.SIGSTOP)
    try:
        for each in (one, third):
            start = time.monotonic()
            listed = statuses(each)
            assert time.monotonic() - start < 6
            assert listed["other"].startswith("Up") and "Host Down" in listed["stuck"]
        start = time.monotonic()
        answer = one.api.get("/containers/stuck/json")
        assert time.monotonic() - start < 2.2
        assert answer.status == 503 and two.name in answer.message
        wait_until(lambda: one.states()[two.name] == "down", timeout=10)
    finally:
        two.signal(signal.SIGCONT)
    await_agreement(three)
    for each in three:
        wait_until(lambda: statuses(each)["stuck"].startswith("Up"), timeout=2)


# --- an engine ----------------------------------------------------------------------------------


def test_an_engine_killed_and_started_again(three, lab):
    one, two, third = three
    run_on(one, two, "lost")
    run_on(one, one, "other")
    wait_until(lambda: "lost" in third.containers(), timeout=1)
    two.host.stop(signal.SIGKILL)
    try:
        wait_until(lambda: two.api.get("/info").status != 0, timeout=5)
        for each in three:
            listed = statuses(each)
            assert listed["other"].startswith("Up"), listed
            assert "lost" in listed
            answer = each.api.get("/containers/lost/json")
            assert answer.status == 503, answer.body
        run_on(two, one, "new")
        answer = one.api.post("/containers/create", {"Image": "busybox"})
        assert answer.status == 201, answer.body  # placed where an engine is
    finally:
        lab.up()
    for each in three:
        wait_until(
            lambda: each.api.get("/containers/lost/json").status == 200, timeout=15, what=each.name
        )
        assert {"lost", "other", "new"} <= set(each.containers())
    one.docker("restart", "--time", "0", "lost")
    assert is_running(two, "lost")


# --- a link -------------------------------------------------------------------------------------


@pytest.fixture
def severed(three, lab):
    """The third host is cut off, and both sides know. Mended at the latest at the end."""
    one, two, third = three
    time.sleep(1)
    lab.hosts[2].cut()
    try:
        wait_until(
            lambda: one.states()[third.name] == two.states()[third.name] == "down"
            and third.states()[one.name] == third.states()[two.name] == "down",
            timeout=15,
            what="both sides miss each other",
        )
        yield three
    finally:
        lab.hosts[2].mend()


def test_both_sides_of_a_cut_answer_for_themselves_and_agree_afterwards(severed, lab):
    one, two, third = severed
    for via, on in ((one, two), (third, third)):
        run_on(via, on, f"made-by-{via.host.number}")
        assert f"made-by-{via.host.number}" in via.containers()
    done = third.docker("run", "--rm", "busybox", "echo", "alone")
    assert done == "alone"
    one.docker("rm", "--force", "made-by-1")
    run_on(two, one, "made-by-2")
    start = time.monotonic()
    lab.hosts[2].mend()
    await_agreement(severed, timeout=15)
    wanted = {"made-by-2", "made-by-3"}
    for each in severed:
        wait_until(
            lambda: set(each.containers()) == wanted,
            timeout=max(1, 15 - (time.monotonic() - start)),
            what=f"{each.name} lists {wanted}",
        )
        assert all(status.startswith("Up") for status in statuses(each).values())


def test_a_name_given_out_on_both_sides_is_settled(severed, lab):
    one, two, third = severed
    older = run_on(one, one, "twice")
    time.sleep(1.1)  # engines tell creation in seconds
    younger = run_on(third, third, "twice")
    lab.hosts[2].mend()
    await_agreement(severed, timeout=15)
    wanted = {"twice": older, f"twice_{younger[:12]}": younger}
    for each in severed:
        wait_until(
            lambda: {name: found[0] for name, found in each.containers().items()} == wanted,
            timeout=10,
            what=f"one has the name, by {each.name}",
        )
    assert is_running(one, "twice") and is_running(third, f"twice_{younger[:12]}")
    assert two.docker("inspect", "twice", "--format", "{{.Id}}") == older


@pytest.mark.alone
@pytest.mark.parametrize("first", ["json", "logs?stdout=1", "top"])
def test_calls_across_a_cut_end_within_two_seconds(three, lab, first):
    """The first one, that finds out, and those after it."""
    one, _, third = three
    run_on(one, third, "beyond")
    assert "beyond" in one.containers()
    lab.hosts[2].cut()
    try:
        for path in (first, "json", "logs?stdout=1", "top"):
            start = time.monotonic()
            answer = one.api.get(f"/containers/beyond/{path}")
            took = time.monotonic() - start
            assert answer.status == 503 and third.name in answer.message, (path, answer.body)
            assert took < 2, path
    finally:
        lab.hosts[2].mend()


# --- who does not belong -------------------------------------------------------------------------


def test_a_copied_state_directory_is_told_by_both(three, start_node, workdir):
    one, two, third = three
    third.stop()
    copy = third.directory / "state"
    shutil.rmtree(copy)
    time.sleep(1)
    shutil.copytree(two.directory / "state", copy)
    third.start()
    for each in (two, third):
        wait_until(
            lambda: "another host uses this node's ID" in each.swarm()["Error"],
            timeout=15,
            what=f"{each.name} tells of the copy",
        )
        assert "another host uses this node's ID" in each.log()
    assert one.containers() == {}
    third.docker("swarm", "leave", "--force")
    third.joined(one)
    wait_until(lambda: third.swarm()["Nodes"] >= 3, timeout=10)


def test_garbage_changes_nothing(three):
    one, two, third = three
    run_on(one, two, "calm")
    before = [(each.nodes(), each.id(), each.containers().keys()) for each in three]
    talk = (
        "import os, socket, sys\n"
        "address, udp, tcp = sys.argv[1], 7946, 2377\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for n in range(600): s.sendto(os.urandom(n * 2), (address, udp))\n"
        "for n in range(40):\n"
        "    c = socket.create_connection((address, tcp), 5)\n"
        "    c.sendall([b'GET /containers/json HTTP/1.1\\r\\n\\r\\n', b'\\x16\\x03\\x01\\x02\\x00',\n"
        "               os.urandom(5000), b''][n % 4])\n"
        "    c.close()\n"
        "idle = [socket.create_connection((address, tcp), 5) for n in range(50)]\n"
    )
    for each in three:
        third.host.run("/usr/bin/python3", "-c", talk, each.host.address)
    after = [(each.nodes(), each.id(), each.containers().keys()) for each in three]
    assert after == before
    assert [each.process.poll() for each in three] == [None] * 3
    run_on(third, one, "still")


def test_strangers_get_nothing_from_the_peers_port(three):
    """Without a certificate of the cluster only the way in is open."""
    one, two, _ = three
    for path in ("/containers/json", "/info", "/drover/v1/messages", "/drover/v1/node", "/_ping"):
        method = "POST" if "/drover/" in path else "GET"
        said = two.host.run(
            "curl", "--silent", "--insecure", "--request", method, "--data", "{}",
            "--write-out", "\n%{http_code}", f"https://{one.host.address}:2377{path}",
        )  # fmt: skip
        assert said.rsplit("\n", 1)[1] in ("401", "403"), (path, said)


def test_a_removed_node_is_heard_no_more(three, tmp_path):
    one, two, third = three
    third.copy_identity(tmp_path / "third")
    third.kill_hard()
    wait_until(lambda: one.states().get(third.name) == "down", what="its death is known")
    one.docker("node", "rm", "--force", third.name)
    assert walk(one, "removed", tmp_path / "third", by=third) == []
    wait_until(
        lambda: ask_peer(two, [("GET", "/_ping")], tmp_path / "third", third)[0][0] == 0,
        what="all know of it",
    )


# --- time goes on while things change -----------------------------------------------------------


def test_the_ca_is_rotated_while_clients_work(three):
    one, two, third = three
    before = one.api.get("/swarm").json()["TLSInfo"]["TrustRoot"]
    token = one.token()
    rounds = 0
    one.docker("swarm", "ca", "--rotate", "--detach")
    deadline = time.monotonic() + 30

    def finished():
        swarms = [each.api.get("/swarm").json() for each in three]
        roots = {swarm["TLSInfo"]["TrustRoot"] for swarm in swarms}
        return (
            not any(swarm["RootRotationInProgress"] for swarm in swarms)
            and len(roots) == 1
            and roots != {before}
        )

    while not finished() or rounds < 30:
        assert time.monotonic() < deadline, "the rotation does not end"
        via, on = three[rounds % 3], three[(rounds + 1) % 3]
        name = f"round{rounds}"
        run_on(via, on, name, start=False)
        assert three[(rounds + 2) % 3].api.get("/containers/json?all=1").status == 200
        removed = via.api.call("DELETE", f"/containers/{name}")
        assert removed.status == 204, removed.body
        rounds += 1
    await_agreement(three)
    assert one.token() != token  # it holds the digest of the CA
    for each in three:
        # A handshake shows the certificate that the node has now, and who signed it.
        shown = subprocess.run(
            [*one.host.inside("net"), "openssl", "s_client", "-connect",
             f"{each.host.address}:2377", "-showcerts"],
            input=b"", capture_output=True, timeout=10,
        ).stdout  # fmt: skip
        root = each.directory / "root.pem"
        leaf = each.directory / "leaf.pem"
        root.write_text(one.api.get("/swarm").json()["TLSInfo"]["TrustRoot"])
        leaf.write_bytes(shown[shown.index(b"-----BEGIN") :])
        checked = subprocess.run(
            ["openssl", "verify", "-no_check_time", "-CAfile", root, leaf], capture_output=True
        )
        assert checked.returncode == 0, checked.stderr


def test_few_idle_connections_are_kept_between_hosts(three):
    one, two, third = three
    run_on(one, two, "there")
    run_on(two, one, "here")
    for number in range(1000):
        assert three[number % 3].api.get("/containers/there/json").status == 200

    def await_end(via, name):
        assert via.api.post(f"/containers/{name}/wait").status == 200

    # Many at a time, which all end at once.
    threads = [
        threading.Thread(target=await_end, args=each)
        for each in [(one, "there")] * 20 + [(two, "here")] * 20 + [(third, "here")] * 20
    ]
    for each in threads:
        each.start()
    time.sleep(0.5)
    for name in ("there", "here"):
        assert third.api.post(f"/containers/{name}/kill").status == 204
    for each in threads:
        each.join()
    time.sleep(1)

    def number_of(address):
        return "".join(f"{int(each):02X}" for each in reversed(address.split(".")))

    for via in three:
        # Both directions: what this one has opened to the other, and what was opened to it.
        rows = [line.split() for line in via.host.run("cat", "/proc/self/net/tcp").splitlines()[1:]]
        for other in three:
            between = [
                row for row in rows
                if row[3] == "01" and row[2].split(":")[0] == number_of(other.host.address)
            ]  # fmt: skip
            assert len(between) <= 10, (via.name, other.name, between)


def test_a_tag_whose_image_only_a_host_that_is_down_has_is_not_the_former_one(three):
    one, two, third = three
    build(one, "lost:1", "old")
    assert run_printing(one, two, "lost:1") == "old"
    build(one, "lost:1", "new")
    time.sleep(0.2)
    one.kill_hard()
    wait_until(lambda: third.states().get(one.name) == "down", 10, what="its death is known")
    for via in (two, third):
        done = via.cli("run", "--rm", "-e", f"constraint:node=={two.name}", "lost:1")
        assert done.returncode != 0 and done.stdout == b""
        assert f"is on node {one.name}" in done.stderr.decode()
        answer = via.api.get("/images/lost:1/json")
        assert answer.status == 503 and one.name in answer.json()["message"]
    # As it says: once it is given anew, it is what was given.
    build(two, "lost:1", "again")
    assert run_printing(third, third, "lost:1") == "again"
