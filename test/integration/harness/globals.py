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
    return {
        name[1:]: each["State"]
        for each in entries
        for name in each["Names"]
        if name.count("/") == 1  # else it is a link's
    }


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


UNIT = {"agent": "running", "data": "exited", "cache": "running", "probe": "running"}


def unit(project, node):
    """What the node is to have of compose/rancher/global.yml, the way on() tells it."""
    original = f"{project}_agent_1" in on(node)
    suffix = "" if original else f".{node.name}"
    return {f"{project}_{service}_1{suffix}": state for service, state in UNIT.items()}


def await_units(nodes, project):
    """Until each node has its own containers of compose/rancher/global.yml, which belong together."""
    try:
        wait_until(lambda: all(on(node) == unit(project, node) for node in nodes), 20, what="all")
    except AssertionError as failed:
        raise AssertionError(f"{everywhere(nodes)}") from failed
    for node in nodes:
        seen = {}
        for name in on(node):
            service = name.split("_")[1]
            seen[service] = node.direct.get(f"/containers/{name}/json").json()
        agent, data, probe = seen["agent"], seen["data"], seen["probe"]
        assert agent["HostConfig"]["VolumesFrom"] == [f"{data['Id']}:rw"]
        assert probe["HostConfig"]["VolumesFrom"] == [f"{data['Id']}:rw"]
        assert probe["HostConfig"]["NetworkMode"] == f"container:{agent['Id']}"
        inside = {s: node.docker("exec", seen[s]["Id"], "hostname") for s in ("agent", "probe")}
        assert inside["agent"] == inside["probe"] == agent["Config"]["Hostname"]
        read = node.docker("exec", probe["Id"], "cat", "/data/made", "/kept/made", "/data/agent")
        assert read.split() == [data["Config"]["Hostname"]] * 2 + [inside["agent"]]
        node.docker("exec", agent["Id"], "ping", "-c", "1", "-W", "2", "store")
