"""What an engine refuses by itself a cluster refuses in its words: each request goes to an engine alone, too."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.engine import wait_until
from harness.placement import refused, where

JSON = {"Content-Type": "application/json"}

# What no engine of the lab takes: more of the query, more of the body.
CREATES = {
    "volumes of a container": ("", {"HostConfig": {"VolumesFrom": ["nope"]}}),
    "a link": ("", {"HostConfig": {"Links": ["nope:x"]}}),
    "an ipc namespace": ("", {"HostConfig": {"IpcMode": "container:nope"}}),
    "a pid namespace": ("", {"HostConfig": {"PidMode": "container:nope"}}),
    "another platform": ("&platform=linux/arm64", {}),
    "another platform, of no image": ("&platform=linux/arm64", {"Image": "nope"}),
    "a runtime": ("", {"HostConfig": {"Runtime": "nope"}}),
    "processors": ("", {"HostConfig": {"NanoCpus": 1000 * 10**9}}),
    "two things": ("", {"HostConfig": {"Runtime": "nope", "VolumesFrom": ["nope"]}}),
}  # fmt: skip


def create(endpoint, more, body):
    return endpoint.post(f"/containers/create?name=odd{more}", {"Image": "busybox"} | body)


def said(answer):
    return answer.status, answer.header("Content-Type"), answer.body


@pytest.mark.parametrize("more, body", CREATES.values(), ids=CREATES)
def test_a_create_that_no_engine_takes_is_refused_as_by_one(cluster, more, body):
    alone = create(cluster[0].direct, more, body)
    assert alone.status in (400, 404)
    for via in cluster[:2]:
        assert said(create(via.api, more, body)) == said(alone)
        assert where(cluster, "odd") == []
    # The name was given back.
    assert create(cluster[2].api, "", {}).status == 201


def test_drivers_that_are_nowhere_are_looked_for_by_an_engine(cluster):
    """Which takes its time."""
    bodies = [
        {"HostConfig": {"VolumeDriver": "nope", "Binds": ["v:/v"]}},
        {"HostConfig": {"LogConfig": {"Type": "nope"}}},
    ]

    def ask(endpoint, number):
        body = {"Image": "busybox"} | bodies[number]
        return endpoint.post(f"/containers/create?name=odd{number}", body, timeout=60)

    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(ask, endpoint, number)
                 for number in (0, 1) for endpoint in (cluster[2].direct, cluster[number].api)]  # fmt: skip
        answers = [each.result() for each in calls]
    for alone, ours in (answers[:2], answers[2:]):
        assert said(ours) == said(alone) and ours.status in (400, 404)


def test_the_node_that_the_labels_allow_is_asked(cluster):
    body = {"HostConfig": {"Runtime": "nope"}, "Labels": {"io.drover.node": cluster[2].name}}
    alone = create(cluster[2].direct, "", {"HostConfig": body["HostConfig"]})
    assert said(create(cluster[0].api, "", body)) == said(alone)


def test_reasons_of_drover_s_own_are_told_as_such(cluster):
    one = cluster[0]
    nowhere = {"io.drover.node": "nowhere"}
    log = {"LogConfig": {"Type": "nope"}}
    assert "io.drover.node asks for" in refused(one, "odd", nowhere, HostConfig=log)
    cpus = {"NanoCpus": 1000 * 10**9}
    assert "io.drover.node asks for" in refused(one, "odd", nowhere, HostConfig=cpus)
    # By its quota a container may have more processors than there are, as far as engines go.
    quota = {"CpuPeriod": 1000, "CpuQuota": 1000000}
    assert "reservation" in refused(one, "odd", HostConfig=quota)


def test_a_node_that_takes_no_containers_does_not_count(cluster):
    more, body = CREATES["another platform"]
    alone = create(cluster[0].direct, more, body)
    cluster[0].docker("node", "update", "--availability", "drain", cluster[0].name)
    try:
        assert said(create(cluster[0].api, more, body)) == said(alone)
    finally:
        cluster[0].docker("node", "update", "--availability", "active", cluster[0].name)


def test_run_shows_the_engine_s_words_and_pulls_nothing(cluster):
    """docker run takes a 404 for a missing image, and pulls it."""
    for option in (["--volumes-from", "nope"], ["--link", "nope:x"], ["--runtime", "nope"]):
        alone, ours = (each.cli("run", "--rm", *option, "busybox", "true")
                       for each in (cluster[0].direct, cluster[1].api))  # fmt: skip
        assert (ours.returncode, ours.stderr) == (alone.returncode, alone.stderr)


# Requests about what is not there, in which more is wrong.
ABOUT_NOTHING = [
    ("POST", "/containers/nope/exec", b"{"),
    ("POST", "/containers/nope/exec", b'{"Cmd":[]}'),
    ("POST", "/containers/nope/exec", b'{"Cmd":"x"}'),
    ("POST", "/containers/nope/exec", b'{"Cmd":["x"]}'),
    ("POST", "/containers/nope/update", b"{"),
    ("POST", "/containers/nope/update", b'{"Memory":"x"}'),
    ("POST", "/containers/nope/update", b"{}"),
    ("GET", "/containers/nope/logs", None),
    ("GET", "/containers/nope/logs?stdout=1", None),
    ("GET", "/containers/nope/archive", None),
    ("GET", "/containers/nope/archive?path=/x", None),
    ("POST", "/containers/nope/wait?condition=soon", None),
    ("POST", "/containers/nope/resize?h=x", None),
    ("POST", "/containers/nope/kill?signal=SOON", None),
    ("POST", "/containers/nope/stop?t=soon", None),
    ("POST", "/containers/nope/stop", None),
    ("POST", "/containers/nope/start", None),
    ("POST", "/containers/nope/rename", None),
    ("POST", "/containers/nope/rename?name=other", None),
    ("POST", "/containers/nope/attach", None),
    ("DELETE", "/containers/nope", None),
    ("POST", "/exec/nope/start", b"{"),
    ("POST", "/exec/nope/resize?h=x", None),
    ("GET", "/exec/nope/json", None),
    ("POST", "/networks/nope/connect", b"{"),
    ("POST", "/networks/nope/connect", b'{"Container":"nope"}'),
    ("POST", "/networks/nope/disconnect", b'{"Container":"nope"}'),
    ("GET", "/networks/nope", None),
    ("DELETE", "/networks/nope", None),
]


@pytest.mark.parametrize("method, path, body", ABOUT_NOTHING, ids=range(len(ABOUT_NOTHING)))
def test_what_is_asked_of_nothing_is_refused_as_by_the_engine(cluster, method, path, body):
    headers = JSON if body else {}
    alone, ours = (each.call(method, path, body=body, headers=headers)
                   for each in (cluster[1].direct, cluster[1].api))  # fmt: skip
    assert said(ours) == said(alone) and ours.status >= 400


# Each with a body that is right otherwise.
POSTS = {
    "/containers/create?name=typed": b'{"Image":"busybox"}',
    "/containers/there/exec": b'{"Cmd":["true"]}',
    "/containers/there/update": b'{"Memory":33554432}',
    "/networks/create": b'{"Name":"typed"}',
    "/networks/there/connect": b'{"Container":"there"}',
    "/networks/there/disconnect": b'{"Container":"there"}',
    "/volumes/create": b'{"Name":"typed"}',
}
TYPES = [
    None,
    "",
    "text/plain",
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/json; charset",
    "application/json;;",
    "application/jsonx",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "/",
]


@pytest.mark.parametrize("path", POSTS)
def test_a_body_is_json_if_the_engine_takes_its_type_for_it(cluster, path):
    two = cluster[1]
    body = {"Image": "busybox", "Cmd": ["sleep", "1d"]}
    assert two.direct.post("/containers/create?name=there", body).status == 201
    assert two.direct.post("/containers/there/start").status == 204
    assert two.direct.post("/networks/create", {"Name": "there"}).status == 201
    for kind in TYPES:
        # Parameters of the type are looked at where the body is right.
        bodies = (POSTS[path],) if kind and ";" in kind else (POSTS[path], b"{", b"nope", b"")
        for body in bodies:
            answers = []
            for endpoint in (two.direct, cluster[0].api):
                join = {"/connect": "disconnect", "/disconnect": "connect"}
                for end, other in join.items():  # anew each time
                    if path.endswith("there" + end):
                        two.direct.post(f"/networks/there/{other}", {"Container": "there"})
                headers = {} if kind is None else {"Content-Type": kind}
                answer = endpoint.call("POST", path, body=body, headers=headers)
                answers.append((answer.status, answer.message if answer.status >= 400 else ""))
                for made in ("/containers/typed", "/networks/typed", "/volumes/typed"):
                    endpoint.call("DELETE", made)
            [alone, ours] = answers
            # Engines of before 23.0 take a broken body for a fault of their own.
            statuses = (alone[0], 400) if alone[0] == 500 else (alone[0],)
            assert ours[0] in statuses and ours[1] == alone[1], (kind, body, alone, ours)


def test_a_global_container_s_update_is_json_too(cluster):
    labels = {"io.drover.global": "true"}
    body = {"Image": "busybox", "Labels": labels}
    assert cluster[0].api.post("/containers/create?name=odd", body).status == 201
    headers = {"Content-Type": "text/plain"}
    body = b'{"Memory":33554432}'
    path = "/containers/odd/update"
    alone, ours = (each.call("POST", path, body=body, headers=headers)
                   for each in (cluster[0].direct, cluster[0].api))  # fmt: skip
    assert said(ours) == said(alone) and ours.status == 400


def test_info_counts_the_images_that_are_listed_with_all(cluster):
    """Engines count the parents of images that a build leaves, too."""
    one = cluster[0]
    for number, each in enumerate(cluster[:2]):
        file = f"FROM busybox\nRUN echo {number} >/a\nRUN echo b >/b\n".encode()
        each.direct.docker("build", "-t", f"parents{number}", "-", input=file,
                           env={"DOCKER_BUILDKIT": "0"})  # fmt: skip
    listed = {image["Id"] for each in cluster for image in each.direct.get("/images/json?all=1").json()}
    assert len(listed) > len(one.api.get("/images/json").json())
    assert {image["Id"] for image in one.api.get("/images/json?all=1").json()} == listed
    for each in cluster:
        wait_until(lambda: each.api.get("/info").json()["Images"] == len(listed), what="counted")
