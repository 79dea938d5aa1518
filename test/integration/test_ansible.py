"""Ansible's community.docker through droverd: what it made, it finds again and leaves alone."""

import json
import subprocess
from pathlib import Path

import pytest

NODE = 1
PLAYBOOKS = Path(__file__).parent / "ansible"


@pytest.fixture
def play(setting, config_dir):
    """Runs a playbook and returns {task: result} of everything that changed."""

    def run(name):
        env = setting.client.env(
            ANSIBLE_STDOUT_CALLBACK="json",
            ANSIBLE_LOCALHOST_WARNING="false",
            ANSIBLE_LOCAL_TEMP=str(config_dir / "ansible"),
            ANSIBLE_REMOTE_TEMP=str(config_dir / "ansible"),
        )
        if setting.client.certs:
            env |= {"DOCKER_TLS_HOSTNAME": "localhost"}
        command = [
            "ansible-playbook",
            "-i",
            "localhost,",
            "-e",
            "ansible_python_interpreter=/usr/bin/python3",
        ]
        done = subprocess.run(
            [*command, PLAYBOOKS / name], env=env, capture_output=True, text=True, timeout=170
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        tasks = json.loads(done.stdout)["plays"][0]["tasks"]
        results = {task["task"]["name"]: task["hosts"]["localhost"] for task in tasks}
        return {name: result for name, result in results.items() if result["changed"]}

    return run


@pytest.mark.slow
def test_the_second_run_of_a_playbook_changes_nothing(play, setting):
    assert len(play("playbook.yml")) == 7
    web = setting.inspect("itest-web")
    assert play("playbook.yml") == {}
    assert setting.inspect("itest-web")["Id"] == web["Id"]
    assert list(web["NetworkSettings"]["Networks"]) == ["itest-net"]
