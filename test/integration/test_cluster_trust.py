"""Whom a cluster trusts: clients with certificates of its own, on real engines with the docker CLI."""

import os
import shutil
import stat
import subprocess
import time

import pytest

from harness.cluster import await_agreement, form, run_on
from harness.droverd import BINARY
from harness.engine import REPOSITORY, wait_until

PORT = 2376


def client_cert(node, directory, *args):
    """`droverd client-cert` on a node; its outcome."""
    return subprocess.run(
        [BINARY, "client-cert", "--host", f"unix://{node.socket}", "--out", directory, *args],
        capture_output=True,
        text=True,
        timeout=60,
    )


def docker(node, directory, *args, address=None):
    """The docker CLI, from the first host of the lab, by way of a node's TCP listener."""
    env = {
        "PATH": os.environ["PATH"],
        "DOCKER_CONFIG": str(directory / "none"),
        "DOCKER_CERT_PATH": str(directory),
    }
    return subprocess.run(
        [*node.host.inside("net"), "docker", "--tlsverify",
         "-H", f"tcp://{address or node.host.address}:{PORT}", *args],
        capture_output=True, text=True, timeout=60, env=env,
    )  # fmt: skip


def works(node, directory):
    return docker(node, directory, "version", "--format", "{{.Server.Version}}").returncode == 0


@pytest.fixture
def served(start_node):
    """Three nodes with a TCP listener and no TLS files at all."""
    nodes = [start_node(number, "--listen", f"tcp://0.0.0.0:{PORT}") for number in (1, 2, 3)]
    form(nodes)
    return nodes


