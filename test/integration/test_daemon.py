"""droverd as a program: flags, files, sockets, signals."""

import grp
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness.containers import create_exec, run, start_exec
from harness.droverd import BINARY, free_port
from harness.endpoint import SYSTEM_PATH, Endpoint
from harness.engine import REPOSITORY, wait_until
from harness.http1 import Connection, read_frames
from harness.tls import client_context


def droverd_ends(*args, env=None):
    """A droverd that is expected to end by itself."""
    return subprocess.run(
        [BINARY, *map(str, args)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        env={"PATH": SYSTEM_PATH, **(env or {})},
    )


@pytest.fixture
def config_file(tmp_path):
    def write(text):
        path = tmp_path / "droverd.yml"
        path.write_text(text)
        return path

    return write


# --- configuration ------------------------------------------------------------------------------


def test_help_names_every_documented_setting():
    documented = re.findall(
        r"^\| `(\w+)` \|", (REPOSITORY / "docs/configuration.md").read_text(), re.M
    )
    done = droverd_ends("--help")
    assert done.returncode == 0 and done.stderr == ""
    assert len(documented) > 10
    assert [key for key in documented if f"--{key.replace('_', '-')} " not in done.stdout] == []


def test_version_prints_one_line():
    done = droverd_ends("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"droverd \d+\.\d+\.\d+\S*\n", done.stdout)


def test_check_config_accepts_the_shipped_file():
    done = droverd_ends("--check-config", "--config", REPOSITORY / "contrib/droverd.yml")
    assert done.returncode == 0, done.stderr


def test_every_shipped_key_is_accepted_with_its_default(config_file):
    shipped = (REPOSITORY / "contrib/droverd.yml").read_text()
    settings = re.sub(r"^#(\w+:|  - )", r"\1", shipped, flags=re.M)
    assert "\nlog_level: info\n" in settings
    done = droverd_ends("--check-config", "--config", config_file(settings))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("log_level: loud\n", [":1: log_level", "loud", "trace, debug, info, warn, error"]),
        ("\nlog_levle: info\n", [":2:", "log_levle", "log_level"]),
        ("engine: /run/docker.sock\n", [":1: engine", "unix:///"]),
        ("engine: tcp://127.0.0.1:2375\n", [":1: engine", "unix:///"]),
        ("listen: http://127.0.0.1:80\n", [":1: listen", "tcp://"]),
        ("listen:\n  - unix:///run/x.sock\n  - tcp://127.0.0.1:99999\n", ["listen", "99999"]),
        ("listen: tcp://127.0.0.1:2376\ntls_cert: /c\n", ["listen", "tls_cert", "tls_key"]),
        ("listen: plain-tcp://0.0.0.0:2375\n", ["listen", "127.0.0.1"]),
        ("listen: plain-tcp://10.0.0.1:2375\n", ["listen", "127.0.0.1"]),
        ("listen: unix:///run/x.sock?colour=red\n", ["listen", "colour"]),
        ("listen: []\n", ["listen"]),
        ("max_connections: many\n", [":1: max_connections", "1 to 1000000"]),
        ("max_connections: 0\n", [":1: max_connections", "1 to 1000000"]),
        ("max_connections: [1, 2]\n", [":1: max_connections", "not a list"]),
        ("max_connections:\n  a: b\n", ["max_connections"]),
        ("head_timeout: 5\n", [":1: head_timeout", "500ms, 30s or 5m"]),
        ("head_timeout: -1s\n", [":1: head_timeout"]),
        ("grace_time: 9000h\n", [":1: grace_time"]),
        ("max_head_bytes: 10TiB\n", [":1: max_head_bytes", "64KiB"]),
        ("socket_mode: rw\n", [":1: socket_mode", "0660"]),
        ("socket_mode: '0999'\n", [":1: socket_mode"]),
        ("name: a b\n", [":1: name"]),
        ("metrics_listen: nowhere\n", [":1: metrics_listen", "ADDR:PORT"]),
        ("log_level: info\nlog_level: debug\n", ["log_level", ":2"]),
        ("log_level: [info\n", ["droverd.yml"]),
        ("\tlog_level: info\n", ["droverd.yml"]),
        ("- log_level\n", ["droverd.yml"]),
        ("log_level: \xff\xfe\n", ["droverd.yml"]),
    ],
)  # fmt: skip
def test_check_config_names_file_line_key_and_what_is_allowed(config_file, text, wanted):
    path = config_file(text)
    done = droverd_ends("--check-config", "--config", path)
    assert done.returncode != 0
    for piece in [str(path) if ":1:" in wanted[0] else "", *wanted]:
        assert piece in done.stderr
    assert done.stdout == ""


