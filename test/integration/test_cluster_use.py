"""The docker client through any node: containers of all hosts, as if they were on this one."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
import time

import docker
import pytest

from harness.cluster import run_on
from harness.containers import create, create_exec
from harness.engine import wait_until
from harness.terminal import Terminal


pytestmark = pytest.mark.asan


@pytest.fixture
def far(one, two):
    """The name of a running container on the second host; the tests talk to the first."""
    run_on(one, two, "far")
    return "far"


def same_error(done, answer):
    """Whether the CLI failed with just these words from the daemon."""
    return done.returncode == 1 and done.stderr.decode().strip().endswith(answer.message)


# --- where containers go ------------------------------------------------------------------------


def test_containers_spread_over_the_hosts(cluster, one):
    for number in range(6):
        one.docker("create", "--name", f"spread{number}", "busybox", "true")
    for node in cluster:
        assert len(node.direct.get("/containers/json?all=1").json()) == 2, node.name


@pytest.mark.parametrize(
    "choice",
    [
        ("--label", "io.drover.node={}"),
        ("--env", "constraint:node=={}"),
        ("--label", "io.drover.node={id}"),
    ],
)
def test_a_label_or_a_constraint_names_the_node(cluster, choice):
    for via in cluster:
        for to in cluster:
            name = f"from{via.host.number}-to{to.host.number}"
            how = [each.format(to.name, id=to.id()) for each in choice]
            via.docker("create", "--name", name, *how, "busybox", "true")
            assert [each.has(name) for each in cluster] == [each is to for each in cluster]


def test_a_node_that_does_not_exist_is_named(one):
    done = one.cli("run", "--label", "io.drover.node=nowhere", "busybox", "true")
    assert done.returncode == 125 and b"nowhere" in done.stderr


def test_a_container_goes_to_its_volume(cluster, one, two):
    label = f"io.drover.node={two.name}"
    one.docker("run", "--label", label, "--volume", "data:/d", "busybox", "touch", "/d/seen")
    for via in cluster:
        assert via.docker("run", "--rm", "-v", "data:/d", "busybox", "ls", "/d") == "seen"
    assert [each.direct.get("/volumes/data").status for each in cluster] == [404, 200, 404]


def test_a_container_goes_to_its_network(cluster, one, two):
    two.docker("network", "create", "backend")
    holder = next(each for each in cluster if each.direct.get("/networks/backend").status == 200)
    for number, via in enumerate(cluster):
        via.docker("create", "--net", "backend", "--name", f"web{number}", "busybox", "true")
        assert holder.has(f"web{number}")


def test_a_container_joins_networks_of_its_own_node(cluster, one, two, third, far):
    """Also one that every node has under the same name; of another node's it is told what to do."""
    one.docker("network", "disconnect", "bridge", far)
    third.docker("network", "connect", "bridge", far)
    assert list(two.direct.get(f"/containers/{far}/json").json()["NetworkSettings"]["Networks"]) == [
        "bridge"
    ]
    one.docker("network", "create", "elsewhere")
    holder = next(each for each in cluster if each.direct.get("/networks/elsewhere").status == 200)
    assert holder is not two
    done = third.cli("network", "connect", "elsewhere", far)
    assert done.returncode == 1
    assert (
        f"network elsewhere is on node {holder.name} and container far on node {two.name}; create the "
        f"container with this network, or with the label io.drover.node={holder.name}"
    ) in done.stderr.decode()
    for name, container in (("nosuch", far), ("elsewhere", "nosuch"), ("nosuch", "nosuch")):
        answer = third.api.post(f"/networks/{name}/connect", {"Container": container})
        asked = {"Container": container}
        beside = two if container == far else holder
        engine = beside.direct.post(f"/networks/{name}/connect", asked)
        assert (answer.status, answer.message) == (engine.status, engine.message)


