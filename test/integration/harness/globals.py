"""Global containers, and where they are by the word of the engines."""

from harness.engine import wait_until

GLOBAL = {"io.drover.global": "true"}


def make(via, name, labels=None, start=True, **options):
    body = {"Image": "busybox", "Cmd": ["sleep", "1d"], "Labels": GLOBAL | (labels or {})}
    body["HostConfig"] = {"Init": True} | options.pop("HostConfig", {})
    answer = via.api.post(f"/containers/create?name={name}", body | options)
    assert answer.status == 201, answer.body
    assert not answer.json()["Warnings"], answer.body
    if start:
        started = via.api.post(f"/containers/{name}/start")
        assert started.status == 204, started.body
    return answer.json()["Id"]


def on(node):
    """What is on the node by the word of its engine: {name: state}."""
    entries = node.direct.get("/containers/json?all=1").json()
    return {each["Names"][0][1:]: each["State"] for each in entries}


def everywhere(nodes):
    """The same of all nodes, in order."""
    return [sorted(on(node).items()) for node in nodes]


def home(nodes, name):
    """The node that has the original."""
    [node] = [node for node in nodes if name in on(node)]
    return node


def names(nodes, name, original):
    """What the containers are called, in the order of the nodes."""
    return [name if node is original else f"{name}.{node.name}" for node in nodes]


def await_copies(nodes, name, state="running", original=None, timeout=15):
    """Until each node has exactly its one in that state; the node of the original."""
    original = original or home(nodes, name)
    wanted = [[(each, state)] for each in names(nodes, name, original)]
    try:
        wait_until(lambda: everywhere(nodes) == wanted, timeout, what="one on each node")
    except AssertionError as failed:
        raise AssertionError(f"{everywhere(nodes)} instead of {wanted}") from failed
    return original


def await_nothing(nodes):
    wait_until(lambda: not any(on(node) for node in nodes), what="nothing is left")


def update(via, node, *arguments):
    via.docker("node", "update", *arguments, node.name)
