"""What a cluster must bear: wrong clocks, certificates that are over, a full disk, copies of a state
directory."""

import glob
import re
import shutil
import subprocess
import time

import pytest

from harness.cluster import Node, await_agreement, form, run_on, works_together
from harness.engine import wait_until

FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")  # of Debian's package libfaketime


def set_clock(node, offset):
    """From its next start on the node's clock is off by so much; None sets it right."""
    rest = node.command[len(node.front) :]
    if rest[0] == "env":
        rest = rest[4:]
    # Not the command faketime, which stays between us and droverd. Timers follow the monotonic
    # clock, which does not jump on a real host either.
    fake = ["env", f"LD_PRELOAD={FAKETIME[0]}", f"FAKETIME={offset}", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
    node.command = [*node.front, *(fake if offset else []), *rest]


@pytest.fixture
def nodes(lab, workdir, config_dir, tmp_path_factory):
    """Three droverds that were not started yet."""
    assert FAKETIME, "libfaketime is missing; run contrib/install-deps test"
    made = [
        Node(host, tmp_path_factory.mktemp("h", numbered=True), config_dir) for host in lab.hosts
    ]
    for each in made:  # paths of unix sockets are short
        each.socket = workdir / f"h{each.host.number}.sock"
        each.command[each.command.index("--listen") + 1] = f"unix://{each.socket}"
        each.api = each.endpoint(config_dir)
        each.docker, each.cli = each.api.docker, each.api.cli
    yield made
    for each in made:
        if each.process and each.process.poll() is None:
            each.stop()


# --- clocks ---------------------------------------------------------------------------------------


def test_clocks_an_hour_apart_change_nothing(nodes):
    set_clock(nodes[1], "-1h")
    set_clock(nodes[2], "+1h")
    form([each.start() for each in nodes])
    works_together(nodes)
    for each in nodes:
        assert each.swarm()["Error"] == ""
    set_clock(nodes[1], "+1h")  # it jumps by two hours
    nodes[1].kill_hard()
    nodes[1].start()
    await_agreement(nodes)
    works_together(nodes)


def test_a_clock_that_is_days_off_is_named_when_it_joins(nodes):
    one, two, _ = nodes
    set_clock(two, "-9d")
    one.start().init()
    two.start()
    done = two.join(one)
    assert done.returncode == 1 and b"clocks differ" in done.stderr, done.stderr
    assert one.states() == {one.name: "ready"}
    assert two.swarm()["LocalNodeState"] == "inactive"
    two.stop()
    set_clock(two, None)
    two.start().joined(one)
    await_agreement([one, two])


def test_a_certificate_that_is_over_is_told_refused_and_renewed(nodes):
    one, two, third = nodes
    form([each.start() for each in nodes])
    run_on(one, one, "stays")
    run_on(one, third, "far")
    # It takes its certificate for one from the future, and makes one that is over for the others.
    third.kill_hard()
    set_clock(third, "-200d")
    third.start()
    wait_until(
        lambda: "certificates as expired or not yet valid" in third.swarm()["Error"],
        timeout=20,
        what="it says so",
    )
    assert one.swarm()["Error"] == two.swarm()["Error"] == ""  # it is not they
    answer = one.api.get("/containers/far/json")
    assert answer.status == 503 and third.name in answer.message, answer.body
    assert "expired" in answer.message
    assert one.api.get("/containers/stays/json").status == 200
    assert two.docker("exec", "stays", "echo", "hi") == "hi"
    run_on(two, one, "new")
    third.kill_hard()
    set_clock(third, None)
    third.start()
    await_agreement(nodes)
    for each in nodes:
        wait_until(lambda: each.api.get("/containers/far/json").status == 200, timeout=10)
        assert each.swarm()["Error"] == ""
        assert set(each.containers()) == {"stays", "far", "new"}
    works_together(nodes)


# --- the disk -------------------------------------------------------------------------------------


def rotation_waits_for(node, other):
    """Whether a node says everywhere that it does, and why."""
    texts = [
        node.api.get("/swarm").json().get("Drover", {}).get("RotationWaitsFor", ""),
        *[each for each in node.api.get("/info").json()["Warnings"] or [] if "rotation" in each],
    ]
    return len(texts) == 2 and all(
        other.name in each and "the disk is full" in each for each in texts
    )


def test_a_full_disk_is_told_and_forgotten_when_there_is_room(nodes):
    one, two, _ = nodes
    state = two.directory / "state"
    state.mkdir()
    mount = two.host.inside("mount")
    subprocess.run([*mount, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", state], check=True)
    try:
        form([one.start(), two.start()])
        time.sleep(1.5)  # members are saved
        fill = f"head -c 2000000 /dev/zero >{state}/ballast; :"
        subprocess.run([*mount, "sh", "-c", fill], capture_output=True)
        one.docker("swarm", "ca", "--rotate", "--detach")  # there is much to write
        wait_until(
            lambda: "the disk is full" in two.swarm()["Error"], timeout=15, what="it says so"
        )
        assert one.api.get(f"/nodes/{two.id()}").json()["Drover"]["LastError"]
        # Everything else goes on; the rotation waits, since a node that dies comes back to what is
        # on its disk.
        wait_until(
            lambda: rotation_waits_for(one, two) and rotation_waits_for(two, two),
            timeout=10,
            what="both say for whom it waits",
        )
        told = [each["for"] for each in one.log_records() + two.log_records()
                if "CA rotation is waiting for a node" in each.values()]  # fmt: skip
        assert len(told) == 1 and two.name in told[0] and "the disk is full" in told[0], told
        run_on(one, two, "made")
        assert two.docker("exec", "made", "echo", "hi") == "hi"
        done = one.cli("node", "update", "--label-add", "a=b", two.name)
        assert done.returncode == 1 and b"the disk is full" in done.stderr, done.stderr
        assert one.api.get("/swarm").json()["RootRotationInProgress"]
        # It was not written, so nobody goes by it alone.
        two.kill_hard()
        subprocess.run([*mount, "rm", f"{state}/ballast"], check=True)
        two.start()
        await_agreement([one, two])
        wait_until(
            lambda: not one.api.get("/swarm").json()["RootRotationInProgress"], timeout=20
        )
        wait_until(lambda: two.swarm()["Error"] == "", timeout=5, what="it is well again")
        assert not rotation_waits_for(one, two)
        one.docker("node", "update", "--label-add", "a=b", two.name)
        # What could not be written then is on the disk now.
        two.kill_hard()
        two.start()
        await_agreement([one, two])
        assert two.api.get("/swarm").json()["TLSInfo"] == one.api.get("/swarm").json()["TLSInfo"]
        assert two.api.get(f"/nodes/{two.id()}").json()["Spec"]["Labels"] == {"a": "b"}
        two.docker("rm", "--force", "made")
    finally:
        if two.process and two.process.poll() is None:
            two.stop()
        subprocess.run([*mount, "umount", "--lazy", state])


def figure(node, name):
    script = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9999/metrics').read().decode())"
    text = node.host.run("/usr/bin/python3", "-c", script)
    return float(re.search(rf"^{name} (\S+)", text, re.MULTILINE)[1])


def serves_alone(node, why):
    """Its engine's API, byte for byte but for what `docker info` says of it."""
    info = node.api.get("/info").json()
    assert any(why in each and "served alone" in each for each in info["Warnings"]), info["Warnings"]
    assert info["Swarm"]["LocalNodeState"] == "pending" and why in info["Swarm"]["Error"]
    assert why in node.cli("info").stderr.decode()
    for path in ("/containers/json?all=1", "/images/json", "/volumes"):
        assert node.api.get(path).body == node.direct.get(path).body
    assert figure(node, "drover_state_saved") == 0
    assert any("served alone" in each["message"] and why in each["reason"]
               for each in node.log_records() if each["level"] == "error")  # fmt: skip
    for command in (("node", "ls"), ("swarm", "init"), ("swarm", "leave", "--force")):
        done = node.cli(*command)
        assert done.returncode == 1 and why.encode() in done.stderr, done.stderr


def test_a_host_whose_state_cannot_be_written_serves_its_engine_and_joins_later(nodes):
    one, two, third = nodes
    mounts = []

    def mount(node, *command, check=True):
        subprocess.run([*node.host.inside("mount"), *command], check=check, capture_output=True)

    try:
        for each in (two, third):
            each.command += ["--metrics-listen", "127.0.0.1:9999"]
            state = each.directory / "state"
            state.mkdir()
            mount(each, "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", state)
            mounts.append((each, state))
        form([one.start(), two.start()])
        run_on(one, two, "stays")
        run_on(one, one, "far")
        identity = two.id()
        time.sleep(1.5)  # members are saved
        two.stop()
        mount(two, "sh", "-c", f"head -c 2000000 /dev/zero >{two.directory}/state/ballast", check=False)
        mount(third, "mount", "-o", "remount,ro", third.directory / "state")
        two.start()
        third.start()
        serves_alone(two, "the disk is full")
        serves_alone(third, "Read-only file system")
        assert two.docker("exec", "stays", "echo", "hi") == "hi"
        assert set(two.containers()) == {"stays"}
        two.docker("run", "--detach", "--name", "meanwhile", "busybox", "sleep", "1000")
        wait_until(lambda: one.states()[two.name] == "down", timeout=10)
        two.kill_hard()  # also then nothing on its disk is lost
        two.start()
        assert two.swarm()["LocalNodeState"] == "pending"

        mount(two, "rm", two.directory / "state/ballast")
        await_agreement([one, two])
        assert two.id() == identity and len(one.nodes()) == 2
        for each in (one, two):
            wait_until(lambda: set(each.containers()) == {"stays", "far", "meanwhile"}, timeout=5)
        assert two.swarm()["Error"] == "" and figure(two, "drover_state_saved") == 1
        mount(third, "mount", "-o", "remount,rw", third.directory / "state")
        # droverd has a mount of its own of it.
        subprocess.run(["nsenter", "--target", str(third.pid), "--mount",
                        "mount", "-o", "remount,rw", third.directory / "state"], check=True)  # fmt: skip
        wait_until(lambda: third.swarm()["LocalNodeState"] == "inactive", timeout=5)
        assert third.api.get("/info").json()["Warnings"] == third.direct.get("/info").json()["Warnings"]
        third.joined(one)
        await_agreement(nodes)
    finally:
        for each, state in mounts:
            if each.process and each.process.poll() is None:
                each.stop()
            mount(each, "umount", "--lazy", state, check=False)


# --- what is told goes with its cause -------------------------------------------------------------


def test_an_error_about_a_copy_goes_when_the_other_is_gone(three):
    one, two, third = three
    third.stop()
    shutil.rmtree(third.directory / "state")
    time.sleep(1)
    shutil.copytree(two.directory / "state", third.directory / "state")
    third.start()
    for each in (two, third):
        wait_until(
            lambda: "another host uses this node's ID" in each.swarm()["Error"],
            timeout=20,
            what=f"{each.name} tells of the copy",
        )
    time.sleep(35)  # as long as it is so, it is said
    assert "another host uses this node's ID" in third.swarm()["Error"]
    two.kill_hard()
    wait_until(lambda: third.swarm()["Error"] == "", timeout=45, what="it is forgotten")
    third.docker("swarm", "leave", "--force")
    third.joined(one)
    two.start()
    wanted = {two.id(), third.id()}

    def ready():  # by id: the third host's first life is listed beside, as down
        nodes = one.api.get("/nodes").json()
        return {each["ID"] for each in nodes if each["Status"]["State"] == "ready"}

    assert len(wanted) == 2
    wait_until(lambda: wanted < ready(), timeout=15, what="each is heard under its own id")
    assert two.swarm()["Error"] == third.swarm()["Error"] == ""