@pytest.mark.parametrize("option", ["--network", "--pid", "--ipc"])
def test_a_container_goes_to_the_one_it_shares_with(one, two, third, far, option):
    how = ["--ipc=shareable"] if option == "--ipc" else []
    third.docker(
        "run", "--detach", "--name", "host", "--label", f"io.drover.node={two.name}", *how,
        "busybox", "sleep", "1d",
    )  # fmt: skip
    one.docker("run", "--name", "guest", option, "container:host", "busybox", "true")
    assert two.has("guest")


def test_a_container_goes_to_the_one_whose_volumes_it_takes(one, two):
    run_on(one, two, "keeper", Volumes={"/data": {}})
    one.docker("exec", "keeper", "touch", "/data/seen")
    listed = one.docker(
        "run", "--name", "guest", "--volumes-from", "keeper", "busybox", "ls", "/data"
    )
    assert listed == "seen" and two.has("guest")


def test_what_cannot_be_together_is_refused_with_the_reason(one, two, third):
    run_on(one, two, "keeper")
    done = one.cli(
        "run", "--network", "container:keeper", "--label", f"io.drover.node={third.name}",
        "busybox", "true",
    )  # fmt: skip
    assert done.returncode == 125 and b'container "keeper" is not here' in done.stderr


def test_a_bind_mount_stays_on_the_node_that_took_the_call(cluster, two, workdir):
    for number in range(3):
        two.docker("create", "--name", f"bound{number}", "-v", f"{workdir}:/w", "busybox", "true")
        assert two.has(f"bound{number}")


# --- one container ----------------------------------------------------------------------------


def test_ids_shorter_than_whole_find_their_container(cluster, far):
    whole = cluster[1].containers()[far][0]
    for node in cluster:
        for length in (64, 12, 6):
            assert node.docker("inspect", whole[:length], "--format", "{{.Id}}") == whole


def test_an_ambiguous_prefix_is_worded_as_dockerd_does(cluster, one):
    holders = {}
    while not (prefix := next((p for p, at in holders.items() if len(set(at)) > 1), None)):
        to = cluster[sum(map(len, holders.values())) % 2]
        identity = run_on(one, to, f"c{os.urandom(4).hex()}", start=False)
        holders.setdefault(identity[0], []).append(to.name)
    # The engine's own words, for one that is ambiguous on one engine.
    own = {}
    while not (theirs := next((p for p, count in own.items() if count > 1), None)):
        identity = create(cluster[2].direct, f"d{os.urandom(4).hex()}", "true")
        own[identity[0]] = own.get(identity[0], 0) + 1
    expected = cluster[2].direct.get(f"/containers/{theirs}/json")
    time.sleep(0.25)  # within which all nodes know of both
    for node in cluster:
        for method, path in (("GET", "json"), ("POST", "start"), ("GET", "logs?stdout=1")):
            answer = node.api.call(method, f"/containers/{prefix}/{path}")
            assert answer.status == expected.status
            assert answer.message == expected.message.replace(f": {theirs}", f": {prefix}")


def test_what_nobody_has_is_answered_as_by_the_engine(cluster):
    for path in ("/containers/nope/json", "/images/nope/json", "/networks/nope", "/volumes/nope"):
        for node in cluster:
            ours, theirs = node.api.get(path), node.direct.get(path)
            assert (ours.status, ours.body) == (theirs.status, theirs.body), path


def test_inspect_is_the_engines_own_with_the_node(one, two, far):
    ours = one.api.get(f"/containers/{far}/json").json()
    theirs = two.direct.get(f"/containers/{far}/json").json()
    node = ours.pop("Node")
    assert ours == theirs
    assert (node["Name"], node["ID"], node["IP"]) == (two.name, two.id(), two.host.address)


