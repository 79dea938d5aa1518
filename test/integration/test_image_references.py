"""The table that the unit tests hold the reader of image names against, held against a real engine."""

from pathlib import Path
from urllib.parse import quote

from harness.engine import REPOSITORY

TABLE = Path(REPOSITORY) / "test/docker/image_references.txt"


def rows():
    lines = TABLE.read_text().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def test_the_engine_reads_each_name_as_the_table_says(direct, drover):
    assert len(rows()) >= 60
    for name, expected in rows():
        ours, theirs = (
            each.post("/containers/create", {"Image": name, "Cmd": ["true"]})
            for each in (drover, direct)
        )
        assert (ours.status, ours.body) == (theirs.status, theirs.body), name
        if expected == "-":
            assert theirs.status == 400, (name, theirs.body)
        else:
            assert theirs.status == 404, (name, theirs.body)
            assert theirs.message == f"No such image: {expected}", name


def test_the_engine_lists_what_it_was_asked_to_tag(direct):
    for name, expected in rows():
        if expected == "-" or "@" in expected or expected.startswith("sha"):
            continue  # no tag, or one that cannot be told from an id
        answer = direct.post(f"/images/busybox/tag?repo={quote(name, safe='')}")
        assert answer.status == 201, (name, answer.body)
        tags = direct.get("/images/busybox/json").json()["RepoTags"]
        assert sorted(tags) == sorted(["busybox:latest", expected]), name
        assert direct.call("DELETE", f"/images/{quote(expected, safe='')}").status == 200
