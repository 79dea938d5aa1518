"""Creates through nodes of a cluster, and where their containers went."""

import contextlib
import time

from harness.engine import wait_until


def update(via, node, **labels):
    """Labels of a node, `None` to take one away; returns when every node knows."""
    arguments = []
    for key, value in labels.items():
        key = key.replace("__", ".").replace("_", "-")
        arguments += ["--label-rm", key] if value is None else ["--label-add", f"{key}={value}"]
    via.docker("node", "update", *arguments, node.name)


@contextlib.contextmanager
def labelled(cluster, **labels_of):
    """node labels as `key=(value on the first, on the second, on the third)` while it lasts."""
    one = cluster[0]
    for key, values in labels_of.items():
        for node, value in zip(cluster, values, strict=True):
            if value is not None:
                update(one, node, **{key: value})
    spelt = [key.replace("__", ".").replace("_", "-") for key in labels_of]

    def known(node):
        specs = {each["Spec"]["Name"] if each["Spec"].get("Name") else
                 each["Description"]["Hostname"]: each["Spec"]["Labels"] or {}
                 for each in node.api.get("/nodes").json()}
        return all(
            specs[other.name].get(key) == value
            for key, values in zip(spelt, labels_of.values(), strict=True)
            for other, value in zip(cluster, values, strict=True)
        )

    wait_until(lambda: all(known(node) for node in cluster), what="labels known to all")
    try:
        yield
    finally:
        for key, values in labels_of.items():
            for node, value in zip(cluster, values, strict=True):
                if value is not None:
                    update(one, node, **{key: None})


def where(cluster, name):
    """The numbers of the hosts that have the container, counted from 1."""
    return [number for number, node in enumerate(cluster, 1) if node.has(name)]


def make(via, name, labels=None, env=None, **options):
    body = {"Image": "busybox", "Cmd": ["sleep", "1d"], "Labels": labels or {}, "Env": env or []}
    return via.api.post(f"/containers/create?name={name}", body | options)


def placed(cluster, name, labels=None, env=None, via=0, **options):
    """The number of the host that it went to."""
    answer = make(cluster[via], name, labels, env, **options)
    assert answer.status == 201, answer.body
    [number] = where(cluster, name)
    return number


def refused(via, name, labels=None, env=None, **options):
    """The words of the refusal, which has to come within a second."""
    start = time.monotonic()
    answer = make(via, name, labels, env, **options)
    assert answer.status == 409, answer.body
    assert time.monotonic() - start < 1
    return answer.message


def ports(*bindings):
    return {"HostConfig": {"PortBindings": {
        f"{80 + number}/{protocol}": [{"HostIp": ip, "HostPort": port}]
        for number, (ip, port, protocol) in enumerate(bindings)
    }}}  # fmt: skip
