"""Queries that are odd, or wrong: a cluster takes them as its engines do, and never answers with a part for the whole."""

import time
import urllib.parse
from json import loads

import pytest

from harness.cluster import run_on


@pytest.fixture(scope="module")
def odd(cluster):
    """A container on each node, one of them with a label whose key holds '='."""
    one = cluster[0]
    for number, on in enumerate(cluster):
        run_on(one, on, f"odd{number}", Labels={"itest.keep": "", "odd": f"n{number}", "a=b": "c"})
    yield cluster
    for number in range(len(cluster)):
        one.api.call("DELETE", f"/containers/odd{number}?force=1")


def filtered(path, filters, more=""):
    return f"{path}?{more}filters={urllib.parse.quote(filters)}"


def union(cluster, path):
    """The status, and the ids of all engines' answers together."""
    answers = [each.direct.get(path) for each in cluster]
    statuses = {answer.status for answer in answers}
    assert len(statuses) == 1, (path, answers)
    if statuses != {200}:
        return statuses.pop(), answers[0].body
    return 200, {entry["Id"] for answer in answers for entry in answer.json()}


FILTERS = [
    "null",
    '{"name":null}',
    '{"name":[]}',
    '{"name":{}}',
    '{"name":["odd"]}',
    '{"name":{"odd":false}}',
    '{"name":{"odd":null}}',
    '{"name":[null]}',
    '{"name":["odd"],"label":null}',
    '{"name":["odd0"],"name":["odd1"]}',
    '{"label":["odd"]}',
    '{"label":["odd=n1"]}',
    '{"label":["a=b=c"]}',
    '{"label":["a=b"]}',
    '{"label":["a"]}',
    '{"status":null}',
    '{"status":["running"]}',
    '{"nosuch":null}',
    '{"nosuch":["x"]}',
    '{"name":"odd"}',
    '{"name":[1]}',
    '{"name":["odd"],"label":{"odd":true}}',
    "[]",
    "{",
    '{"name":["odd"]}x',
    '"x"',
]


@pytest.mark.parametrize("path", ["/containers/json", "/images/json", "/networks"])
def test_filters_are_read_as_the_engines_read_them(odd, path):
    for text in FILTERS:
        target = filtered(path, text)
        status, expected = union(odd, target)
        answer = odd[1].api.get(target)
        assert answer.status == status, (target, answer.body, expected)
        if status != 200:
            assert answer.json() == loads(expected), target
        elif path == "/containers/json":
            assert {entry["Id"] for entry in answer.json()} == expected, target
        elif path == "/images/json":
            assert {entry["Id"] for entry in answer.json()} == expected, target


def test_one_host_matches_labels_as_its_engine_does(odd):
    for text in ('{"label":["a=b=c"]}', '{"label":["a=b"]}', '{"label":["odd"]}'):
        target = filtered("/containers/json", text)
        for each in odd:
            ours = each.api.get(target).json()
            mine = {entry["Id"] for entry in ours if entry["Names"][0].startswith("/odd")}
            assert {entry["Id"] for entry in each.direct.get(target).json()} <= mine


def test_a_watcher_with_an_empty_filter_hears_all_nodes(odd):
    since = time.time()
    for number in range(len(odd)):
        assert odd[0].api.post(f"/containers/odd{number}/kill?signal=CONT").status == 204
    until = time.time() + 0.5
    time.sleep(0.6)
    for text in ("null", '{"container":null}', "{}"):
        path = filtered("/events", text, f"since={since:.3f}&until={until:.3f}&")
        lines = odd[1].api.get(path).body.decode().splitlines()
        heard = {n for n in range(len(odd)) for line in lines if f'"odd{n}"' in line}
        assert heard == set(range(len(odd))), (text, lines)


def test_events_of_nodes_that_there_are_not_are_none(odd):
    until = time.time() + 0.2
    answer = odd[0].api.get(filtered("/events", '{"node":["nobody"]}', f"until={until:.3f}&"))
    assert answer.status == 200 and answer.body == b""


@pytest.mark.parametrize("query", ["since=abc", "until=abc", "since=20&until=10", "filters=[]"])
def test_a_refusal_of_events_is_one_engine_s(odd, query):
    engine = odd[0].direct.get(f"/events?{query}")
    ours = odd[0].api.get(f"/events?{query}")
    assert engine.status >= 400
    assert (ours.status, ours.json()) == (engine.status, engine.json())