def test_check_config_tells_everything_at_once(config_file):
    done = droverd_ends(
        "--check-config", "--config", config_file("log_level: x\nlog_format: y\nnosuch: z\n")
    )
    assert all(f":{line}: " in done.stderr for line in (1, 2, 3))


@pytest.mark.parametrize(
    ("args", "wanted"),
    [
        (["--log-level", "loud"], ["--log-level", "loud", "debug"]),
        (["--log-levle", "info"], ["--log-levle", "--log-level"]),
        (["--listen", "tcp://127.0.0.1:2376", "--tls-key", "/k"], ["--listen", "tls_cert"]),
        (["--listen", "plain-tcp://192.0.2.1:1"], ["--listen", "127.0.0.1 or [::1]"]),
        (["--config", "/nosuch.yml"], ["/nosuch.yml"]),
        (["--engine", "nonsense"], ["--engine", "unix:///"]),
        (["--max-connections"], ["--max-connections"]),
        (["word"], ["word"]),
    ],
)  # fmt: skip
def test_wrong_flags_are_named_and_nothing_starts(args, wanted):
    done = droverd_ends(*args)
    assert done.returncode != 0
    assert all(piece in done.stderr for piece in wanted)
    assert len(done.stderr.splitlines()) <= 3


def test_a_flag_wins_over_the_file(config_file):
    path = config_file("log_level: loud\n")
    assert droverd_ends("--check-config", "--config", path).returncode != 0
    path = config_file("log_level: error\n")
    assert droverd_ends("--check-config", "--config", path, "--log-level", "debug").returncode == 0


def test_tcp_without_certificates_serves_nobody_until_there_is_a_cluster(start_droverd):
    port = free_port()
    daemon = start_droverd("--listen", f"tcp://127.0.0.1:{port}")
    assert all(word in daemon.log() for word in ("tls_ca", "tls_cert", "tls_key", "cluster"))
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        assert client.recv(1) == b""