def test_a_client_certificate_opens_every_node_to_the_docker_cli(served, tmp_path):
    one, two, third = served
    done = client_cert(one, tmp_path / "certs", "--name", "anna")
    assert done.returncode == 0, done.stderr
    assert f"DOCKER_CERT_PATH={tmp_path / 'certs'}" in done.stdout
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "certs").iterdir()}
    assert modes == {"ca.pem": 0o644, "cert.pem": 0o644, "key.pem": 0o600}

    run_on(one, third, "far")
    for each in served:
        listed = docker(each, tmp_path / "certs", "ps", "--format", "{{.Names}}")
        assert listed.stdout == "far\n", listed.stderr
    echoed = docker(two, tmp_path / "certs", "exec", "far", "echo", "hello")
    assert echoed.stdout == "hello\n", echoed.stderr
    # The node's name is in its certificate, too.
    shown = subprocess.run(
        [*one.host.inside("net"), "curl", "--silent", "--show-error",
         "--cacert", tmp_path / "certs/ca.pem", "--cert", tmp_path / "certs/cert.pem",
         "--key", tmp_path / "certs/key.pem",
         "--resolve", f"{two.name}:{PORT}:{two.host.address}", f"https://{two.name}:{PORT}/_ping"],
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert shown.stdout == "OK", shown.stderr
    log = one.log()
    assert "client certificate issued" in log and "PRIVATE KEY" not in log
    wait_until(lambda: "anna" in third.log(), timeout=2, what="who it was is logged")
    # Again, into the same directory.
    again = client_cert(two, tmp_path / "certs")
    assert again.returncode == 0 and works(third, tmp_path / "certs"), again.stderr


def test_who_has_no_certificate_of_a_client_is_refused(served, start_node, tmp_path):
    one, two, third = served
    assert client_cert(one, tmp_path / "good").returncode == 0
    (tmp_path / "none").mkdir()
    shutil.copy(tmp_path / "good/ca.pem", tmp_path / "none")
    subprocess.run(  # a stranger's, who trusts our authority
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/O=x/OU=drover-client/CN=eve",
         "-keyout", tmp_path / "none/key.pem", "-out", tmp_path / "none/cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    assert not works(one, tmp_path / "none")
    # One that is soon over.
    assert client_cert(one, tmp_path / "short", "--valid-for", "2s").returncode == 0
    assert works(two, tmp_path / "short")
    time.sleep(2.5)
    refused = docker(two, tmp_path / "short", "ps")
    assert refused.returncode != 0 and "expired" in refused.stderr, refused.stderr
    # A node's own certificate is none of a client, be the node removed or not.
    third.copy_identity(tmp_path / "node")
    shutil.copy(tmp_path / "good/ca.pem", tmp_path / "node/ca.pem")
    assert not works(one, tmp_path / "node")
    third.kill_hard()
    wait_until(lambda: one.states().get(third.name) == "down", timeout=10)
    one.docker("node", "rm", third.name)
    assert not works(one, tmp_path / "node")
    assert works(one, tmp_path / "good")
    assert not any("error" == each["level"] for each in one.log_records())


def test_old_and_new_certificates_work_while_the_ca_rotates(served, tmp_path):
    one, two, third = served
    assert client_cert(one, tmp_path / "old").returncode == 0
    third.kill_hard()  # the rotation cannot end without it
    wait_until(lambda: one.states().get(third.name) == "down", timeout=10)
    pids = [one.pid, two.pid]
    one.docker("swarm", "ca", "--rotate", "--detach")
    wait_until(lambda: two.api.get("/swarm").json()["RootRotationInProgress"], timeout=10)
    assert client_cert(two, tmp_path / "new").returncode == 0
    for each in (one, two):
        assert works(each, tmp_path / "old") and works(each, tmp_path / "new")
    third.start()
    await_agreement(served)
    wait_until(
        lambda: not any(each.api.get("/swarm").json()["RootRotationInProgress"] for each in served),
        timeout=20,
        what="the end of the rotation",
    )
    for each in served:
        assert works(each, tmp_path / "new") and not works(each, tmp_path / "old")
    assert [one.pid, two.pid] == pids


def test_configured_files_are_used_beside_the_clusters_authority(lab, start_node, certs, tmp_path):
    """Clients of tls_ca are let in as before, those of the cluster in addition."""
    server = tmp_path / "server"
    subprocess.run(
        [REPOSITORY / "contrib/make-certs", server, lab.hosts[0].address, "127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    node = start_node(
        1, "--listen", f"tcp://0.0.0.0:{PORT}", "--tls-ca", str(server / "ca.pem"),
        "--tls-cert", str(server / "server-cert.pem"), "--tls-key", str(server / "server-key.pem"),
    )  # fmt: skip
    assert works(node, server)
    node.init()
    assert works(node, server)
    assert client_cert(node, tmp_path / "ours").returncode == 0
    assert not works(node, tmp_path / "ours")  # it does not know who signed the server's
    shutil.copy(server / "ca.pem", tmp_path / "ours/ca.pem")
    assert works(node, tmp_path / "ours")
    node.docker("swarm", "leave", "--force")
    assert works(node, server) and not works(node, tmp_path / "ours")


def test_the_command_says_what_is_wrong(start_node, tmp_path):
    node = start_node(1)
    for args, wanted in (
        ((), "docker swarm init"),
        (("--valid-for", "90"), "is not a time such as 90d"),
        (("--valid-for", "11y"), "is not a time such as 90d"),
        (("--name", "a" * 65), "1 to 64 printable characters"),
        (("--name", "a\nb"), "1 to 64 printable characters"),
        (("--nonsense",), "--nonsense"),
    ):
        done = client_cert(node, tmp_path / "out", *args)
        assert done.returncode == 1 and wanted in done.stderr, done
        assert len(done.stderr.splitlines()) == 1
    node.init()
    (tmp_path / "file").write_text("x")
    done = client_cert(node, tmp_path / "file")
    assert done.returncode == 1 and "file" in done.stderr, done.stderr
    assert (tmp_path / "file").read_text() == "x"
    # At the peers' port a stranger is told nothing about it.
    said = subprocess.run(
        [*node.host.inside("net"), "curl", "--silent", "--insecure", "--data", "{}",
         f"https://{node.host.address}:2377/drover/v1/client-certificate"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "only nodes of the cluster are served here" in said.stdout