def test_names_are_unique_in_docker_s_words(cluster, one, two, third):
    first = run_on(one, two, "web", start=False)
    expected = two.direct.post("/containers/create?name=web", {"Image": "busybox"})
    assert expected.status == 409
    for node in cluster:
        for to in cluster:
            body = {"Image": "busybox", "Labels": {"io.drover.node": to.name}}
            answer = node.api.post("/containers/create?name=web", body)
            assert (answer.status, answer.message) == (409, expected.message)
    run_on(one, third, "other", start=False)
    expected = two.direct.post(f"/containers/{first}/rename?name=web")
    answer = one.api.post("/containers/other/rename?name=web")
    assert answer.status == 409
    assert first in answer.message and "is already in use by container" in answer.message
    assert third.has("other") and not third.has("web")


def test_a_name_is_free_once_its_container_is_gone_or_renamed(cluster, one, two, third):
    for number in range(5):
        via, to = cluster[number % 3], cluster[(number + 1) % 3]
        run_on(via, to, "again", start=False)
        other = cluster[(number + 2) % 3]
        if number % 2:
            other.docker("rename", "again", f"old{number}")
        else:
            other.docker("rm", "again")
    run_on(one, two, "again")


def test_logs_follow_as_they_come_and_end_with_the_container(one, two):
    script = "for i in 1 2 3; do echo line $i; sleep 0.3; done; echo err >&2"
    run_on(one, two, "talker", "sh", "-c", script)
    with one.api.popen(
        "logs", "--follow", "talker", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as logs:
        assert logs.stdout.readline() == b"line 1\n"
        assert two.direct.get("/containers/talker/json").json()["State"]["Running"]
        out, err = logs.communicate(timeout=10)
        assert (out, err, logs.returncode) == (b"line 2\nline 3\n", b"err\n", 0)
    assert one.docker("logs", "--tail", "2", "talker") == "line 3"


def test_exec_on_a_terminal(one, far):
    with Terminal(one.api, "exec", "-it", far, "sh") as terminal:
        # The CLI sends a size after the start, and listens for changes a little after that.
        terminal.type(b"until stty size | grep 33.99; do sleep 0.1; done; echo da''te\n")
        terminal.expect(b"\n33 99")
        terminal.expect(b"\ndate")
        time.sleep(0.5)
        terminal.resize(20, 70)
        terminal.type(b"until stty size | grep 20.70; do sleep 0.1; done\n")
        terminal.expect(b"\n20 70")
        terminal.type(b"exit 7\n")
        assert terminal.wait() == 7


def test_exec_passes_every_byte_and_the_end_of_input(one, far):
    data = os.urandom(3_000_000)
    done = one.cli("exec", "-i", far, "sh", "-c", "cat; echo -n end; exit 3", input=data)
    assert done.returncode == 3
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data + b"end").digest()


def test_an_exec_is_found_through_any_node(cluster, one, far):
    made = create_exec(one.api, far, "sleep", "1d")
    for node in cluster:
        assert node.api.get(f"/exec/{made}/json").json()["ID"] == made
    started = cluster[2].api.post(f"/exec/{made}/start", {"Detach": True})
    assert started.status == 200
    assert one.api.get(f"/exec/{made}/json").json()["Running"]
    assert one.api.get("/exec/nope/json").status == 404


def test_run_on_a_terminal_of_another_host(one, two):
    label = f"io.drover.node={two.name}"
    with Terminal(
        one.api, "run", "-it", "--rm", "--name", "shell", "--label", label, "busybox"
    ) as terminal:
        terminal.expect(b"# ")
        assert two.has("shell")
        terminal.type(b"hostname; exit 5\n")
        terminal.expect(b"exit 5")
        assert terminal.wait() == 5
    wait_until(lambda: not two.has("shell"), timeout=2)


def test_attach_to_a_container_of_another_host(one, two):
    run_on(one, two, "echoer", "cat", OpenStdin=True, StdinOnce=True)
    done = one.cli("attach", "--no-stdin=false", "echoer", input=b"over two hops\n" * 1000)
    assert (done.returncode, done.stdout) == (0, b"over two hops\n" * 1000)