@pytest.mark.parametrize("broken", ["missing", "no pem", "another key"])
def test_unusable_certificates_are_refused_at_the_start(tmp_path, certs, broken):
    ca, cert, key = (tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem"))
    shutil.copy(certs / "ours/ca.pem", ca)
    shutil.copy(certs / "ours/server-cert.pem", cert)
    shutil.copy(certs / "ours/server-key.pem", key)
    if broken == "missing":
        key.unlink()
    elif broken == "no pem":
        key.write_text("no key at all")
    else:
        shutil.copy(certs / "stranger/key.pem", key)
    done = droverd_ends("--listen", f"tcp://127.0.0.1:{free_port()}", "--state-dir", tmp_path / "state",
                        "--tls-ca", ca, "--tls-cert", cert, "--tls-key", key)  # fmt: skip
    assert done.returncode != 0
    assert str(key) in done.stderr or str(cert) in done.stderr


def test_a_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = droverd_ends("--listen", f"plain-tcp://127.0.0.1:{port}", "--state-dir", tmp_path)
    assert done.returncode != 0
    assert str(port) in done.stderr and "in use" in done.stderr


# --- listeners ----------------------------------------------------------------------------------


def test_plain_tcp_serves_on_loopback_when_asked_for(start_droverd, config_dir):
    port = free_port()
    start_droverd("--listen", f"plain-tcp://127.0.0.1:{port}")
    assert Endpoint(f"tcp://127.0.0.1:{port}", config_dir).docker(
        "version", "-f", "{{.Server.APIVersion}}"
    )


def test_all_listeners_serve_at_once(start_droverd, config_dir, workdir):
    port = free_port()
    daemon = start_droverd(
        "--listen",
        f"plain-tcp://[::1]:{port}",
        "--listen",
        f"unix://{workdir}/second.sock",
        tls=True,
    )
    second = Endpoint(f"unix://{workdir}/second.sock", config_dir)
    with socket.create_connection(("::1", port)) as sock:
        assert Connection(sock).call("GET", "/_ping").status == 200
    for endpoint in (daemon.endpoint(config_dir), daemon.tls_endpoint(config_dir), second):
        assert endpoint.get("/_ping").status == 200


def owner_and_mode(path):
    status = os.stat(path)
    return status.st_uid, grp.getgrgid(status.st_gid).gr_name, status.st_mode & 0o777


def test_the_socket_has_the_configured_owner_group_and_mode(start_droverd, workdir):
    by_url = f"unix://{workdir}/own.sock?mode=0606&owner=daemon&group=games"
    daemon = start_droverd(
        "--listen",
        by_url,
        "--socket-owner",
        "nobody",
        "--socket-group",
        "users",
        "--socket-mode",
        "0640",
    )
    assert owner_and_mode(workdir / "own.sock") == (1, "games", 0o606)
    assert owner_and_mode(daemon.socket) == (65534, "users", 0o640)


def test_the_socket_is_for_root_and_docker_by_default(start_droverd):
    daemon = start_droverd()
    assert owner_and_mode(daemon.socket) == (0, "docker", 0o660)


def test_who_may_not_open_the_socket_is_kept_out(start_droverd, config_dir):
    daemon = start_droverd("--socket-mode", "0600")
    os.chmod(daemon.directory, 0o755)
    done = subprocess.run(
        [
            "setpriv",
            "--reuid=65534",
            "--clear-groups",
            "curl",
            "-sS",
            "--unix-socket",
            daemon.socket,
            "http://d/_ping",
        ],
        capture_output=True,
    )
    assert done.returncode != 0


def test_a_socket_left_by_a_killed_droverd_is_taken_over(start_droverd, config_dir):
    daemon = start_droverd()
    daemon.kill()
    assert daemon.socket.exists()
    daemon.start()
    assert daemon.endpoint(config_dir).get("/_ping").status == 200


def test_the_socket_of_a_running_droverd_is_not_taken_over(start_droverd, config_dir, tmp_path):
    daemon = start_droverd()
    done = droverd_ends("--listen", f"unix://{daemon.socket}", "--state-dir", tmp_path)
    assert done.returncode != 0 and str(daemon.socket) in done.stderr
    assert daemon.endpoint(config_dir).get("/_ping").status == 200


def test_systemd_socket_activation(engine, config_dir, workdir):
    """systemd-socket-activate opens the socket and becomes droverd at the first connection."""
    path = workdir / "activated.sock"
    with open(workdir / "activated.log", "wb") as log:
        process = subprocess.Popen(
            ["systemd-socket-activate", "-l", path, BINARY, "--listen", "fd://", "--engine", f"unix://{engine.socket}",
             "--state-dir", workdir / "activated"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_until(path.exists, what="the socket")
        endpoint = Endpoint(f"unix://{path}", config_dir)
        assert endpoint.docker("version", "-f", "{{.Server.APIVersion}}")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert path.exists(), "the socket is systemd's, not ours to remove"
    finally:
        process.kill()
        process.wait()


def test_fd_listener_without_systemd_is_refused(tmp_path):
    done = droverd_ends("--listen", "fd://", "--state-dir", tmp_path)
    assert done.returncode != 0 and "systemd" in done.stderr


def test_the_state_directory_is_made_for_root_only(start_droverd):
    state = start_droverd().directory / "state"
    assert state.is_dir() and state.stat().st_mode & 0o777 == 0o700


def test_connections_beyond_the_limit_are_refused(start_droverd, config_dir):
    daemon = start_droverd("--max-connections", "5")
    time.sleep(0.3)  # so that the connection which found droverd listening is gone
    endpoint = daemon.endpoint(config_dir)
    connections = [endpoint.connect() for _ in range(5)]
    assert all(connection.call("GET", "/_ping").status == 200 for connection in connections)
    with endpoint.connect() as sixth:
        answer = sixth.read_response()
        assert answer.status == 503 and "max_connections" in answer.message
    connections.pop().close()
    wait_until(lambda: endpoint.get("/_ping").status == 200, what="room for another")
    assert all(connection.call("GET", "/_ping").status == 200 for connection in connections)
    for connection in connections:
        connection.close()


def test_idle_connections_are_closed_after_the_idle_timeout(start_droverd, config_dir):
    daemon = start_droverd("--idle-timeout", "1s")
    with daemon.endpoint(config_dir).connect(timeout=5) as connection:
        assert connection.call("GET", "/_ping").status == 200
        began = time.monotonic()
        assert connection.recv() == b""
        assert 0.5 < time.monotonic() - began < 4


def test_streams_have_no_time_limit(start_droverd, config_dir, direct):
    daemon = start_droverd("--idle-timeout", "1s", "--head-timeout", "100ms")
    with daemon.endpoint(config_dir).connect(timeout=5) as connection:
        connection.request("GET", '/events?filters={"type":["volume"]}')
        assert connection.read_head().status == 200
        time.sleep(2)
        direct.post("/volumes/create", {"Name": "late"})
        assert b"late" in connection.read_chunk()


# --- SIGHUP -------------------------------------------------------------------------------------


def reload(daemon):
    start = daemon.log_path.stat().st_size
    daemon.signal(signal.SIGHUP)
    wait_until(
        lambda: any("reloaded" in record["message"] for record in daemon.log_records(start)),
        what="the reload",
    )
    return daemon.log_records(start)


def test_sighup_takes_over_what_can_be_reloaded_and_says_what_cannot(
    start_droverd, config_file, config_dir
):
    daemon = start_droverd("--config", config_file("log_level: warn\nmax_connections: 100\n"))
    daemon.endpoint(config_dir).get("/_ping")
    config_file(f"log_level: info\nmax_connections: 100\nmetrics_listen: 127.0.0.1:{free_port()}\n")
    records = reload(daemon)
    assert any("log_level" in str(record) for record in records)
    assert any(
        "metrics_listen" in str(record) and "restart" in record["message"] for record in records
    )
    daemon.endpoint(config_dir).get("/containers/json")
    wait_until(lambda: any(record["message"] == "request" for record in daemon.log_records()))
    assert sum(record["message"] == "request" for record in daemon.log_records()) == 1


def test_sighup_with_a_wrong_file_keeps_the_old_settings(start_droverd, config_file, config_dir):
    daemon = start_droverd("--config", config_file("max_connections: 50\n"))
    path = config_file("max_connections: 0\n")
    records = reload(daemon)
    assert any(f"{path}:1" in str(record) for record in records)
    assert daemon.endpoint(config_dir).get("/_ping").status == 200


def test_sighup_leaves_streams_alone(start_droverd, config_dir, sleeper):
    daemon = start_droverd()
    endpoint = daemon.endpoint(config_dir)
    with endpoint.connect() as connection:
        start_exec(connection, create_exec(endpoint, sleeper, "cat"))
        reload(daemon)
        connection.send(b"still here")
        connection.close_write()
        assert read_frames(connection)[1] == b"still here"


def test_sighup_takes_a_renewed_certificate(start_droverd, config_dir, certs, tmp_path):
    names = {"tls-ca": "ca.pem", "tls-cert": "server-cert.pem", "tls-key": "server-key.pem"}
    for name in names.values():
        shutil.copy(certs / "ours" / name, tmp_path / name)
    port = free_port()
    flags = [word for flag, name in names.items() for word in (f"--{flag}", tmp_path / name)]
    daemon = start_droverd("--listen", f"tcp://127.0.0.1:{port}", *flags)

    def serial():
        sock = socket.create_connection(("127.0.0.1", port))
        with client_context(certs / "ours").wrap_socket(
            sock, server_hostname="localhost"
        ) as stream:
            return stream.getpeercert()["serialNumber"]

    before = serial()
    shutil.copytree(certs / "ours", tmp_path / "renewed")
    (tmp_path / "renewed/server-cert.pem").unlink()
    subprocess.run(
        [REPOSITORY / "contrib/make-certs", tmp_path / "renewed", "localhost"],
        check=True,
        capture_output=True,
    )
    for name in names.values():
        shutil.copy(tmp_path / "renewed" / name, tmp_path / name)
    reload(daemon)
    assert serial() != before


# --- the end ------------------------------------------------------------------------------------


def test_sigterm_ends_an_idle_droverd_at_once(start_droverd, config_dir):
    daemon = start_droverd("--grace-time", "30s", tls=True)
    idle = [daemon.endpoint(config_dir).connect(), daemon.tls_endpoint(config_dir).connect()]
    assert idle[0].call("GET", "/_ping").status == 200
    began = time.monotonic()
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(10) == 0
    assert time.monotonic() - began < 3
    assert not daemon.socket.exists()
    assert idle[0].recv() == b""


def test_a_stream_gets_its_grace_time(start_droverd, config_dir, direct):
    """After SIGTERM a running stream goes on to its own end, and nobody new gets in."""
    daemon = start_droverd("--grace-time", "20s")
    endpoint = daemon.endpoint(config_dir)
    run(direct, "subject", "sh", "-c", "for i in 1 2 3 4; do echo line $i; sleep 0.5; done")
    with endpoint.connect() as connection:
        connection.request("GET", "/containers/subject/logs?follow=1&stdout=1")
        assert connection.read_head().status == 200
        lines = connection.read_chunk()
        daemon.signal(signal.SIGTERM)
        wait_until(lambda: cannot_connect(endpoint), what="the listener's end")
        while chunk := connection.read_chunk():
            lines += chunk
    assert lines.count(b"line") == 4
    assert daemon.wait(10) == 0


def cannot_connect(endpoint):
    try:
        endpoint.raw_socket().close()
        return False
    except OSError:
        return True


def test_a_stream_that_outlasts_the_grace_time_is_ended(start_droverd, config_dir, sleeper):
    daemon = start_droverd("--grace-time", "1s")
    with daemon.endpoint(config_dir).connect(timeout=10) as connection:
        connection.request("GET", f"/containers/{sleeper}/logs?follow=1&stdout=1")
        assert connection.read_head().status == 200
        began = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.wait(10) == 0
        assert 0.8 < time.monotonic() - began < 5
        assert connection.recv() == b""


def test_a_second_signal_ends_at_once(start_droverd, config_dir, sleeper):
    daemon = start_droverd("--grace-time", "1h")
    with daemon.endpoint(config_dir).connect() as connection:
        connection.request("GET", f"/containers/{sleeper}/logs?follow=1&stdout=1")
        assert connection.read_head().status == 200
        daemon.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert daemon.process.poll() is None
        began = time.monotonic()
        daemon.signal(signal.SIGTERM)
        daemon.wait(5)
        assert time.monotonic() - began < 2


def test_a_request_under_way_is_finished(start_droverd, config_dir, direct):
    daemon = start_droverd("--grace-time", "20s")
    run(direct, "subject", "sh", "-c", "sleep 1; exit 8")
    with daemon.endpoint(config_dir).connect() as connection:
        connection.request("POST", "/v1.29/containers/subject/wait", b"")
        time.sleep(0.2)
        daemon.signal(signal.SIGTERM)
        assert connection.read_response().json()["StatusCode"] == 8
    assert daemon.wait(10) == 0
