"""Making containers by the raw API, which takes a fifth of the CLI's time."""

from contextlib import contextmanager


def create(endpoint, name, *command, **options):
    answer = endpoint.post(
        f"/containers/create?name={name}", {"Image": "busybox", "Cmd": command, **options}
    )
    assert answer.status == 201, answer.body
    return answer.json()["Id"]


def run(endpoint, name, *command, **options):
    """A started container."""
    container_id = create(endpoint, name, *command, **options)
    answer = endpoint.post(f"/containers/{name}/start")
    assert answer.status == 204, answer.body
    return container_id


@contextmanager
def sleeping(endpoint, name="sleeper"):
    """The name of a running container that outlives the clean-up after each test."""
    run(endpoint, name, "sleep", "1d", Labels={"itest.keep": ""}, HostConfig={"Init": True})
    yield name
    removed = endpoint.call("DELETE", f"/containers/{name}?force=1")
    assert removed.status == 204, removed.body


def create_exec(endpoint, container, *command, **options):
    body = {
        "Cmd": command,
        "AttachStdin": True,
        "AttachStdout": True,
        "AttachStderr": True,
        **options,
    }
    answer = endpoint.post(f"/containers/{container}/exec", body)
    assert answer.status == 201, answer.body
    return answer.json()["Id"]


def start_exec(connection, exec_id, upgrade=True, early=b""):
    """Sends the start of an exec, with bytes of its standard input already behind the request."""
    body = b'{"Detach":false,"Tty":false}'
    head = (
        f"POST /exec/{exec_id}/start HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
    )
    if upgrade:
        head += "Connection: Upgrade\r\nUpgrade: tcp\r\n"
    connection.send(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body + early)
    return connection.read_head()
