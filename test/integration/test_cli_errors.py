"""Errors of the docker CLI of Debian through droverd: word for word as without us."""

import pytest

from harness.comparing import same

STATELESS = """
inspect nosuch
start nosuch
start -a nosuch
stop nosuch
restart nosuch
rm nosuch
logs nosuch
logs -f nosuch
exec nosuch true
attach nosuch
wait nosuch
kill nosuch
pause nosuch
unpause nosuch
rename nosuch other
cp nosuch:/etc/passwd -
cp /etc/passwd nosuch:/tmp
top nosuch
port nosuch
diff nosuch
commit nosuch
export nosuch
stats --no-stream nosuch
update --memory 64m nosuch
rmi nosuch
rmi sha256:0000000000000000000000000000000000000000000000000000000000000000
history nosuch
tag nosuch other
save nosuch
push 127.0.0.1:5000/nosuch
pull 127.0.0.1:5000/nosuch
pull 127.0.0.1:1/nosuch
pull Bad/Name
network inspect nosuch
network rm nosuch
network rm bridge
network create bridge
network create --subnet 300.0.0.0/8 other
network create --subnet 10.0.0.0/33 other
network connect nosuch nosuch
network disconnect bridge nosuch
volume inspect nosuch
volume rm nosuch
volume create bad/name
create --name bad/name busybox
create -m 1k busybox
create --cpus 1000 busybox
create --cpu-shares x busybox
create --security-opt bad busybox
create --volumes-from nosuch busybox
create --network container:nosuch --hostname x busybox
create -v relative/path:/x busybox
create -p 70000:80 busybox
create --restart sometimes busybox
create --runtime nosuch busybox
create 127.0.0.1:1/nosuch
run --rm busybox nosuch
run --rm busybox /etc
run --rm -w relative busybox true
run --rm --network nosuch busybox true
run --rm --user nosuch busybox true
run --rm --device /dev/nosuch busybox true
run --rm --entrypoint nosuch busybox
run --rm --name portless -p 192.0.2.1:80:80 busybox true
ps --filter nosuch=x
ps --filter status=nosuch
images --filter nosuch=x
volume ls --filter nosuch=x
network ls --filter nosuch=x
events --filter nosuch=x --since 1s --until 0s
events --since nosuch
system prune -f --filter nosuch=x
plugin inspect nosuch
plugin disable nosuch
node ls
service ls
stack ls
secret ls
config ls
swarm leave
checkpoint ls nosuch
build --no-such-flag .
""".strip().splitlines()


# A failed run leaves a new id in the text, and the CLI's wait ends before or after the CLI itself.
RUN_TO_RUN = rb'\b[0-9a-f]{64}\b|time=.* msg="error waiting for container: context canceled"\n'


@pytest.mark.parametrize("command", STATELESS)
def test_errors_read_the_same(drover, direct, command):
    wanted = same(direct, drover, *command.split(), blur=RUN_TO_RUN)
    assert wanted.returncode != 0 or wanted.stderr == b""


STATEFUL = """
create --name sleeper busybox
run --name sleeper busybox true
rename sleeper stopped
rename sleeper sleeper
rename sleeper bad/name
rm sleeper
unpause sleeper
kill -s NOSUCH sleeper
kill stopped
pause stopped
exec stopped true
attach stopped
exec -u nosuch sleeper true
exec -w /nosuch sleeper true
exec --detach-keys bad,keys -it sleeper true
cp sleeper:/nosuch -
cp /etc/passwd sleeper:/nosuch/nosuch
update --memory 1k sleeper
update --cpus 1000 sleeper
network connect bridge sleeper
network disconnect host sleeper
network connect host sleeper
logs --since nosuch sleeper
logs --tail nosuch sleeper
rmi busybox
volume rm used
network rm used
top sleeper -o nosuch
port sleeper 80
start stopped
""".strip().splitlines()


@pytest.fixture(scope="module")
def stopped(direct, sleeper):
    """Beside the running container one that has ended, a volume and a network, all in use."""
    direct.docker("network", "create", "used")
    direct.docker("run", "--name", "stopped", "--label", "itest.keep", "--network", "used",
                  "-v", "used:/used", "busybox", "true")  # fmt: skip
    yield
    direct.docker("rm", "-f", "stopped")


@pytest.mark.parametrize("command", STATEFUL)
def test_errors_about_existing_objects_read_the_same(drover, direct, stopped, command):
    # Of several containers that use an image dockerd names any.
    same(direct, drover, *command.split(), blur=rb"container [0-9a-f]{12} is using")


@pytest.mark.parametrize("command", ["load", "import -", "build -"])
def test_errors_about_a_senseless_body_read_the_same(drover, direct, command):
    env = {"DOCKER_BUILDKIT": "0"}
    wanted = same(direct, drover, *command.split(), input=b"garbage" * 1000, env=env)
    assert wanted.returncode != 0
