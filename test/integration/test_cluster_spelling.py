"""Create requests as Go reads them, however they are spelt: the engine alone is asked what it makes of a body,
and through the cluster the same is made, where the body's labels say."""

import pytest

from harness.placement import where

# `@` stands for a label that names the third node, `%` for its name.
PLACED = [
    b'{"Image":"busybox","Labels":{@}}',
    b'{"image":"busybox","labels":{@}}',
    b'{"IMAGE":"busybox","LABELS":{@}}',
    b'{"Image":"busybox","L\\u0061bel\\u0073":{@}}',
    '{"Image":"busybox","Label\u017f":{@}}'.encode(),
    b'{"Image":"none","Labels":{@},"image":"busybox"}',
    b'{"Image":"busybox","Image":null,"Labels":{@}}',
    b'{"Image":"busybox","Labels":{@},"Labels":{"a":"b"}}',
    b'{"Image":"busybox","Labels":{"a":"b"},"labels":{@,"a":"c"}}',
    b'{"Image":"busybox","Labels":{"io.drover.node":"nowhere"},"labels":{@}}',
    b'{"Image":"busybox","Labels":{"io.drover.node":"nowhere",@}}',
    b'{"Image":"busybox","Labels":{"io.drover.nod\\u0065":"nowhere"},"Labels":null,"Labels":{@}}',
    b'{"Image":"busybox","Labels":{@,"lone":"\\ud800x"}}',
    b'{"Image":"busybox","Labels":{@,"latin":"\xe9\xff"}}',
    b'{"Image":"busybox","Labels":{@,"none":null}}',
    b'{"Image":"busybox","Labels":{@},"New":1e999}',
    b'{"Image":"busybox","Labels":{@},"New":-0.0e-999,"Newer":123456789012345678901234567890}',
    b'{"Image":"busybox","Labels":{@}} trailing',
    b'{"Image":"busybox","Labels":{@}}}',
    b'{"Image":"busybox","Labels":{@}}{"Labels":{"io.drover.node":"nowhere"}}',
    b' \r\n\t{ "Image" : "busybox" ,\n"Labels" : { @ } } ',
    b'{"Image":"busybox","Labels":{@},"New":' + b"[" * 9998 + b"]" * 9998 + b"}",
    b'{"Image":"busybox","Labels":{@},"hostconfig":{"memory":10000000},"HostConfig":{"CpuQuota":50000}}',
    b'{"Image":"busybox","Labels":{@},"HostConfig":{"Memory":10000000},"HostConfig":null}',
    b'{"Image":"busybox","Labels":{@},"Memory":10000000,"Binds":["/tmp:/t"]}',
    b'{"Image":"busybox","Labels":{@},"Memory":10000000,"Binds":["/tmp:/t"],"HostConfig":{}}',
    b'{"Image":"busybox","Labels":{@},"Env":["A=1","B=2"],"Env":["C=3"],"env":[null,null]}',
    b'{"Image":"busybox","Labels":{@},"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":"8001"}]},'
    b'"portbindings":{"80/tcp":[{"hostip":"127.0.0.1","HOSTPORT":"8002"}],"81/tcp":[]}}}',
    b'{"Image":"busybox","Labels":{@},"HostConfig":{"RestartPolicy":{"Name":"always"},'
    b'"RestartPolicy":{"maximumretrycount":0}}}',
    b'{"Image":"busybox","Labels":{@},"HostConfig":{"Mounts":[{"Type":"bind","Source":"/tmp",'
    b'"Target":"/a"}],"mounts":[{"target":"/b"}]}}',
    b'{"Image":"busybox","Env":["A=1"],"env":["constraint:node==%"]}',
    b'{"Image":"busybox","ENV":["constraint\\u003anode==%","A=\\u0031"]}',
]  # fmt: skip

REFUSED = [
    b"",
    b" ",
    b'{"Image":"busybox","Labels":{@}',
    b'{"Image":"busybox","Labels":{@},}',
    b'{"Image":"busybox" "Labels":{@}}',
    b"{'Image':\"busybox\",\"Labels\":{@}}",
    b'\xef\xbb\xbf{"Image":"busybox","Labels":{@}}',
    b'{"Image":"busybox","Labels":{@,"a":"\x01"}}',
    b'{"Image":"busybox","Labels":{@,"a":"\\x"}}',
    b'{"Image":"busybox","Labels":{@},"New":01}',
    b'{"Image":"busybox","Labels":{@},"New":' + b"[" * 10000 + b"]" * 10000 + b"}",
    b'{"Image":"busybox","Labels":[@]}',
    b'{"Image":"busybox","Labels":{@,"a":1,"a":"b"}}',
    b'{"Image":"busybox","Labels":{@},"HostConfig":{"Memory":1e7}}',
    b"null",
    b"[]",
    b'"busybox"',
]


@pytest.fixture(scope="module")
def hosts(cluster):
    """The cluster, whose third node is the last that a container without a label goes to."""
    body = {"Image": "busybox", "Labels": {"itest.keep": ""}}
    filler = [f"filler{number}" for number in range(3)]
    for name in filler:
        assert cluster[2].direct.post(f"/containers/create?name={name}", body).status == 201
    yield cluster
    for name in filler:
        cluster[2].direct.call("DELETE", f"/containers/{name}?force=1")


def spelt(template, node):
    label = b'"io.drover.node":"' + node.name.encode() + b'"'
    return template.replace(b"@", label).replace(b"%", node.name.encode())


def post(endpoint, body, name):
    path = f"/containers/create?name={name}"
    return endpoint.call("POST", path, body=body, headers={"Content-Type": "application/json"})


def made(engine, name):
    """What an engine has of it; expressions and the labels that keep them are droverd's."""
    seen = engine.get(f"/containers/{name}/json").json()
    config = seen["Config"] | {"Hostname": ""}
    config["Env"] = [each for each in config["Env"] or [] if not each.startswith("constraint:")]
    config["Labels"] = {
        key: value
        for key, value in (config["Labels"] or {}).items()
        if not key.startswith("com.docker.swarm.")
    }
    return config, seen["HostConfig"]


@pytest.mark.parametrize("template", PLACED, ids=range(len(PLACED)))
def test_a_body_is_placed_and_made_as_the_engine_reads_it(hosts, template):
    body = spelt(template, hosts[2])
    assert post(hosts[2].direct, body, "alone").status == 201
    alone = made(hosts[2].direct, "alone")
    hosts[2].direct.call("DELETE", "/containers/alone?force=1")
    answer = post(hosts[0].api, body, "spelt")
    assert answer.status == 201, answer.body
    assert where(hosts, "spelt") == [3]
    assert made(hosts[2].direct, "spelt") == alone


def test_what_the_engine_cannot_read_is_made_nowhere(hosts):
    for template in REFUSED:
        body = spelt(template, hosts[2])
        alone, answer = (post(each, body, "unread") for each in (hosts[2].direct, hosts[0].api))
        # Engines of before 23.0 take a broken body for a fault of their own.
        assert (alone.status, answer.status) in ((500, 400), (500, 500), (400, 400)), template
        assert answer.message == alone.message
        assert where(hosts, "unread") == []
