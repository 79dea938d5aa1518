"""What an engine refuses by itself a cluster refuses in its words: each request goes to an engine alone, too."""

import pytest

from harness.engine import wait_until

def said(answer):
    return answer.status, answer.header("Content-Type"), answer.body


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
