"""What a call has done is seen at once through its node, and through the others soon after; what only one may have, one gets."""

import os
import threading
import time

import pytest

from harness.cluster import run_on
from harness.containers import create
from harness.images import build, run_printing

ROUNDS = int(os.environ.get("DROVER_TEST_ROUNDS", "50"))
pytestmark = pytest.mark.alone
SOON = 0.25  # seconds


def names(node):
    entries = node.api.get("/containers/json?all=1").json()
    return {name[1:] for entry in entries for name in entry["Names"]}


def seen_within(condition, limit):
    """How long after now `condition` became true, in seconds; fails if not within `limit`."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < limit, f"not seen after {limit} s"
        time.sleep(0.005)
    return time.monotonic() - start


@pytest.mark.parametrize("to", [0, 1, 2])
def test_what_was_done_through_one_node_is_seen_through_all(cluster, to):
    via, on = cluster[0], cluster[to]
    others = cluster[1:]
    for number in range(5):
        name, renamed = f"made{number}", f"renamed{number}"
        identity = run_on(via, on, name, start=False)
        assert name in names(via) and via.api.get(f"/containers/{name}/json").status == 200
        for other in others:
            seen_within(lambda: name in names(other), SOON)
            assert other.api.get(f"/containers/{identity[:12]}/json").status == 200

        assert via.api.post(f"/containers/{name}/rename?name={renamed}").status == 204
        assert renamed in names(via) and name not in names(via)
        for other in others:
            seen_within(lambda: renamed in names(other) and name not in names(other), SOON)

        assert via.api.post(f"/containers/{renamed}/start").status == 204
        entry = next(e for e in via.api.get("/containers/json").json() if e["Id"] == identity)
        assert entry["State"] == "running"

        assert via.api.call("DELETE", f"/containers/{renamed}?force=1").status == 204
        assert renamed not in names(via)
        assert via.api.get(f"/containers/{identity}/json").status == 404
        for other in others:
            seen_within(lambda: renamed not in names(other), SOON)
            seen_within(lambda: other.api.get(f"/containers/{identity}/json").status == 404, SOON)


def test_what_another_node_made_is_found_by_name_without_waiting(cluster):
    """A client that was answered by one node may ask any other at once."""
    one, two, third = cluster
    for number in range(10):
        run_on(one, third, f"fresh{number}", start=False)
        assert two.api.get(f"/containers/fresh{number}/json").status == 200
        assert two.api.post(f"/containers/fresh{number}/start").status == 204


def test_a_name_is_free_at_once_for_who_removed_its_container(cluster):
    one, two, third = cluster
    for number in range(6):
        on = cluster[number % 3]
        start = time.monotonic()
        run_on(one, on, "same", start=False)
        assert time.monotonic() - start < SOON
        assert one.api.call("DELETE", "/containers/same").status == 204


def test_a_removed_containers_name_is_soon_free_elsewhere(cluster):
    one, two, third = cluster
    run_on(one, third, "same", start=False)
    time.sleep(1)
    assert one.api.call("DELETE", "/containers/same").status == 204
    start = time.monotonic()
    run_on(two, two, "same", start=False)
    assert time.monotonic() - start < SOON


def test_volumes_and_networks_are_seen_through_all_at_once(cluster):
    one, two, third = cluster
    for number in range(5):
        one.api.post("/volumes/create", {"Name": f"disk{number}"})
        two.api.post("/networks/create", {"Name": f"net{number}"})
        assert third.api.get(f"/volumes/disk{number}").status == 200
        assert third.api.get(f"/networks/net{number}").status == 200
        assert third.api.call("DELETE", f"/volumes/disk{number}").status == 204
        assert one.api.get(f"/volumes/disk{number}").status == 404


@pytest.mark.slow
def test_of_two_hosts_that_create_one_name_at_once_one_wins(cluster, note):
    """Each round all three ask at once, each for a container on itself."""
    start = threading.Barrier(3, timeout=60)
    answers = [[] for _ in cluster]

    def ask(index):
        with cluster[index].api.connect(60) as connection:
            for number in range(ROUNDS):
                body = {"Image": "busybox", "Labels": {"io.drover.node": cluster[index].name}}
                start.wait()
                answers[index].append(
                    connection.call("POST", f"/containers/create?name=race{number}", body)
                )

    began = time.monotonic()
    threads = [threading.Thread(target=ask, args=(index,)) for index in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    note(
        f"one name wanted by three hosts: {(time.monotonic() - began) / ROUNDS * 1000:.0f} ms a round"
    )
    for number, replies in enumerate(zip(*answers, strict=True)):
        statuses = sorted(each.status for each in replies)
        assert statuses == [201, 409, 409], (number, [each.body for each in replies])
        winner = next(each.json()["Id"] for each in replies if each.status == 201)
        for each in replies:
            if each.status == 409:
                assert each.message == (
                    f'Conflict. The container name "/race{number}" is already in use by container '
                    f'"{winner}". You have to remove (or rename) that container to be able to '
                    "reuse that name."
                )
        holders = [node.has(f"race{number}") for node in cluster]
        assert holders.count(True) == 1, number


def test_of_two_renames_to_one_name_one_wins(cluster):
    one, two, third = cluster
    for number in range(5):
        first = run_on(one, one, f"a{number}x", start=False)
        second = run_on(one, two, f"b{number}x", start=False)
        answers = {}

        def rename(node, identity):
            path = f"/containers/{identity}/rename?name=wanted{number}"
            answers[identity] = node.api.post(path).status

        threads = [
            threading.Thread(target=rename, args=each) for each in ((two, first), (third, second))
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert sorted(answers.values()) == [204, 409]


def test_a_client_that_never_pauses_meets_no_error(cluster, note):
    """Creates, starts, lists and removes through all nodes in turn, three clients at a time."""
    faults, count = [], [0]
    deadline = time.monotonic() + 5

    def work(who):
        number = 0
        while time.monotonic() < deadline:
            via = cluster[(who + number) % 3]
            name = f"busy{who}-{number}"
            create(via.api, name, "true")
            listed = names(via)
            removed = cluster[(who + number + 1) % 3].api.call("DELETE", f"/containers/{name}")
            if removed.status != 204 or name not in listed:
                faults.append((name, name in listed, removed.body))
            number += 1
            count[0] += 1

    threads = [threading.Thread(target=work, args=(who,)) for who in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults, faults[:5]
    note(f"three hosts, three clients: {count[0] / 5:.0f} creates and removals a second")
    assert count[0] > 20
    for node in cluster:
        seen_within(lambda: names(node) == set(), 1)


def test_what_a_tag_means_now_all_know_within_a_tenth_of_a_second(cluster, note):
    """A tag that goes to and fro between two images, while all nodes have it for one of them."""
    one = cluster[0]
    images = [build(one, f"fresh:{word}", word) for word in ("a", "b")]
    one.docker("tag", "fresh:a", "fresh:1")
    for on in cluster:
        assert run_printing(one, on, "fresh:1") == "a"

    def means(via):
        return via.api.get("/images/fresh:1/json").json()["Id"]

    times = []
    for number in range(10):
        source, wanted = ("fresh:b", images[1]) if number % 2 == 0 else ("fresh:a", images[0])
        assert one.api.post(f"/images/{source}/tag?repo=fresh&tag=1").status == 201
        times.append(max(seen_within(lambda: means(via) == wanted, SOON) for via in cluster))
    times.sort()
    note(f"a tag's new meaning is known to all after {times[len(times) // 2] * 1000:.0f} ms")
    assert times[len(times) // 2] <= 0.1, times
