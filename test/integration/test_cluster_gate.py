"""The gate in a cluster: who may send what to which port, in whatever spelling."""

import select
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness.cluster import run_on
from harness.engine import wait_until
from harness.gate import all_routes, documented, walk

pytestmark = pytest.mark.cluster

def test_the_peers_port_hears_from_each_what_the_page_says(cluster, tmp_path):
    one, two, _ = cluster
    two.copy_identity(tmp_path / "two")
    assert len(list(all_routes())) > 100 and len(documented()) == 4
    assert walk(one, "stranger", by=two) == []
    assert walk(one, "node", tmp_path / "two", by=two) == []


def test_a_call_spelled_otherwise_is_the_clusters_too(cluster):
    one, two, third = cluster
    run_on(one, two, "spelled", start=False)
    body = {"Image": "busybox", "Cmd": ["true"]}
    for number, target in enumerate((
        "/v1.41/containers/%63reate", "/v1.41/%63ontainers/create", "/%761.41/containers/create",
        "/v1.41/containers%2fcreate", "http://host/v1.41/containers/create",
        "http://host/containers%2F%63reate",
    )):  # fmt: skip
        taken = third.api.post(f"{target}?name=spelled", body)
        assert taken.status == 409, (target, taken.body)
        made = third.api.post(f"{target}?name=fine{number}&filters=null", body)
        assert made.status == 201, (target, made.body)
        again = one.api.post(f"/containers/create?name=fine{number}&filters=null", body)
        assert again.status == 409, (target, again.body)
    for list_of_all in ("/%63ontainers/json?all=1", "http://host/containers%2fjson?all=1"):
        names = {each["Names"][0] for each in one.api.get(list_of_all).json()}
        assert "/spelled" in names and "/fine0" in names
    assert one.api.post("/%73warm/init", {"ListenAddr": "0.0.0.0:2377"}).status == 503
    assert one.direct.get("/info").json()["Swarm"]["LocalNodeState"] == "inactive"
    moved = one.api.post("/v1.41/containers//create?name=spelled", body)
    assert (moved.status, moved.header("Location")) == (301, "/v1.41/containers/create?name=spelled")


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_a_forms_parameters_count_as_the_engine_counts_them(cluster):
    one, two, third = cluster
    run_on(one, two, "taken", start=False)
    run_on(one, third, "moves", start=False)
    assert one.api.post("/containers/moves/rename?name=fresh", b"name=taken", headers=FORM).status == 409
    renamed = one.api.post("/containers/moves/rename?name=taken", b"name=fresh", headers=FORM)
    assert renamed.status == 204, renamed.body
    assert third.has("fresh") and {"fresh", "taken"} <= set(two.containers())
    assert one.api.post("/containers/fresh/rename?filters=null&name=taken").status == 409
    pruned = one.api.post(
        "/containers/prune", b"filters=%7B%22label%22%3A%5B%22no.such%22%5D%7D", headers=FORM
    )
    assert pruned.status == 200 and not pruned.json()["ContainersDeleted"], pruned.body
    for query in ("name=x;y=z", "name=%zz"):
        refused = one.api.post(f"/containers/fresh/rename?{query}")
        assert refused.status == 400
        assert refused.body == one.direct.post(f"/containers/fresh/rename?{query}").body


def test_a_create_that_is_refused_before_it_is_through_leaves_its_name_free(cluster):
    """The engine does not read a body of a version that it does not know."""
    body = {"Image": "busybox", "Cmd": ["true"], "Labels": {"long": "x" * 8_000_000}}
    for node in cluster:
        refused = node.api.post("/v1.99/containers/create?name=early", body)
        assert refused.status == 400 and "too new" in refused.message, refused.body
        short = {"Image": "busybox", "Cmd": ["true"]}
        made = node.api.post("/containers/create?name=early", short)
        assert made.status == 201, made.body
        assert node.api.call("DELETE", "/containers/early").status == 204


