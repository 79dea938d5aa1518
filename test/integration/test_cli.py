"""The docker CLI of Debian through droverd: what people type works, byte for byte as without us."""

import os
import re
import signal
import subprocess
import tarfile
import time

import pytest

from harness.comparing import same
from harness.engine import wait_until
from harness.terminal import Terminal

BIG = os.urandom(1 << 20) * 5


# --- run ----------------------------------------------------------------------------------------


@pytest.mark.asan
def test_run_prints_output_and_error_apart(client):
    done = client.cli("run", "--rm", "busybox", "sh", "-c", "echo out; echo err >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"out\n", b"err\n")


def test_run_ends_with_the_containers_exit_code(client):
    assert client.cli("run", "--rm", "busybox", "sh", "-c", "exit 42").returncode == 42


def test_run_rm_removes_the_container(client, direct):
    client.docker("run", "--rm", "--name", "gone", "busybox", "true")
    wait_until(lambda: direct.get("/containers/gone/json").status == 404)


@pytest.mark.asan
def test_run_i_passes_all_of_standard_input_and_its_end(client):
    done = client.cli("run", "--rm", "-i", "busybox", "cat", input=BIG)
    assert len(done.stdout) == len(BIG)
    assert done.stdout == BIG


@pytest.mark.asan
def test_run_it_is_an_interactive_terminal(client):
    with Terminal(client, "run", "--rm", "-it", "busybox", "sh") as terminal:
        terminal.expect(b"# ")
        terminal.type(b"echo $((40+2)); tty\r")
        terminal.expect(b"42\r\n")
        terminal.expect(b"/dev/pts/0")
        terminal.type(b"exit 3\r")
        assert terminal.wait() == 3


def test_a_terminals_size_and_its_change_reach_the_container(client):
    with Terminal(client, "run", "--rm", "-it", "busybox", "sh", rows=31, columns=97) as terminal:
        terminal.expect(b"# ")
        # The CLI sends the first size after the start, so the shell may be a little ahead of it.
        terminal.type(b"until stty size | grep 31.97; do sleep 0.1; done\r")
        terminal.expect(b"\n31 97")
        time.sleep(0.5)  # the CLI listens for changes a little after it has sent the first size
        terminal.resize(41, 101)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.type(b"until stty size | grep 41.101; do sleep 0.1; done\r")
        terminal.expect(b"\n41 101")


def test_a_signal_to_the_cli_reaches_the_container(client, direct):
    script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done"
    process = client.popen(
        "run", "--name", "signalled", "busybox", "sh", "-c", script, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.read() == b"caught\n"
    assert process.wait(15) == 9


def test_run_with_a_cidfile_names_the_container(client, direct, tmp_path):
    client.docker(
        "run", "-d", "--name", "named", "--cidfile", str(tmp_path / "cid"), "busybox", "sleep", "60"
    )
    assert (tmp_path / "cid").read_text() == direct.get("/containers/named/json").json()["Id"]


# --- attach -------------------------------------------------------------------------------------


@pytest.mark.asan
def test_attach_and_detach_keys_leave_the_container_running(client, direct):
    client.docker("run", "-dit", "--name", "shell", "busybox", "sh")
    with Terminal(client, "attach", "shell") as terminal:
        terminal.type(b"echo $((20+3))\r")
        terminal.expect(b"23\r\n")
        terminal.type(b"\x10\x11")
        terminal.expect(b"read escape sequence")
        terminal.wait()
    assert direct.get("/containers/shell/json").json()["State"]["Running"]


def test_own_detach_keys_are_honoured(client):
    client.docker("run", "-dit", "--name", "shell", "busybox", "sh")
    with Terminal(client, "attach", "--detach-keys", "ctrl-a,d", "shell") as terminal:
        terminal.type(b"\r")
        terminal.expect(b"# ")
        terminal.type(b"\x01d")
        terminal.expect(b"read escape sequence")
        terminal.wait()


def test_attach_ends_with_the_containers_exit_code(client):
    client.docker(
        "run", "-di", "--name", "reader", "busybox", "sh", "-c", "read line; echo got $line; exit 5"
    )
    with client.popen("attach", "reader", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"word\n")
        process.stdin.flush()
        assert process.stdout.read() == b"got word\n"
        assert process.wait(10) == 5


def test_start_ai_attaches(client):
    client.docker("create", "-i", "--name", "cat", "busybox", "cat")
    assert client.docker("start", "-ai", "cat", input=b"through start") == "through start"


# --- exec ---------------------------------------------------------------------------------------


@pytest.mark.asan
def test_exec_i_half_closes_and_still_gets_the_answer(client, sleeper):
    assert client.cli("exec", "-i", sleeper, "cat", input=b"abc").stdout == b"abc"


@pytest.mark.asan
def test_exec_i_answers_that_come_after_the_end_of_input_arrive(client, sleeper):
    done = client.cli(
        "exec", "-i", sleeper, "sh", "-c", "n=$(wc -c); sleep 0.3; echo $n bytes", input=BIG
    )
    assert done.stdout == b"%d bytes\n" % len(BIG)


@pytest.mark.asan
def test_exec_i_passes_every_byte_both_ways(client, sleeper):
    done = client.cli("exec", "-i", sleeper, "cat", input=BIG)
    assert len(done.stdout) == len(BIG)
    assert done.stdout == BIG


def test_exec_keeps_output_and_error_apart(client, sleeper):
    done = client.cli("exec", sleeper, "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


@pytest.mark.parametrize("command", [["sh", "-c", "exit 3"], ["/etc/passwd"], ["nosuch"], ["true"]])
def test_exec_exit_codes_and_texts_are_the_engines(client, direct, sleeper, command):
    same(direct, client, "exec", sleeper, *command)


def test_exec_it_is_an_interactive_terminal(client, sleeper):
    with Terminal(client, "exec", "-it", sleeper, "sh") as terminal:
        terminal.expect(b"# ")
        terminal.type(b"echo $((6*7))\r")
        terminal.expect(b"42\r\n")
        terminal.expect(b"# ")
        terminal.type(b"\x04")
        assert terminal.wait() == 0


def test_exec_options_reach_the_engine(client, sleeper):
    script = "echo $GREETING $PWD $(id -u)"
    done = client.docker(
        "exec", "-e", "GREETING=hi", "-w", "/tmp", "-u", "1", sleeper, "sh", "-c", script
    )
    assert done == "hi /tmp 1"


def test_exec_d_returns_before_the_command_ends(client, direct, sleeper):
    client.docker("exec", "-d", sleeper, "sh", "-c", "sleep 0.5; touch /tmp/detached")
    assert direct.cli("exec", sleeper, "test", "-e", "/tmp/detached").returncode == 1
    wait_until(lambda: direct.cli("exec", sleeper, "rm", "/tmp/detached").returncode == 0)


# --- cp -----------------------------------------------------------------------------------------


@pytest.mark.asan
def test_cp_in_and_out_keeps_every_byte(client, sleeper, tmp_path):
    (tmp_path / "in").write_bytes(BIG)
    client.docker("cp", str(tmp_path / "in"), f"{sleeper}:/tmp/copied")
    client.docker("cp", f"{sleeper}:/tmp/copied", str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == BIG


def test_cp_copies_trees_with_modes_and_links(client, sleeper, tmp_path):
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub/script").write_text("echo ran")
    (tree / "sub/script").chmod(0o751)
    (tree / "link").symlink_to("sub/script")
    client.docker("cp", str(tree), f"{sleeper}:/tmp")
    assert client.docker("exec", sleeper, "sh", "/tmp/tree/link") == "ran"
    client.docker("cp", f"{sleeper}:/tmp/tree", str(tmp_path / "back"))
    assert (tmp_path / "back/sub/script").stat().st_mode & 0o777 == 0o751
    assert os.readlink(tmp_path / "back/link") == "sub/script"


def test_cp_to_standard_output_is_a_tar(client, sleeper, tmp_path):
    done = client.cli("cp", f"{sleeper}:/etc/passwd", "-")
    (tmp_path / "tar").write_bytes(done.stdout)
    with tarfile.open(tmp_path / "tar") as tar:
        assert tar.getnames() == ["passwd"]


# --- logs, events, stats --------------------------------------------------------------------------


def test_logs_are_the_engines(client, direct):
    script = "for i in 1 2 3 4; do echo line $i; echo bad $i >&2; done"
    direct.docker("run", "--name", "talker", "busybox", "sh", "-c", script)
    assert same(direct, client, "logs", "talker").stdout == b"line 1\nline 2\nline 3\nline 4\n"
    same(direct, client, "logs", "-t", "--tail", "3", "talker")
    same(direct, client, "logs", "--since", "1h", "--details", "talker")


@pytest.mark.asan
def test_logs_f_shows_lines_as_they_are_written_and_ends_with_the_container(client):
    script = "echo first; sleep 0.7; echo second; sleep 0.7; echo third"
    client.docker("run", "-d", "--name", "talker", "busybox", "sh", "-c", script)
    process = client.popen("logs", "-f", "talker", stdout=subprocess.PIPE)
    arrivals = []
    for line in process.stdout:
        arrivals.append((line, time.monotonic()))
    assert [line for line, _ in arrivals] == [b"first\n", b"second\n", b"third\n"]
    assert arrivals[2][1] - arrivals[1][1] > 0.3, "lines came in one lump"
    assert process.wait(10) == 0


def test_events_between_since_and_until_are_the_engines(client, direct):
    start = time.time()
    direct.docker("run", "--name", "eventful", "busybox", "true")
    direct.docker("rm", "eventful")
    span = ["--since", f"{start:.6f}", "--until", f"{time.time():.6f}"]
    events = same(direct, client, "events", *span).stdout
    assert b"container create" in events and b"container destroy" in events
    same(direct, client, "events", *span, "--filter", "event=die", "--format", "{{json .}}")


@pytest.mark.asan
def test_events_arrive_live(client):
    with client.popen("events", "--filter", "type=volume", stdout=subprocess.PIPE) as process:
        try:
            time.sleep(0.3)
            began = time.monotonic()
            client.docker("volume", "create", "eventful")
            assert b"volume create eventful" in process.stdout.readline()
            assert time.monotonic() - began < 2
        finally:
            process.kill()


def test_stats_no_stream_shows_one_row_for_each_container(client, sleeper):
    rows = client.docker("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}").splitlines()
    assert len(rows) == 1 and re.fullmatch(rf"{sleeper} [2-9]", rows[0])


def test_stats_go_on_until_interrupted(client, sleeper):
    with client.popen(
        "stats", "--format", "{{.Name}} {{.MemPerc}}", stdout=subprocess.PIPE
    ) as process:
        samples = [process.stdout.readline() for _ in range(4)]
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert sum(sleeper.encode() in line for line in samples) >= 2


# --- images -------------------------------------------------------------------------------------


def test_save_is_byte_equal_and_load_takes_it_back(client, direct):
    direct.docker("build", "-q", "-t", "saved", "-", input=b"FROM busybox\nLABEL a=b\n")
    archive = same(direct, client, "save", "saved").stdout
    direct.docker("rmi", "saved")
    assert client.docker("load", input=archive) == "Loaded image: saved:latest"
    assert direct.docker("inspect", "-f", "{{.Config.Labels.a}}", "saved") == "b"


def test_export_is_byte_equal_and_import_makes_an_image_of_it(client, direct):
    direct.docker("run", "--name", "exported", "busybox", "sh", "-c", "echo kept >/kept")
    archive = same(direct, client, "export", "exported").stdout
    client.docker("import", "-c", 'CMD ["cat", "/kept"]', "-", "imported", input=archive)
    assert client.docker("run", "--rm", "imported") == "kept"


def test_push_and_pull_through_a_registry(client, direct):
    image = "127.0.0.1:5000/itest/pushed"
    direct.docker("build", "-q", "-t", image, "-", input=b"FROM busybox\nRUN echo pushed >/mark\n")
    wanted = direct.docker("inspect", "-f", "{{.Id}}", image)
    assert "digest: sha256:" in client.docker("push", image)
    direct.docker("rmi", image)
    assert f"Downloaded newer image for {image}:latest" in client.docker("pull", image)
    assert direct.docker("inspect", "-f", "{{.Id}}", image) == wanted


def test_run_pulls_what_is_missing(client, direct):
    image = "127.0.0.1:5000/itest/missing"
    direct.docker("tag", "busybox", image)
    direct.docker("push", image)
    direct.docker("rmi", image)
    done = client.cli("run", "--rm", image, "echo", "pulled")
    assert (done.returncode, done.stdout) == (0, b"pulled\n")
    assert f"Unable to find image '{image}:latest' locally".encode() in done.stderr


def test_commit_and_tag_and_rmi(client, direct):
    direct.docker("run", "--name", "changed", "busybox", "sh", "-c", "echo new >/new")
    client.docker("commit", "-m", "a change", "-c", 'CMD ["cat", "/new"]', "changed", "committed")
    client.docker("tag", "committed", "tagged")
    assert client.docker("run", "--rm", "tagged") == "new"
    assert "Untagged: tagged:latest" in client.docker("rmi", "tagged")
    assert direct.get("/images/tagged/json").status == 404


# --- containers ---------------------------------------------------------------------------------


def test_wait_prints_the_exit_code_of_a_container_that_ends_later(client):
    client.docker("run", "-d", "--name", "ending", "busybox", "sh", "-c", "sleep 0.5; exit 17")
    assert client.docker("wait", "ending") == "17"
    assert client.docker("wait", "ending") == "17"


def test_kill_sends_the_named_signal(client):
    script = "trap 'exit 21' USR1; echo ready; while :; do sleep 0.1; done"
    client.docker("run", "-d", "--name", "killed", "busybox", "sh", "-c", script)
    wait_until(lambda: client.docker("logs", "killed") == "ready")
    client.docker("kill", "-s", "USR1", "killed")
    assert client.docker("wait", "killed") == "21"


def state(direct, name):
    return direct.get(f"/containers/{name}/json").json()["State"]["Status"]


def test_stop_start_restart_pause_and_unpause(client, direct):
    client.docker("run", "-d", "--init", "--name", "subject", "busybox", "sleep", "1d")
    for command, wanted in [
        ("pause", "paused"),
        ("unpause", "running"),
        ("stop", "exited"),
        ("start", "running"),
        ("restart", "running"),
    ]:
        assert client.docker(command, "subject") == "subject"
        assert state(direct, "subject") == wanted


def test_rename_update_and_inspect(client, direct):
    direct.docker("run", "-d", "--name", "before", "busybox", "sleep", "1d")
    client.docker("rename", "before", "after")
    client.docker(
        "update", "--memory", "64m", "--memory-swap", "64m", "--restart", "on-failure:3", "after"
    )
    inspected = same(direct, client, "inspect", "after").stdout
    assert b'"Memory": 67108864' in inspected and b'"MaximumRetryCount": 3' in inspected


def test_reading_commands_print_what_the_engine_prints(client, direct):
    direct.docker("volume", "create", "data")
    direct.docker("network", "create", "net")
    direct.docker("run", "-d", "--name", "subject", "-p", "127.0.0.1:8080:80/tcp", "-v", "data:/data",
                  "--network", "net", "busybox", "sh", "-c", "touch /made; sleep 1d")  # fmt: skip
    wait_until(lambda: b"/made" in direct.cli("diff", "subject").stdout)
    assert same(direct, client, "port", "subject").stdout == b"80/tcp -> 127.0.0.1:8080\n"
    assert sorted(client.docker("diff", "subject").splitlines()) == ["A /data", "A /made"]
    same(direct, client, "top", "subject", "-o", "pid,args")
    same(direct, client, "history", "busybox")
    same(direct, client, "images", "-a", "--digests")
    same(direct, client, "volume", "ls")
    same(direct, client, "volume", "inspect", "data")
    same(direct, client, "network", "ls", "--no-trunc")
    same(direct, client, "network", "inspect", "net", "bridge")
    same(
        direct,
        client,
        "ps",
        "-a",
        "--no-trunc",
        "--format",
        "{{.ID}} {{.Names}} {{.Ports}} {{.Mounts}}",
    )
    same(direct, client, "system", "df")
    same(direct, client, "version")
    same(direct, client, "info", blur=rb"Runtimes: .*")  # their order is random


def test_networks_connect_containers(client):
    client.docker("network", "create", "--subnet", "172.31.77.0/24", "net")
    client.docker("run", "-d", "--name", "server", "--network", "net", "busybox", "sleep", "1d")
    client.docker("run", "-d", "--name", "guest", "busybox", "sleep", "1d")
    client.docker("network", "connect", "--alias", "friend", "net", "guest")
    assert "(172.31.77.2)" in client.docker("exec", "guest", "ping", "-c1", "server")
    client.docker("network", "disconnect", "net", "guest")
    assert client.cli("exec", "guest", "ping", "-c1", "-W1", "172.31.77.2").returncode != 0


def test_volumes_keep_data(client):
    client.docker("volume", "create", "--label", "use=test", "data")
    client.docker("run", "--rm", "-v", "data:/data", "busybox", "sh", "-c", "echo kept >/data/file")
    assert (
        client.docker("run", "--rm", "-v", "data:/data", "busybox", "cat", "/data/file") == "kept"
    )
    assert client.docker("volume", "ls", "-q", "--filter", "label=use=test") == "data"
    client.docker("volume", "rm", "data")


def test_prune_removes_what_is_unused(client, direct, sleeper):
    direct.docker("volume", "create", "unused")
    direct.docker("network", "create", "unused")
    direct.docker("create", "--name", "unused", "busybox")
    assert "unused" in client.docker("volume", "prune", "-f")
    assert "unused" in client.docker("network", "prune", "-f")
    assert re.search(r"Deleted Containers:\n[0-9a-f]{64}", client.docker("system", "prune", "-f"))
    assert direct.docker("ps", "-a", "--format", "{{.Names}}") == sleeper
