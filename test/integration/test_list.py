"""`containers/json` comes from droverd's cache, and must equal the engine's answer field by field.

After each kind of change every variant of the list is compared: at once when the change went through
droverd, within 250 ms when it was made on the engine behind its back.
"""

import json
import re
import threading
import time
from urllib.parse import quote

import pytest

from harness.containers import create, create_exec, run
from harness.engine import wait_until

LAG_ALLOWED = 0.250


def filtered(query="", **filters):
    return f"/containers/json?{query}&filters={quote(json.dumps(filters))}"


def variants(subject):
    """Lists as clients ask for them; `subject` is the full id of the container under change."""
    return [
        "/containers/json",
        "/containers/json?all=1",
        "/v1.24/containers/json?all=true",
        "/v1.41/containers/json?all=1",
        "/containers/json?all=1&size=1",
        "/containers/json?limit=1",
        "/containers/json?limit=2&all=0",
        "/containers/json?limit=-1&all=1",
        "/containers/json?all=1&trunc_cmd=0",
        *[
            filtered("all=1", status=[status])
            for status in ("created", "running", "paused", "restarting", "exited", "dead")
        ],
        filtered("", status=["exited", "paused"]),
        filtered("all=1", id=[subject]),
        filtered("all=1", id=[subject[:5]]),
        filtered("all=1", name=["subject"]),
        filtered("all=1", name=["^/subj", "other"]),
        filtered("all=1", name=["nosuch"]),
        filtered("all=1", label=["itest.colour"]),
        filtered("all=1", label=["itest.colour=red"]),
        filtered("all=1", label=["itest.colour=red", "itest.shape"]),
        filtered("all=1", ancestor=["busybox"]),
        filtered("all=1", ancestor=["busybox:latest", "built"]),
        filtered("all=1", network=["bridge"]),
        filtered("all=1", network=["net"]),
        filtered("all=1", volume=["data"]),
        filtered("all=1", volume=["/data"]),
        filtered("all=1", exited=["0"]),
        filtered("all=1", exited=["3", "137"]),
        filtered("all=1", health=["healthy"]),
        filtered("all=1", health=["none"]),
        filtered("all=1", since=["other"]),
        filtered("all=1", before=["other"]),
        filtered("all=1", since=["nosuch"]),
        filtered("all=1", publish=["8080"]),
        filtered("all=1", expose=["80/tcp"]),
        filtered("all=1", **{"is-task": ["false"]}),
        filtered("all=1", isolation=["default"]),
        filtered("limit=1", status=["running"], label=["itest.colour"]),
        filtered("all=1", status={"running": True}),
        # Whether it is true plays no part.
        filtered("all=1", status={"running": False}),
        filtered("all=1", name={"subject": False, "other": True}),
        filtered("all=1", label={"itest.colour": False}),
        # Of several the first counts, however it is written.
        "/containers/json?all=1&all=0",
        "/containers/json?all=0&a%6Cl=1",
        "/containers/json?all=%C2%A0",
        "/containers/json?limit=%2B1&limit=x&all=1",
        "/containers/json?limit=99999999999",
        "/containers/json?limit=9223372036854775808",
        filtered("all=1&filters=", status=["exited"]),
        filtered("all=1", nosuch=["x"]),
        filtered("all=1", status=["nosuch"]),
        filtered("all=1", label=[]),
        "/containers/json?filters=nonsense",
        "/containers/json?filters={}",
        "/containers/json?filters=",
        "/containers/json?limit=x",
    ]


AGE = re.compile(r"Less than a second|About an? \w+|\d+ \w+")


def fetch(connection, path):
    answer = connection.call("GET", path)
    return answer.status, answer.json()


def undated(answer):
    """The answer without the ages in Status: those may tick between two calls, but not thrice."""
    status, entries = answer
    if isinstance(entries, list):
        entries = [{**entry, "Status": AGE.sub("<age>", entry["Status"])} for entry in entries]
    return status, entries