# --- strangers in great number ------------------------------------------------------------------

# Opens connections of three kinds to the peers' port, half of them with a finished handshake, holds
# them until its input ends, and says how many it held. None of them shows a certificate.
CROWD = r"""
import resource, socket, ssl, sys
address, count = sys.argv[1], int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
join = b"POST /drover/v1/join HTTP/1.1\r\nHost: d\r\nContent-Length: 15000\r\n\r\n{"
held = []
for number in range(count):
    try:
        sock = socket.create_connection((address, 2377), 10)
        if number % 2:
            sock = context.wrap_socket(sock)
            sock.sendall(join if number % 4 == 1 else b"GET /")
        held.append(sock)
    except OSError:
        pass
print(len(held), flush=True)
sys.stdin.read()
"""


def test_strangers_in_great_number_lock_nobody_out(cluster):
    one, two, third = cluster
    run_on(one, two, "calm")
    one.api.get("/containers/calm/json")
    memory, fds, log_size = one.memory(), one.fds(), one.log_path.stat().st_size
    crowds = [
        subprocess.Popen(
            [*host.inside("net"), "/usr/bin/python3", "-c", CROWD, one.host.address, "1000"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for host in (two.host, third.host, third.host)
    ]  # fmt: skip
    slowest = 0
    try:
        waiting = list(crowds)
        while waiting:
            for node, path in ((one, "/_ping"), (one, "/containers/calm/json"),
                               (two, "/containers/json?all=1"), (third, "/info")):  # fmt: skip
                began = time.monotonic()
                assert node.api.get(path).status == 200
                slowest = max(slowest, time.monotonic() - began)
            waiting = [each for each in waiting if not select.select([each.stdout], [], [], 0)[0]]
        assert sum(int(each.stdout.readline()) for each in crowds) > 2000
        # Nodes come in past them, on new connections, many at a time.
        run_on(two, one, "made-meanwhile", start=False)
        with ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(
                lambda number: two.api.get("/containers/made-meanwhile/json").status, range(300)
            ))  # fmt: skip
        assert answers == [200] * 300
        assert one.fds() < fds + 600
        assert one.memory() < memory + 100 * 1024 * 1024
    finally:
        for each in crowds:
            each.communicate()
    assert slowest < 2
    wait_until(lambda: one.fds() < fds + 80, timeout=15, what="their places are free again")
    wait_until(lambda: one.memory() < memory + 25 * 1024 * 1024, timeout=15, what="memory is given back")
    # What this test's own clients asked for meanwhile has a line a call, as ever; of the strangers a
    # hundred lines a minute are written.
    lines = [each for each in one.log_records(log_size) if each.get("status", 0) not in range(200, 300)]
    assert len(lines) < 250, lines[:20]
    assert {state for state, _ in one.nodes().values()} == {"Ready"}


def test_bodies_that_never_end_hold_little(cluster):
    """On the local socket, too: what is held of them has a limit, and a time."""
    one = cluster[0]
    memory = one.memory()
    head = b"POST /containers/create HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
    halves = []
    try:
        for _ in range(24):
            half = one.api.connect(timeout=30)
            halves.append(half)
            try:
                half.send(head + b"Content-Length: 16000000\r\n\r\n" + b" " * 8_000_000)
            except OSError:
                pass  # it was told that there is no room
        assert one.memory() < memory + 120 * 1024 * 1024
        refused = [each for each in halves if select.select([each.sock], [], [], 0.2)[0]]
        assert 10 < len(refused) < 24
        assert refused[-1].read_response().status == 503
        assert one.api.get("/_ping").status == 200
        held = next(each for each in halves if each not in refused)
        assert held.read_response().status == 408
    finally:
        for each in halves:
            each.close()
    wait_until(lambda: one.memory() < memory + 25 * 1024 * 1024, timeout=15, what="memory is given back")
