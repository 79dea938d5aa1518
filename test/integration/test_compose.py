"""Compose 1.29 (Debian 12's) and Compose v2 (Debian 13's) on one project: compose/docker-compose.yml."""

import os
import subprocess
from pathlib import Path

import pytest

from harness.engine import REPOSITORY

PROJECT = Path(__file__).parent / "compose"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "drover-test"


@pytest.fixture(scope="session")
def compose_v2(config_dir):
    """Compose v2 as a plugin of the docker CLI: `docker compose`."""
    folder = CACHE / "trixie"
    done = subprocess.run(
        [REPOSITORY / "contrib/fetch-trixie", "docker-compose", folder],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    plugins = config_dir / "cli-plugins"
    plugins.mkdir()
    (plugins / "docker-compose").symlink_to(
        folder / "usr/libexec/docker/cli-plugins/docker-compose"
    )
    return ["docker", "compose"]


class Project:
    """The project, brought up once by one Compose through one transport."""

    def __init__(self, program, endpoint):
        self._program = program
        self._endpoint = endpoint

    def run(self, *args, check=True, input=None, file=PROJECT / "docker-compose.yml"):
        done = subprocess.run(
            [*self._program, "-p", "itest", "-f", file, "--project-directory", PROJECT, *args],
            capture_output=True,
            text=True,
            input=input,
            timeout=120,
            env=self._endpoint.env(),
        )
        assert (
            not check or done.returncode == 0
        ), f"compose {' '.join(args)}:\n{done.stdout}\n{done.stderr}"
        return done.stdout if check else done.returncode


@pytest.fixture(scope="module", params=["1.29-unix", "1.29-tls", "v2-unix", "v2-tls"])
def project(request, drover, drover_tls):
    version, transport = request.param.split("-")
    program = ["docker-compose"] if version == "1.29" else request.getfixturevalue("compose_v2")
    project = Project(program, drover if transport == "unix" else drover_tls)
    project.run("up", "-d")
    yield project
    project.run("down", "-v", "-t", "1", check=False)


def containers(direct):
    """The project's containers on the engine: {service name and number: id}."""
    found = {}
    for entry in direct.get("/containers/json?all=1").json():
        labels = entry["Labels"]
        if labels.get("com.docker.compose.project") == "itest":
            number = labels["com.docker.compose.container-number"]
            found[f"{labels['com.docker.compose.service']} {number}"] = entry["Id"]
    return found


def inspect(direct, container_id):
    return direct.get(f"/containers/{container_id}/json").json()


def test_up_builds_waits_for_health_and_starts_everything(project, direct):
    ids = containers(direct)
    assert sorted(ids) == ["app 1", "store 1", "worker 1"]
    store, app = inspect(direct, ids["store 1"]), inspect(direct, ids["app 1"])
    assert store["State"]["Health"]["Status"] == "healthy"
    assert app["State"]["StartedAt"] > store["State"]["StartedAt"]
    assert sorted(app["NetworkSettings"]["Networks"]) == ["itest_back", "itest_front"]
    page = direct.docker(
        "exec", ids["worker 1"], "wget", "-qO-", "http://application:8080/index.html"
    )
    assert page == "built"


def test_a_second_up_changes_nothing(project, direct):
    before = containers(direct)
    started = {name: inspect(direct, each)["State"]["StartedAt"] for name, each in before.items()}
    project.run("up", "-d")
    assert containers(direct) == before
    assert {
        name: inspect(direct, each)["State"]["StartedAt"] for name, each in before.items()
    } == started


def test_ps_and_images_and_port_tell_what_runs(project, direct):
    assert sorted(project.run("ps", "-q").split()) == sorted(containers(direct).values())
    assert "busybox" in project.run("images")
    assert "127.0.0.1:18080" in project.run("port", "app", "8080")


def test_logs_show_what_was_written(project):
    assert "working" in project.run("logs", "worker")


def test_exec_passes_streams_and_exit_code(project):
    assert project.run("exec", "-T", "store", "cat", "/data/ready") == "stored\n"
    assert project.run("exec", "-T", "store", "cat", input="through compose") == "through compose"
    assert project.run("exec", "-T", "store", "sh", "-c", "exit 9", check=False) == 9


def test_scale_adds_and_removes_containers(project, direct):
    project.run("up", "-d", "--scale", "worker=3")
    assert sorted(containers(direct)) == ["app 1", "store 1", "worker 1", "worker 2", "worker 3"]
    project.run("up", "-d", "--scale", "worker=1", "-t", "1")
    assert sorted(containers(direct)) == ["app 1", "store 1", "worker 1"]


def test_run_is_a_container_of_its_own(project, direct):
    before = containers(direct)
    assert "alone" in project.run("run", "--rm", "-T", "--no-deps", "worker", "echo", "alone")
    assert containers(direct) == before


def test_stop_and_start_keep_the_containers(project, direct):
    before = containers(direct)
    project.run("stop", "-t", "1")
    assert direct.get("/containers/json").json() == []
    project.run("start")
    assert containers(direct) == before
    assert len(direct.get("/containers/json").json()) == 3


def test_a_changed_service_alone_is_recreated_with_its_data(project, direct, tmp_path):
    before = containers(direct)
    changed = (
        (PROJECT / "docker-compose.yml").read_text().replace("GREETING: hello", "GREETING: changed")
    )
    (tmp_path / "changed.yml").write_text(changed)
    project.run("up", "-d", "-t", "1", "store", file=tmp_path / "changed.yml")
    after = containers(direct)
    assert after["store 1"] != before["store 1"]
    assert after["worker 1"] == before["worker 1"]
    assert "GREETING=changed" in inspect(direct, after["store 1"])["Config"]["Env"]
    assert direct.docker("exec", after["store 1"], "cat", "/data/ready") == "stored"


def test_down_removes_everything(project, direct):
    """The last of this file, for the project does not come back."""
    project.run("down", "-v", "-t", "1")
    assert containers(direct) == {}
    assert not [
        network
        for network in direct.get("/networks").json()
        if network["Name"].startswith("itest_")
    ]
    assert not direct.get("/volumes").json()["Volumes"]