def differences(drover, direct, paths):
    """The paths for which droverd's list, asked for first, is not the engine's."""
    found = []
    with drover.connect() as one, direct.connect() as other:
        for path in paths:
            for _ in range(4):
                got = fetch(one, path)
                wanted = fetch(other, path)
                if got == wanted:
                    break
                if undated(got) != undated(wanted):
                    found.append((path, got, wanted))
                    break
            else:
                found.append((path, got, wanted))
    return found


def describe(found):
    return "\n".join(
        f"{path}\n  droverd: {got}\n  engine:  {wanted}" for path, got, wanted in found[:3]
    )


def assert_equal_now(drover, direct, subject):
    found = differences(drover, direct, variants(subject))
    assert not found, describe(found)


# --- the changes ----------------------------------------------------------------------------------


def ok(answer):
    assert answer.status < 400, answer.body
    return answer


class Subject:
    """What a change works on: a running container called `subject` with everything a list can show."""

    def __init__(self, direct):
        self.direct = direct
        ok(direct.post("/networks/create", {"Name": "net"}))
        self.id = run(
            direct,
            "subject",
            "sh", "-c", "trap 'exit 3' USR1; while :; do sleep 0.05; done",
            Labels={"itest.colour": "red", "itest.shape": "round"},
            ExposedPorts={"80/tcp": {}},
            HostConfig={"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}, "Binds": ["data:/data"], "Init": True},
        )  # fmt: skip
        create(direct, "third", "sleep", "1d")


def wait_for_status(subject, name, status):
    wait_until(
        lambda: subject.direct.get(f"/containers/{name}/json").json()["State"]["Status"] == status
    )


def post(path, body=None):
    return lambda api, subject: ok(api.post(path, body))


def delete(path):
    return lambda api, subject: ok(api.call("DELETE", path))


def prepared(*preparation):
    """A change that needs the engine in another state first."""

    def decorate(change):
        change.preparation = preparation
        return change

    return decorate


def die_by_itself(api, subject):
    ok(api.post("/containers/subject/kill?signal=USR1"))
    wait_for_status(subject, "subject", "exited")


def wait_for_its_end(api, subject):
    """Ends through `wait`, whose answer says the container is no longer running."""
    ok(api.post("/containers/subject/kill?signal=USR1"))
    ok(api.post("/containers/subject/wait"))


@prepared(post("/containers/subject/pause"))
def unpause(api, subject):
    ok(api.post("/containers/subject/unpause"))


@prepared(post("/networks/net/connect", {"Container": "subject"}))
def network_disconnect(api, subject):
    ok(api.post("/networks/net/disconnect", {"Container": "subject"}))


def run_exec(api, subject):
    exec_id = create_exec(api, "subject", "sh", "-c", "echo written >/by-exec", AttachStdin=False)
    ok(api.post(f"/exec/{exec_id}/start", {"Detach": False, "Tty": False}))


def commit_and_run(api, subject):
    ok(api.post("/commit?container=subject&repo=built"))
    ok(api.post("/containers/create?name=fourth", {"Image": "built", "Cmd": ["true"]}))


@prepared(commit_and_run)
def move_the_tag(api, subject):
    """The list shows an image by id once the container's tag points elsewhere."""
    ok(api.post("/images/busybox/tag?repo=built"))


@prepared(commit_and_run)
def remove_the_tag(api, subject):
    ok(api.call("DELETE", "/images/built?force=1"))


def write_to_its_file_system(api, subject):
    """Only size=1 shows this."""
    exec_id = create_exec(
        api, "subject", "sh", "-c", "head -c 100000 /dev/zero >/zeros", AttachStdin=False
    )
    ok(api.post(f"/exec/{exec_id}/start", {"Detach": False, "Tty": False}))


def create_and_start_with_a_network(api, subject):
    body = {"Image": "busybox", "Cmd": ["sleep", "1d"], "HostConfig": {"NetworkMode": "net"}}
    ok(api.post("/containers/create?name=fourth", body))
    ok(api.post("/containers/fourth/start"))


def copy_into(api, subject):
    ok(api.call("PUT", "/containers/subject/archive?path=/tmp", b"\0" * 1024))


CHANGES = {
    "nothing": lambda api, subject: None,
    "create": post(
        "/containers/create?name=fourth", {"Image": "busybox", "Labels": {"itest.colour": "red"}}
    ),
    "create by image id": lambda api, subject: ok(
        api.post(
            "/containers/create?name=fourth",
            {"Image": api.get("/images/busybox/json").json()["Id"]},
        )
    ),
    "start": post("/containers/third/start"),
    "create and start in a network": create_and_start_with_a_network,
    "pause": post("/containers/subject/pause"),
    "unpause": unpause,
    "rename": post("/containers/subject/rename?name=other-name"),
    "rename back and forth": lambda api, subject: [
        ok(api.post(f"/containers/{old}/rename?name={new}"))
        for old, new in [("subject", "away"), ("away", "subject")]
    ],
    "stop": post("/containers/subject/stop?t=1"),
    "restart": post("/containers/subject/restart?t=1"),
    "kill": post("/containers/subject/kill"),
    "wait": wait_for_its_end,
    "network connect": post("/networks/net/connect", {"Container": "subject"}),
    "network disconnect": network_disconnect,
    "exec": run_exec,
    "write": write_to_its_file_system,
    "copy into": copy_into,
    "update": post("/containers/subject/update", {"Memory": 67108864, "MemorySwap": 67108864}),
    "update restart policy": post(
        "/containers/subject/update", {"RestartPolicy": {"Name": "always"}}
    ),
    "commit": commit_and_run,
    "tag moved": move_the_tag,
    "tag removed": remove_the_tag,
    "remove": delete("/containers/third"),
    "remove by force": delete("/containers/subject?force=1&v=1"),
    "prune": post("/containers/prune"),
}
# What the engine does after the call that caused it has returned.
LATER = {"die by itself": die_by_itself}


@pytest.fixture(scope="module", autouse=True)
def elders(direct):
    """Containers that grow old during this module, so that every list shows ages of many units."""
    labels = {"itest.keep": "", "itest.colour": "blue"}
    run(direct, "other", "sleep", "1d", Labels=labels, HostConfig={"Init": True})
    run(direct, "gone", "sh", "-c", "exit 4", Labels=labels)
    yield
    for name in ("other", "gone"):
        direct.call("DELETE", f"/containers/{name}?force=1")


@pytest.fixture
def subject(direct):
    return Subject(direct)


@pytest.mark.asan
@pytest.mark.parametrize("name", CHANGES)
def test_the_list_is_right_at_once_after_a_change_through_droverd(drover, direct, subject, name):
    change = CHANGES[name]
    for step in getattr(change, "preparation", ()):
        step(drover, subject)
    assert_equal_now(drover, direct, subject.id)
    change(drover, subject)
    assert_equal_now(drover, direct, subject.id)
    time.sleep(0.1)
    assert_equal_now(drover, direct, subject.id)


@pytest.fixture(scope="module")
def lags(note):
    """Collects how long droverd's list stayed behind; the worst goes into the report."""
    measured = {}
    yield measured
    if measured:
        worst = max(measured, key=measured.get)
        note(
            f"containers/json behind droverd's back: worst lag {measured[worst] * 1000:.0f} ms ({worst})"
        )


@pytest.mark.parametrize("name", CHANGES | LATER)
def test_the_list_is_right_soon_after_a_change_behind_droverds_back(
    drover, direct, subject, lags, name
):
    change = (CHANGES | LATER)[name]
    for step in getattr(change, "preparation", ()):
        step(direct, subject)
    wait_until(lambda: not differences(drover, direct, variants(subject.id)), timeout=2)
    change(direct, subject)
    # Behind for as long as a list differs; a short list of paths makes the measure a fine one.
    behind = 0.0
    began = time.monotonic()
    while time.monotonic() - began < LAG_ALLOWED + 0.1:
        if differences(drover, direct, ["/containers/json?all=1"]):
            behind = time.monotonic() - began
    lags[name] = behind
    assert behind <= LAG_ALLOWED
    assert_equal_now(drover, direct, subject.id)


# --- changes that nobody asks for -----------------------------------------------------------------


class Sampler(threading.Thread):
    """Asks one endpoint for a list again and again and remembers when it gave which answer."""

    def __init__(self, endpoint, path, seconds, value):
        super().__init__()
        self.samples = []
        self._arguments = endpoint, path, seconds, value
        self.start()

    def run(self):
        endpoint, path, seconds, value = self._arguments
        end = time.monotonic() + seconds
        with endpoint.connect() as connection:
            while (asked := time.monotonic()) < end:
                answer = value(fetch(connection, path))
                self.samples.append((asked, time.monotonic(), answer))
                time.sleep(0.003)


def worst_lag(drover, direct, path, seconds, value=undated):
    """How old the oldest answer of droverd was: the time since the engine had last given the same.

    The engine is seen every few milliseconds, so its neighbouring answers count as given all the time
    between. A state shorter than that may be seen in droverd only; an answer that the engine never
    gave at all would be seen often.
    """
    ours = Sampler(drover, path, seconds, value)
    engines = Sampler(direct, path, seconds + 0.1, value)
    ours.join()
    engines.join()
    worst, unknown = 0.0, 0
    for asked, answered, answer in ours.samples:
        times = [
            (engines.samples[i - 1][1], engines.samples[min(i + 1, len(engines.samples) - 1)][0])
            for i, (_, _, wanted) in enumerate(engines.samples)
            if i and wanted == answer
        ]
        ages = [max(0.0, asked - until) for since, until in times if since <= answered]
        if ages:
            worst = max(worst, min(ages))
        else:
            unknown += 1
    assert unknown <= len(ours.samples) * 0.02, "droverd gave answers that the engine never gave"
    assert (
        len({json.dumps(answer) for _, _, answer in engines.samples}) > 1
    ), "nothing happened in this test"
    return worst


def test_a_restart_loop_is_followed(drover, direct, lags):
    run(
        direct,
        "subject",
        "sh",
        "-c",
        "sleep 0.2; exit 1",
        HostConfig={"RestartPolicy": {"Name": "always"}},
    )
    for path in ("/containers/json?all=1", filtered(status=["restarting"])):
        lags["restart loop"] = worst_lag(drover, direct, path, 2.5)
        assert lags["restart loop"] <= LAG_ALLOWED


def test_a_healthcheck_is_followed(drover, direct, lags):
    check = {"Test": ["CMD", "test", "-e", "/tmp/ok"], "Interval": 200_000_000, "Retries": 2}
    run(
        direct,
        "subject",
        "sh",
        "-c",
        "sleep 1.5; touch /tmp/ok; sleep 1d",
        Healthcheck=check,
        HostConfig={"Init": True},
    )
    lags["healthcheck"] = worst_lag(drover, direct, "/containers/json?all=1", 3)
    assert lags["healthcheck"] <= LAG_ALLOWED
    assert "(healthy)" in drover.get(filtered(name=["subject"])).json()[0]["Status"]
    assert not differences(
        drover, direct, [filtered(health=["healthy"]), filtered(health=["unhealthy"])]
    )


def test_ages_go_on_while_nothing_changes(drover, direct):
    run(direct, "subject", "sleep", "1d", HostConfig={"Init": True})
    assert (
        worst_lag(drover, direct, "/containers/json?all=1", 3.5, value=lambda answer: answer) < 0.05
    )


@pytest.mark.asan
def test_the_list_is_right_after_a_storm_of_changes_from_all_sides(drover, direct):
    def storm(number):
        for turn in range(4):
            api = (drover, direct)[(number + turn) % 2]
            name = f"storm-{number}-{turn}"
            run(api, name, "sleep", "1d", HostConfig={"Init": True})
            ok(api.post(f"/containers/{name}/rename?name={name}x"))
            drover.get("/containers/json?all=1")
            if turn % 3:
                ok((direct, drover)[turn % 2].call("DELETE", f"/containers/{name}x?force=1"))

    threads = [threading.Thread(target=storm, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(LAG_ALLOWED)
    found = differences(
        drover, direct, ["/containers/json", "/containers/json?all=1", "/containers/json?limit=5"]
    )
    assert not found, describe(found)
    assert len(drover.get("/containers/json").json()) == 4 * 2 + 1
