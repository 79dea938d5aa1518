"""Images: made or pulled on one host, used on all, without a registry in between."""

import io
import json
import os
import signal
import tarfile
import threading
import time
from urllib.parse import quote

import pytest

from harness.cluster import run_on
from harness.engine import wait_until
from harness.images import build, run_printing


def make_image(node, name, size=1000):
    """An image of its own on one engine alone."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        entry = tarfile.TarInfo(name.replace(":", "-"))
        entry.size = size
        archive.addfile(entry, io.BytesIO(name.encode() * (size // len(name) + 1)))
    answer = node.direct.post(
        f"/images/create?fromSrc=-&repo={name}", content.getvalue(), timeout=60
    )
    assert answer.status == 200 and b"error" not in answer.body, answer.body


def loads(node, since):
    """How many images the engine has loaded from archives, by its own events."""
    path = f"/events?since={since:.9f}&until={time.time():.9f}"
    path += '&filters={"type":["image"],"event":["load"]}'
    return len([line for line in node.direct.get(path).body.splitlines() if line])


def holders(cluster, name):
    return [each.host.number for each in cluster if each.has_image(name)]


DOCKERFILE = b"FROM busybox\nRUN echo built > /made\nCMD cat /made\n"


@pytest.mark.parametrize("buildkit", ["0", "1"])
def test_built_on_one_node_runs_on_the_others(cluster, one, two, third, buildkit):
    one.docker("build", "--tag", "app:1", "-", input=DOCKERFILE, env={"DOCKER_BUILDKIT": buildkit})
    assert holders(cluster, "app:1") == [1]
    for to in (two, third):
        label = f"io.drover.node={to.name}"
        assert third.docker("run", "--rm", "--label", label, "app:1") == "built"
    assert holders(cluster, "app:1") == [1, 2, 3]


def test_loaded_on_one_node_runs_on_another(cluster, one, two, third):
    make_image(one, "carried:1")
    archive = one.cli("save", "carried:1").stdout
    one.direct.docker("rmi", "carried:1")
    third.docker("load", input=archive)
    assert holders(cluster, "carried:1") == [3]
    run_on(one, two, "user", "/carried-1", image="carried:1", start=False)
    assert holders(cluster, "carried:1") == [2, 3]


def test_ten_creates_that_lack_an_image_wait_for_one_transfer(cluster, one, two, third):
    make_image(third, "wanted:1", size=30_000_000)
    since = time.time()
    answers = []

    def make(number):
        body = {"Image": "wanted:1", "Cmd": ["x"], "Labels": {"io.drover.node": two.name}}
        via = cluster[number % 3].api
        answers.append(via.post(f"/containers/create?name=at-once{number}", body, timeout=60))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.status for each in answers] == [201] * 10, [each.body for each in answers]
    assert loads(two, since) == 1
    assert (loads(one, since), loads(third, since)) == (0, 0)


def test_images_of_several_nodes_are_saved_together(cluster, one, two, third):
    make_image(two, "left:1")
    make_image(third, "right:1")
    saved = one.cli("save", "left:1", "right:1")
    assert saved.returncode == 0, saved.stderr
    with tarfile.open(fileobj=io.BytesIO(saved.stdout)) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    assert sorted(each["RepoTags"][0] for each in manifest) == ["left:1", "right:1"]
    ours, theirs = (each.cli("save", "left:1", "nowhere:1") for each in (one, one.direct))
    assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr)


def saved_tags(node, *names):
    saved = node.cli("save", *names)
    assert saved.returncode == 0, saved.stderr
    with tarfile.open(fileobj=io.BytesIO(saved.stdout)) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    return sorted(tag for each in manifest for tag in each["RepoTags"] or [])


def test_a_repository_is_saved_with_the_tags_of_all_nodes(cluster, one, two, third):
    make_image(one, "whole:1")
    make_image(two, "whole:2")
    make_image(third, "whole:3")
    make_image(third, "beside:1")
    old = build(two, "whole:moved", "old")
    assert run_printing(two, third, "whole:moved") == "old"
    new = build(two, "whole:moved", "NEW")
    every = ["whole:1", "whole:2", "whole:3", "whole:moved"]
    assert saved_tags(one, "whole", "beside") == ["beside:1", *every]
    # And by way of one that has none of them.
    one.direct.docker("rmi", "whole:2", "whole:3", "whole:moved")
    make_image(one, "whole:4", size=2000)
    assert saved_tags(one, "docker.io/library/whole") == sorted([*every, "whole:4"])
    one.docker("rmi", "whole:4")
    make_image(two, "bare:2")
    make_image(third, "bare:3")
    assert saved_tags(one, "bare") == ["bare:2", "bare:3"]
    # Of a tag that has moved, what it means; be the former image here.
    assert saved_tags(third, "whole") == every
    for node in (one, third):
        assert node.direct.get("/images/whole:moved/json").json()["Id"] == new != old
    make_image(two, "whole:away")
    wait_until(lambda: one.api.get("/images/whole:away/json").status == 200)
    time.sleep(0.5)  # by then records have told of what was made at an engine itself
    os.kill(two.host.pid, signal.SIGSTOP)
    try:
        refused = one.cli("save", "whole")
        assert refused.returncode == 1
        assert b"whole:away" in refused.stderr and two.name.encode() in refused.stderr
        assert saved_tags(one, "whole:1", "whole:2") == ["whole:1", "whole:2"]
    finally:
        os.kill(two.host.pid, signal.SIGCONT)
    wait_until(lambda: one.api.get("/images/whole:away/json").status == 200)


def test_one_far_image_is_saved_and_looked_at(cluster, one, two):
    make_image(two, "far:1")
    assert one.docker("history", "far:1", "--quiet")
    assert one.docker("image", "inspect", "far:1", "--format", "{{.Id}}") == two.direct.docker(
        "image", "inspect", "far:1", "--format", "{{.Id}}"
    )
    saved = one.cli("save", "far:1")
    assert saved.returncode == 0, saved.stderr
    assert "manifest.json" in tarfile.open(fileobj=io.BytesIO(saved.stdout)).getnames()


def test_an_image_is_saved_whatever_way_its_name_is_written(cluster, one, two):
    make_image(two, "team/far:1")
    for path in ("/images/team/far:1/get", "/images/team%2Ffar%3A1/get"):
        saved = one.api.get(path)
        assert saved.status == 200, saved.body
        with tarfile.open(fileobj=io.BytesIO(saved.body)) as archive:
            manifest = json.load(archive.extractfile("manifest.json"))
        assert [each["RepoTags"] for each in manifest] == [["team/far:1"]]
        one.direct.docker("rmi", "team/far:1")
    missing = "/images/team%2Fnone%3A1/get"
    ours, theirs = one.api.get(missing), one.direct.get(missing)
    assert (ours.status, ours.message) == (theirs.status, theirs.message)


def test_images_before_and_since_one_of_another_host(cluster, one, two, third):
    made = []
    for node, name in ((one, "a"), (two, "b"), (third, "c"), (one, "d"), (two, "e"), (third, "f")):
        make_image(node, f"row:{name}")  # several in a second
        made.append(name)

    def listed(node, *filters):
        return node.docker(
            "images", "--format", "{{.Tag}}", "--filter", "reference=row",
            *(f"--filter={each}" for each in filters),
        ).split()  # fmt: skip

    for node in cluster:
        for place, name in enumerate(made):
            assert sorted(listed(node, f"before=row:{name}")) == made[:place]
            assert sorted(listed(node, f"since=row:{name}")) == made[place + 1 :]
        assert sorted(listed(node, "since=row:a", "before=row:e")) == ["b", "c", "d"]
        assert sorted(listed(node, "since=row:a", f"node={two.name}")) == ["b", "e"]
        for missing in ("before=row:none", "since=row:none"):
            ours = node.cli("images", "--filter", missing)
            theirs = node.direct.cli("images", "--filter", missing)
            assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr)


def test_tag_and_rmi_reach_all_holders(cluster, one, two, third):
    make_image(one, "both:1")
    archive = one.direct.cli("save", "both:1").stdout
    two.direct.docker("load", input=archive)
    third.docker("tag", "both:1", "both:2")
    assert holders(cluster, "both:2") == [1, 2]
    removed = third.docker("rmi", "both:1")
    assert "Untagged: both:1" in removed
    assert holders(cluster, "both:1") == []
    third.docker("rmi", "both:2")
    assert holders(cluster, "both:2") == []
    again = third.cli("rmi", "both:2")
    assert again.returncode == 1 and b"No such image: both:2" in again.stderr


def test_rmi_of_an_image_in_use_elsewhere_is_refused(cluster, one, two):
    make_image(two, "used:1")
    run_on(one, two, "user", "/used-1", image="used:1", start=False)
    refused = one.cli("rmi", "used:1")
    assert refused.returncode == 1 and b"conflict" in refused.stderr
    assert holders(cluster, "used:1") == [2]


@pytest.fixture
def published(lab, one):
    """An image in the registry of the first host, and on no engine."""
    name = f"{lab.hosts[0].address}:5000/published:1"
    one.direct.docker("tag", "busybox", name)
    one.docker("push", name)
    one.direct.docker("rmi", name)
    return name


def test_run_pulls_the_image_on_the_node_where_the_container_goes(cluster, one, third, published):
    label = f"io.drover.node={third.name}"
    done = one.cli("run", "--label", label, published, "echo", "pulled")
    assert (done.returncode, done.stdout) == (0, b"pulled\n"), done.stderr
    assert holders(cluster, published) == [3]


def test_a_run_that_nobody_directs_pulls_once(cluster, one, published):
    run_on(one, one, "loaded")  # so that another host is less loaded
    done = one.cli("run", "--name", "chosen", published, "echo", "pulled")
    assert (done.returncode, done.stdout) == (0, b"pulled\n"), done.stderr
    assert len(holders(cluster, published)) == 1
    assert holders(cluster, published) == [
        each.host.number for each in cluster if each.has("chosen")
    ]


def test_pull_by_itself_lands_here_and_push_goes_from_the_holder(
    cluster, one, two, third, lab, published
):
    two.docker("pull", "--quiet", published)
    assert holders(cluster, published) == [2]
    other = published.replace("published:1", "again:1")
    third.docker("tag", published, other)
    third.docker("push", "--quiet", other)
    two.docker("rmi", other, published)
    third.docker("pull", "--quiet", other)
    assert holders(cluster, other) == [3]


def test_all_tags_are_pushed_whichever_host_has_them(cluster, one, two, third, lab):
    repository = f"{lab.hosts[0].address}:5000/everywhere"
    for node, tag in ((two, "1"), (two, "2"), (third, "3")):
        make_image(node, f"{repository}:{tag}")
    one.docker("push", "--all-tags", repository)
    for tag in "123":
        one.direct.docker("pull", "--quiet", f"{repository}:{tag}")
    ours, theirs = (each.cli("push", "--all-tags", "nowhere") for each in (one, one.direct))
    assert (ours.returncode, ours.stderr) == (theirs.returncode, theirs.stderr)


def test_an_image_that_no_registry_has_is_refused_in_the_engines_words(one, two, lab):
    name = f"{lab.hosts[0].address}:5000/missing:1"
    for node in (one, two):
        done = node.cli("run", name)
        assert done.returncode == 125
        assert b"manifest unknown" in done.stderr or b"not found" in done.stderr


def test_image_prune_works_on_all_nodes(cluster, one):
    for node in cluster:
        make_image(node, f"dangling:{node.host.number}")
    for node in cluster:
        identity = node.direct.docker("images", "--quiet", f"dangling:{node.host.number}")
        node.direct.docker("tag", "busybox", f"dangling:{node.host.number}")
        assert node.has_image(identity)
    pruned = one.docker("image", "prune", "--force")
    assert pruned.count("deleted: sha256:") >= 3
    for node in cluster:
        assert node.direct.get('/images/json?filters={"dangling":["true"]}').json() == []


# ---- a tag that moves, moves for all


def rows(node, *args):
    """What `docker images` shows: (repository:tag, id)."""
    lines = node.docker(
        "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", *args
    )
    return [tuple(line.split()) for line in lines.splitlines()]


def test_a_tag_that_is_built_anew_is_the_new_image_on_every_node(cluster, one, two, third):
    old = build(one, "moved:1", "old")
    for on in cluster:
        assert run_printing(one, on, "moved:1") == "old"
    new = build(one, "moved:1", "NEW")
    told = time.time()
    deadline = told + 0.1
    # What every node knows of it, it knows within a tenth of a second.
    for via in cluster:
        while via.docker("image", "inspect", "--format", "{{.Id}}", "moved:1").strip() != new:
            assert time.time() < deadline + 0.5, via.name
    assert [row for row in rows(two) if row[0] == "moved:1"] == [("moved:1", new)]
    assert ("<none>:<none>", old) in rows(two)
    assert rows(third, "moved:1") == [("moved:1", new)]
    since = time.time()
    for via in cluster:
        for on in cluster:
            assert run_printing(via, on, "moved:1") == "NEW", (via.name, on.name)
    # One transfer to each of the two that had the former image, and none after it.
    assert [loads(each, since) for each in cluster] == [0, 1, 1]
    # What is left of the former image is as on one engine.
    for each in cluster:
        listed = each.direct.get("/images/json").json()
        left = [image for image in listed if image["Id"] == old]
        assert [image["RepoTags"] or ["<none>:<none>"] for image in left] == [["<none>:<none>"]]


def test_a_tag_is_one_however_its_name_is_written(cluster, one, two, third):
    names = [f"{folder}spelt:1" for folder in ("", "library/", "docker.io/", "docker.io/library/")]
    names += ["index.docker.io/library/spelt:1"]
    old = build(two, "spelt:1", "old")
    assert run_printing(two, third, "spelt:1") == "old"
    new = build(two, "spelt:1", "new")
    for name in names:
        answer = third.api.get(f"/images/{quote(name, safe='')}/json")
        assert (name, answer.json()["Id"]) == (name, new)
    assert third.direct.get("/images/spelt:1/json").json()["Id"] == old
    assert run_printing(one, third, "library/spelt:1") == "new"


def test_containers_of_an_image_that_only_a_silent_host_has(cluster, one, two):
    make_image(two, "lonely:1")
    run_on(one, two, "hermit", "/x", image="lonely:1", start=False)
    image = two.direct.get("/images/lonely:1/json").json()["Id"]
    time.sleep(0.5)  # by then records have told of what was made at an engine itself
    os.kill(two.host.pid, signal.SIGSTOP)
    try:
        for name, expected in (
            ("lonely:1", ["hermit"]),
            ("library/lonely:1", ["hermit"]),
            ("docker.io/library/lonely:1", ["hermit"]),
            (image[7:19], ["hermit"]),
            ("lonely", []),
        ):
            asked = ("ps", "--all", "--format", "{{.Names}}", "--filter", f"ancestor={name}")
            assert (name, one.docker(*asked).split()) == (name, expected)
    finally:
        os.kill(two.host.pid, signal.SIGCONT)


def test_a_tag_that_moves_by_another_node_moves_back_and_forth(cluster, one, two, third):
    first, second = build(one, "swing:1", "first"), build(two, "swing:2", "second")
    assert run_printing(third, third, "swing:1") == "first"
    two.docker("tag", "swing:2", "swing:1")
    time.sleep(0.1)
    assert run_printing(third, third, "swing:1") == "second"
    assert run_printing(one, one, "swing:1") == "second"
    third.docker("tag", first, "swing:1")
    time.sleep(0.1)
    for via in cluster:
        assert via.docker("image", "inspect", "--format", "{{.Id}}", "swing:1").strip() == first
        assert run_printing(via, via, "swing:1") == "first"
    assert second in [row[1] for row in rows(one, "swing:2")]
    one.docker("rmi", "swing:1")
    assert not any(each.has_image("swing:1") for each in cluster)


def test_what_moved_behind_our_back_moved_for_all(cluster, one, two):
    build(one, "behind:1", "old")
    assert run_printing(one, two, "behind:1") == "old"
    new = build(two, "behind:2", "new")
    two.direct.post("/images/behind:2/tag?repo=behind&tag=1")
    deadline = time.time() + 2
    while one.docker("image", "inspect", "--format", "{{.Id}}", "behind:1").strip() != new:
        assert time.time() < deadline
    assert run_printing(one, one, "behind:1") == "new"


def test_a_build_is_what_its_node_runs_at_once(cluster, two):
    """Between the build and the run nobody has time to tell anybody."""
    for word in ("a", "b", "c"):
        body = f"FROM busybox\nRUN echo {word} > /v\nCMD cat /v\n".encode()
        two.docker("build", "--quiet", "--tag", "quick:1", "-", input=body)
        made = two.api.post(
            "/containers/create",
            {"Image": "quick:1", "Labels": {"io.drover.node": two.name}},
        )
        assert made.status == 201, made.body
        image = two.api.get(f"/containers/{made.json()['Id']}/json").json()["Image"]
        assert image == two.direct.get("/images/quick:1/json").json()["Id"]
