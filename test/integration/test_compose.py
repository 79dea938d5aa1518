"""Compose 1.29 (Debian 12's) and Compose v2 (Debian 13's) on one project: compose/docker-compose.yml."""

import subprocess
from pathlib import Path

import pytest

from harness.compose import Project

NODE = 2
PROJECT = Path(__file__).parent / "compose"


@pytest.fixture(scope="module", params=["1.29", "v2"])
def project(request, setting):
    old = request.param == "1.29"
    program = ["docker-compose"] if old else request.getfixturevalue("compose_v2")
    project = Project(program, setting.client, "itest", PROJECT / "docker-compose.yml")
    project.run("up", "-d")
    yield project
    project.run("down", "-v", "-t", "1", check=False)


def containers(setting):
    """The project's containers on the engines: {service name and number: id}."""
    found = {}
    for entry in setting.containers():
        labels = entry["Labels"]
        if labels.get("com.docker.compose.project") == "itest":
            number = labels["com.docker.compose.container-number"]
            found[f"{labels['com.docker.compose.service']} {number}"] = entry["Id"]
    return found


def test_up_builds_waits_for_health_and_starts_everything(project, setting):
    ids = containers(setting)
    assert sorted(ids) == ["app 1", "store 1", "worker 1"]
    store, app = setting.inspect(ids["store 1"]), setting.inspect(ids["app 1"])
    assert store["State"]["Health"]["Status"] == "healthy"
    assert app["State"]["StartedAt"] > store["State"]["StartedAt"]
    assert sorted(app["NetworkSettings"]["Networks"]) == ["itest_back", "itest_front"]
    page = setting.holder(ids["worker 1"]).docker(
        "exec", ids["worker 1"], "wget", "-qO-", "http://application:8080/index.html"
    )
    assert page == "built"


def test_a_second_up_changes_nothing(project, setting):
    before = containers(setting)
    started = {name: setting.inspect(each)["State"]["StartedAt"] for name, each in before.items()}
    project.run("up", "-d")
    assert containers(setting) == before
    assert {
        name: setting.inspect(each)["State"]["StartedAt"] for name, each in before.items()
    } == started


def test_ps_and_images_and_port_tell_what_runs(project, setting):
    assert sorted(project.run("ps", "-q").split()) == sorted(containers(setting).values())
    assert "busybox" in project.run("images")
    assert "127.0.0.1:18080" in project.run("port", "app", "8080")


def test_logs_show_what_was_written(project):
    assert "working" in project.run("logs", "worker")


def test_exec_passes_streams_and_exit_code(project):
    assert project.run("exec", "-T", "store", "cat", "/data/ready") == "stored\n"
    assert project.run("exec", "-T", "store", "cat", input="through compose") == "through compose"
    assert project.run("exec", "-T", "store", "sh", "-c", "exit 9", check=False) == 9


def test_scale_adds_and_removes_containers(project, setting):
    project.run("up", "-d", "--scale", "worker=3")
    assert sorted(containers(setting)) == ["app 1", "store 1", "worker 1", "worker 2", "worker 3"]
    project.run("up", "-d", "--scale", "worker=1", "-t", "1")
    assert sorted(containers(setting)) == ["app 1", "store 1", "worker 1"]


def test_run_is_a_container_of_its_own(project, setting):
    before = containers(setting)
    assert "alone" in project.run("run", "--rm", "-T", "--no-deps", "worker", "echo", "alone")
    assert containers(setting) == before


def test_stop_and_start_keep_the_containers(project, setting):
    before = containers(setting)
    project.run("stop", "-t", "1")
    assert setting.containers(all=False) == []
    project.run("start")
    assert containers(setting) == before
    assert len(setting.containers(all=False)) == 3


def test_a_changed_service_alone_is_recreated_with_its_data(project, setting, tmp_path):
    before = containers(setting)
    changed = (
        (PROJECT / "docker-compose.yml").read_text().replace("GREETING: hello", "GREETING: changed")
    )
    (tmp_path / "changed.yml").write_text(changed)
    project.run("up", "-d", "-t", "1", "store", file=tmp_path / "changed.yml")
    after = containers(setting)
    assert after["store 1"] != before["store 1"]
    assert after["worker 1"] == before["worker 1"]
    assert "GREETING=changed" in setting.inspect(after["store 1"])["Config"]["Env"]
    kept = setting.holder(after["store 1"]).docker("exec", after["store 1"], "cat", "/data/ready")
    assert kept == "stored"


def test_down_removes_everything(project, setting):
    """The last of this file, for the project does not come back."""
    project.run("down", "-v", "-t", "1")
    assert containers(setting) == {}
    assert not [each for each in setting.networks() if each["Name"].startswith("itest_")]
    assert not setting.volumes()