def test_cp_in_both_directions(one, third, far, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(1_000_000))
    one.docker("cp", str(source), f"{far}:/tmp/copy")
    third.docker("cp", f"{far}:/tmp/copy", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
    missing = one.cli("cp", f"{far}:/nowhere", str(tmp_path))
    assert missing.returncode == 1 and b"/nowhere" in missing.stderr


def test_stats_top_diff_and_export(one, far, two):
    row = one.docker("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", far)
    assert row.startswith(f"{far} ") and int(row.split()[1]) > 0
    assert "sleep 1d" in one.docker("top", far)
    one.docker("exec", far, "touch", "/changed")
    assert "A /changed" in one.docker("diff", far).splitlines()
    exported = one.cli("export", far).stdout
    assert "changed" in tarfile.open(fileobj=io.BytesIO(exported)).getnames()


def test_stats_of_all(one, cluster):
    for node in cluster:
        run_on(one, node, f"busy{node.host.number}")
    rows = one.docker("stats", "--no-stream", "--format", "{{.Name}}").split()
    assert sorted(rows) == ["busy1", "busy2", "busy3"]


def test_the_life_of_a_container(cluster, one, two, far):
    third = cluster[2]

    def state():
        return third.docker("inspect", far, "--format", "{{.State.Status}}")

    for command, expected in (
        ("pause", "paused"), ("unpause", "running"), ("restart", "running"), ("kill", "exited"),
        ("start", "running"),
    ):  # fmt: skip
        how = ["--time", "0"] if command == "restart" else []
        one.docker(command, *how, far)
        assert state() == expected, command
    one.docker("update", "--restart", "always", far)
    assert (
        two.direct.get(f"/containers/{far}/json").json()["HostConfig"]["RestartPolicy"]["Name"]
        == "always"
    )
    one.docker("rename", far, "further")
    assert third.docker("inspect", "further", "--format", "{{.Name}}") == "/further"
    one.docker("rm", "--force", "further")
    assert state_of(third, "further") == 404


def state_of(node, name):
    return node.api.get(f"/containers/{name}/json").status


def test_wait_answers_when_the_container_ends(one, third, two):
    run_on(one, two, "short", "sh", "-c", "sleep 0.7; exit 9")
    waiting = third.api.popen("wait", "short", stdout=subprocess.PIPE)
    assert waiting.communicate(timeout=10)[0] == b"9\n"


def test_run_returns_the_exit_code_and_removes(cluster, one):
    for node in cluster:
        label = f"io.drover.node={node.name}"
        done = one.cli("run", "--rm", "--label", label, "busybox", "sh", "-c", "echo out; exit 4")
        assert (done.returncode, done.stdout) == (4, b"out\n")
    wait_until(lambda: one.containers() == {}, timeout=2)


def test_run_reads_its_input(one, two):
    label = f"io.drover.node={two.name}"
    data = os.urandom(500_000)
    done = one.cli("run", "-i", "--rm", "--label", label, "busybox", "cat", input=data)
    assert (done.returncode, done.stdout == data) == (0, True)


def test_commit_makes_an_image_where_the_container_is(one, two, third, far):
    one.docker("exec", far, "touch", "/made")
    one.docker("commit", far, "snapshot:1")
    assert two.has_image("snapshot:1")
    assert third.docker("images", "--quiet", "snapshot:1")


# --- events -------------------------------------------------------------------------------------


def test_events_of_all_nodes_come_in_one_stream(cluster, one):
    with one.api.popen(
        "events", "--filter", "type=container", "--filter", "event=start",
        "--format", "{{json .}}", stdout=subprocess.PIPE,
    ) as events:  # fmt: skip
        time.sleep(0.5)
        for node in cluster:
            run_on(one, node, f"seen{node.host.number}")
        lines = [json.loads(events.stdout.readline()) for _ in cluster]
        events.kill()
    assert [each["Actor"]["Attributes"]["name"] for each in lines] == ["seen1", "seen2", "seen3"]
    for line, node in zip(lines, cluster):
        assert node.name in line["Actor"]["Attributes"].values()
    times = [each["timeNano"] for each in lines]
    assert times == sorted(times)


def test_events_of_the_past_are_merged_in_time(cluster, one, third):
    since = f"{time.time():.9f}"
    for number in range(6):
        run_on(one, cluster[number % 3], f"past{number}", start=False)
    until = f"{time.time() + 0.001:.9f}"
    window = ["events", "--since", since, "--until", until]
    lines = third.docker(*window, "--format", "{{json .}}").splitlines()
    created = [json.loads(line) for line in lines]
    created = [each for each in created if each["Action"] == "create"]
    assert [each["Actor"]["Attributes"]["name"] for each in created] == [
        f"past{n}" for n in range(6)
    ]
    only = third.docker(*window, "--filter", f"node={cluster[1].name}", "--filter", "event=create",
                        "--format", "{{.Actor.Attributes.name}}")  # fmt: skip
    assert only.split() == ["past1", "past4"]
    named = third.docker(*window, "--filter", "container=past2", "--format", "{{.Action}}")
    assert named == "create"


# --- prune and df -------------------------------------------------------------------------------


def test_prune_works_on_all_nodes(cluster, one):
    for node in cluster:
        run_on(one, node, f"dead{node.host.number}", start=False)
        run_on(one, node, f"alive{node.host.number}")
    pruned = one.docker("container", "prune", "--force")
    assert pruned.count("\n") >= 3 and "Total reclaimed space" in pruned
    for node in cluster:
        assert set(node.containers()) == {"alive1", "alive2", "alive3"}
        assert not node.has(f"dead{node.host.number}")


def test_system_df_counts_all_nodes(cluster, one):
    for node in cluster:
        run_on(one, node, f"counted{node.host.number}")
        node.direct.docker("volume", "create", f"counted{node.host.number}")
    rows = one.docker("system", "df", "--format", "{{.Type}} {{.TotalCount}} {{.Active}}")
    assert "Containers 3 3" in rows.splitlines()
    assert "Local Volumes 3 0" in rows.splitlines()


def test_version_names_each_droverd(cluster, one):
    version = one.api.get("/version").json()
    theirs = cluster[1].direct.get("/version").json()
    assert (version["ApiVersion"], version["MinAPIVersion"]) == (
        theirs["ApiVersion"],
        theirs["MinAPIVersion"],
    )
    components = {each["Name"]: each for each in version["Components"]}
    assert any("drover" in name.lower() for name in components)


# --- other clients ------------------------------------------------------------------------------


def test_docker_py_works_across_hosts(cluster):
    one, two, third = cluster
    client = docker.DockerClient(base_url=one.api.host, version="auto")
    container = client.containers.run(
        "busybox", ["sh", "-c", "echo hello; exec sleep 1d"], name="py", detach=True, init=True,
        labels={"io.drover.node": two.name},
    )  # fmt: skip
    assert two.has("py")
    assert [each.name for each in client.containers.list()] == ["py"]
    assert client.containers.get("py").id == container.id
    code, output = container.exec_run(["echo", "from exec"])
    assert (code, output) == (0, b"from exec\n")
    wait_until(lambda: container.logs() == b"hello\n", timeout=2)
    elsewhere = docker.DockerClient(base_url=third.api.host, version="auto")
    with pytest.raises(docker.errors.APIError, match="already in use"):
        elsewhere.containers.create("busybox", name="py")
    elsewhere.containers.get("py").remove(force=True)
    with pytest.raises(docker.errors.NotFound):
        container.reload()
    assert {node.attrs["Description"]["Hostname"] for node in client.nodes.list()} == {
        each.name for each in cluster
    }
