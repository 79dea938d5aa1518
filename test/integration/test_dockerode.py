"""dockerode, the Node.js client, through droverd. The scenarios are in dockerode.js."""

import os
import re
import subprocess
from pathlib import Path

import pytest

NODE = 2
SCRIPT = Path(__file__).parent / "dockerode.js"
SCENARIOS = re.findall(r"^  async (\w+)\(\)", SCRIPT.read_text(), re.M)
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "drover-test"
VERSION = "4.0.12"


@pytest.fixture(scope="session")
def modules():
    """The folder with dockerode, fetched from npm once and kept outside the repository."""
    folder = CACHE / f"dockerode-{VERSION}"
    if not (folder / "node_modules/dockerode").exists():
        command = [
            "npm",
            "install",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--prefix",
            folder,
            f"dockerode@{VERSION}",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, f"npm: {done.stderr}"
    return folder / "node_modules"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_dockerode(setting, modules, scenario):
    env = setting.client.env(NODE_PATH=str(modules))
    done = subprocess.run(
        ["node", SCRIPT, scenario], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
