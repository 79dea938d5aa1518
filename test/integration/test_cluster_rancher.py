"""Compose files as people wrote them for Rancher 1.x (compose/rancher), brought up by Compose 1.29 as it is."""

from pathlib import Path

import pytest

from harness.compose import Project
from harness.placement import labelled, where

FILES = Path(__file__).parent / "compose/rancher"


def project(cluster, name, via=0, **variables):
    return Project(["docker-compose"], cluster[via].api, name, FILES / f"{name}.yml", **variables)


@pytest.fixture(scope="module")
def hosts(cluster):
    """The cluster, with the labels of hosts that the files speak of."""
    with labelled(
        cluster, disk=("hdd", "ssd", "nvme"), region=("eu", "eu", "us"), all=("yes",) * 3
    ):
        yield cluster


def test_each_key_of_the_scheduler_does_what_it_did_there(hosts):
    project(hosts, "rules", via=1).run("up", "-d", "--scale", "everywhere=3")
    rules = {}  # the hosts of each service's containers
    for number, node in enumerate(hosts, 1):
        for each in node.direct.get("/containers/json?all=1").json():
            service = each["Labels"]["com.docker.compose.service"]
            rules.setdefault(service, []).append(number)
    near, far = [[2]], [[1], [3]]
    expected = {
        "base": [[2]],
        "everywhere": [[1, 2, 3]],
        "host-label": [[3]],
        "host-label-ne": [[3]],
        "container-label": near,
        "container-label-ne": far,
        "service": near,
        "service-alone": near,
        "container": near,
        "container-ne": far,
        "host-label-soft": [[3]],
        "host-label-soft-ne": [[3]],
        "container-label-soft": near,
        "container-label-soft-ne": far,
        "container-soft": near,
        "container-soft-ne": far,
    }
    anywhere = {name: [[1], [2], [3]] for name in rules if name.startswith("unmet-")}
    assert len(anywhere) == 6
    assert set(rules) == set(expected) | set(anywhere)
    assert {name: at for name, at in rules.items() if at not in (expected | anywhere)[name]} == {}


def test_what_fits_nowhere_is_told_by_compose(hosts):
    project(hosts, "rules").run("up", "-d", "--scale", "everywhere=3", "everywhere")
    nowhere = project(hosts, "nowhere")
    done = nowhere.compose("up", "-d")
    assert done.returncode == 1
    told = {
        "host-label": "constraint: 3 of 3 nodes",
        "host-label-ne": "constraint: 3 of 3 nodes",
        "container-label": "affinity: 3 of 3 nodes",
        "container-label-ne": "affinity: 3 of 3 nodes",
        "container": "affinity: 3 of 3 nodes",
        "container-ne": "affinity: 3 of 3 nodes",
    }
    for service, words in told.items():
        start = f"ERROR: for {service}  Cannot create container for service {service}: "
        [text] = [each for each in done.stderr.split("\n\n") if each.startswith(start)]
        assert words in text, text
        for node in hosts:
            assert f"{node.name}: {words.partition(':')[0]}: " in text, text
        assert where(hosts, f"nowhere_{service}_1") == []


def test_sidekicks_go_where_their_service_is(hosts):
    sidekicks = project(hosts, "sidekicks", via=1)
    sidekicks.run("up", "-d", "--scale", "web=3", "--scale", "web-log=3")
    try:
        for service in ("db-data", "db", "db-backup"):
            assert where(hosts, f"sidekicks_{service}_1") == [3]
        homes = [where(hosts, f"sidekicks_web_{number}") for number in (1, 2, 3)]
        assert sorted(homes) == [[1], [2], [3]]
        assert [where(hosts, f"sidekicks_web-log_{number}") for number in (1, 2, 3)] == homes
        assert sidekicks.run("exec", "-T", "db", "ls", "/data") == "made\n"
        assert sidekicks.run("exec", "-T", "db", "hostname") == "sidekicks_db_1\n"
    finally:
        sidekicks.run("down", "-v", "-t", "1")


def test_a_file_of_the_first_form(hosts):
    first = project(hosts, "first", via=2)
    first.run("up", "-d", "--scale", "cache=1")
    [home] = where(hosts, "first_cache_1")
    assert where(hosts, "first_front_1") == [home]
    page = first.run("exec", "-T", "front", "ping", "-c", "1", "store")
    assert "1 packets received" in page


def test_each_unit_has_its_own_sidekicks(hosts):
    units = project(hosts, "units", via=1)
    units.run("up", "-d", *(f"--scale={service}=3" for service in ("web", "data", "agent")))
    try:
        homes = [where(hosts, f"units_web_{number}") for number in (1, 2, 3)]
        assert sorted(homes) == [[1], [2], [3]]
        for service in ("data", "agent"):
            assert [where(hosts, f"units_{service}_{number}") for number in (1, 2, 3)] == homes
        for number in (1, 2, 3):
            web = hosts[0].api.get(f"/containers/units_web_{number}/json").json()
            data = hosts[0].api.get(f"/containers/units_data_{number}/json").json()
            agent = hosts[0].api.get(f"/containers/units_agent_{number}/json").json()
            assert web["HostConfig"]["VolumesFrom"] == [f"{data['Id']}:rw"]
            assert agent["HostConfig"]["NetworkMode"] == f"container:{web['Id']}"
            made = units.run("exec", "-T", f"--index={number}", "web", "cat", "/data/made")
            assert made == data["Config"]["Hostname"] + "\n"
    finally:
        units.run("down", "-v", "-t", "1")


def test_a_service_that_fills_all_hosts_is_recreated_in_its_place(hosts):
    half = int(hosts[0].api.get("/info").json()["MemTotal"] / 3 * 0.6)
    scale = ("--scale=web=3", "--scale=data=3")
    before = project(hosts, "apart", HALF=str(half), RELEASE="1")
    after = project(hosts, "apart", via=1, HALF=str(half), RELEASE="2")
    names = [f"apart_{service}_{number}" for service in ("web", "data") for number in (1, 2, 3)]
    before.run("up", "-d", *scale)
    try:
        homes = [where(hosts, name) for name in names]
        assert sorted(homes[:3]) == sorted(homes[3:]) == [[1], [2], [3]]
        after.run("up", "-d", "-t", "1", *scale)
        for name, home in zip(names, homes):
            seen = hosts[0].api.get(f"/containers/{name}/json").json()
            assert "RELEASE=2" in seen["Config"]["Env"] and seen["State"]["Running"]
            assert where(hosts, name) == home
    finally:
        after.run("down", "-v", "-t", "1")
