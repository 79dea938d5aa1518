"""The gate in a cluster: who may send what to which port, in whatever spelling."""

import pytest
from harness.cluster import run_on
from harness.gate import all_routes, documented, walk

pytestmark = pytest.mark.cluster

def test_the_peers_port_hears_from_each_what_the_page_says(cluster, tmp_path):
    one, two, _ = cluster
    two.copy_identity(tmp_path / "two")
    assert len(list(all_routes())) > 100 and len(documented()) > 6
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
