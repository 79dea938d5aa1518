"""docker build through droverd: classic and BuildKit, sessions, failures, interruptions."""

import hashlib
import os
import subprocess

import pytest

from harness.engine import wait_until

BIG = os.urandom(1 << 20) * 5

BUILDERS = pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "buildkit"])


def context(tmp_path, dockerfile, **files):
    (tmp_path / "Dockerfile").write_text(dockerfile)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return str(tmp_path)


@BUILDERS
def test_build_makes_an_image_that_runs(client, tmp_path, buildkit):
    folder = context(
        tmp_path,
        'FROM busybox\nARG WORD=none\nCOPY big /big\nRUN echo "$WORD" >/word\nCMD cat /word; sha256sum </big\n',
        big=BIG,
    )
    client.docker(
        "build",
        "--build-arg",
        "WORD=hello",
        "-t",
        "built",
        folder,
        env={"DOCKER_BUILDKIT": buildkit},
    )
    digest = hashlib.sha256(BIG).hexdigest()
    assert client.docker("run", "--rm", "built") == f"hello\n{digest}  -"


@BUILDERS
def test_a_failing_build_step_fails_as_without_us(client, direct, tmp_path, buildkit):
    folder = context(tmp_path, "FROM busybox\nRUN echo before; exit 37\n")
    env = {"DOCKER_BUILDKIT": buildkit}
    wanted = direct.cli("build", "--no-cache", folder, env=env)
    got = client.cli("build", "--no-cache", folder, env=env)
    assert wanted.returncode == got.returncode != 0
    assert got.stderr.splitlines()[-1] == wanted.stderr.splitlines()[-1]
    assert b"37" in got.stderr


def test_build_reads_a_dockerfile_from_standard_input(client):
    dockerfile = b"FROM busybox\nLABEL from=stdin\n"
    image = client.docker("build", "-q", "-", input=dockerfile, env={"DOCKER_BUILDKIT": "0"})
    assert client.docker("inspect", "-f", "{{.Config.Labels.from}}", image) == "stdin"


def test_buildkit_secrets_travel_over_the_session(client, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("whisper")
    (tmp_path / "context").mkdir()
    folder = context(
        tmp_path / "context",
        "FROM busybox\nRUN --mount=type=secret,id=word rev </run/secrets/word >/found\nCMD cat /found\n",
    )
    env = {"DOCKER_BUILDKIT": "1"}
    client.docker(
        "build", "--no-cache", "--secret", f"id=word,src={secret}", "-t", "built", folder, env=env
    )
    assert client.docker("run", "--rm", "built") == "repsihw"


def test_buildkit_writes_results_back_to_the_client(client, tmp_path):
    folder = context(tmp_path, "FROM scratch\nCOPY big /big\n", big=BIG)
    client.docker("build", "-o", str(tmp_path / "out"), folder, env={"DOCKER_BUILDKIT": "1"})
    assert (tmp_path / "out/big").read_bytes() == BIG


def test_an_interrupted_build_stops_in_the_engine(client, direct, tmp_path):
    folder = context(tmp_path, "FROM busybox\nRUN sleep 50\n")
    process = client.popen(
        "build", "--no-cache", folder, env={"DOCKER_BUILDKIT": "0"}, stdout=subprocess.PIPE
    )

    def is_building():
        return any(
            "sleep 50" in container["Command"]
            for container in direct.get("/containers/json").json()
        )

    wait_until(is_building)
    process.kill()
    process.communicate()
    wait_until(lambda: not is_building(), what="the end of the step's container")
