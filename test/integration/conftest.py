"""Fixtures: a lab host with a real engine, a droverd in front of it, and clean-up after each test.

Environment: DROVERD names the binary (build/release/droverd); DROVER_TEST_LAB the lab (itest), so that
two runs can go on at once; DROVER_TEST_KEEP=1 leaves the lab up and the logs in place for a look.
With pytest -n each worker has labs of its own (itesta, itestb, ...).
"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import certs as certificates
from harness.cluster import Lab, Node, form
from harness.containers import sleeping
from harness.droverd import Droverd
from harness.endpoint import Endpoint
from harness.engine import REPOSITORY, Engine
from harness.setting import Setting
from harness.setting import names as setting_names

KEEP = os.environ.get("DROVER_TEST_KEEP") == "1"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
LAB_NAME = os.environ.get("DROVER_TEST_LAB", "itest") + (chr(ord("a") + int(WORKER)) if WORKER else "")


def pytest_configure(config):
    config.notes = []
    # A shell that starts us in the background has SIGINT ignored, and the clients would inherit that
    # and never hear their Ctrl-C. A handler is not inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_generate_tests(metafunc):
    """A module whose tests use `setting` names the node of a cluster that it runs through: NODE."""
    if "setting" in metafunc.fixturenames:
        wanted = setting_names(metafunc.module.NODE)
        metafunc.parametrize("setting", wanted, indirect=True, scope="module")


def pytest_collection_modifyitems(items):
    """Marks what needs the three hosts, so that it can run beside what needs the one."""
    for item in items:
        setting = item.callspec.params.get("setting", "") if hasattr(item, "callspec") else ""
        if {"lab", "lab_of_five", "hosts"} & set(item.fixturenames) or setting.startswith("node"):
            item.add_marker(pytest.mark.cluster)


def pytest_sessionfinish(session):
    if WORKER:
        session.config.workeroutput["notes"] = session.config.notes


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.notes.extend(getattr(node, "workeroutput", {}).get("notes", ()))


def pytest_terminal_summary(terminalreporter, config):
    for note in config.notes:
        terminalreporter.write_line(note)


@pytest.fixture(scope="session")
def note(pytestconfig):
    """Adds a line, such as a measured figure, to the end of pytest's report."""
    return pytestconfig.notes.append


@pytest.fixture(scope="session")
def workdir():
    """A short path (unix sockets allow 107 bytes), removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="drover-it-"))
    yield directory
    if not KEEP:
        shutil.rmtree(directory)


@pytest.fixture(scope="session")
def config_dir(workdir):
    """An empty DOCKER_CONFIG, so that the caller's own docker settings play no part."""
    directory = workdir / "docker-config"
    directory.mkdir()
    return directory


@pytest.fixture(scope="session")
def compose_v2(config_dir):
    """Compose v2 as a plugin of the docker CLI: `docker compose`."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "drover-test"
    folder = cache / "trixie"
    done = subprocess.run(
        [REPOSITORY / "contrib/fetch-trixie", "docker-compose", folder],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    plugins = config_dir / "cli-plugins"
    plugins.mkdir()
    (plugins / "docker-compose").symlink_to(
        folder / "usr/libexec/docker/cli-plugins/docker-compose"
    )
    return ["docker", "compose"]


@pytest.fixture(scope="session")
def certs(workdir):
    return certificates.make(workdir / "certs")


def clean(direct, keep_label="itest.keep"):
    """Removes every container, network, volume and image that is not part of a fresh lab host.

    Containers with `keep_label` stay, and so does what they use: they belong to a fixture that
    outlives one test.
    """
    for container in direct.get("/containers/json?all=1").json():
        if keep_label not in container["Labels"]:
            direct.call("DELETE", f"/containers/{container['Id']}?force=1&v=1")
    for network in direct.get("/networks").json():
        if network["Name"] not in ("bridge", "host", "none"):
            direct.call("DELETE", f"/networks/{network['Id']}")
    for volume in direct.get("/volumes").json()["Volumes"] or []:
        direct.call("DELETE", f"/volumes/{volume['Name']}?force=1")
    for image in direct.get("/images/json").json():
        # One that has lost its tags is listed as <none>:<none>, which is no name.
        tags = [tag for tag in image["RepoTags"] or [] if tag != "<none>:<none>"]
        for tag in tags or [image["Id"]]:
            if tag != "busybox:latest":
                direct.call("DELETE", f"/images/{tag}")


@pytest.fixture(scope="session")
def engine(config_dir):
    engine = Engine(LAB_NAME)
    engine.up()
    clean(Endpoint(f"unix://{engine.socket}", config_dir), keep_label=None)
    yield engine
    if not KEEP:
        engine.down()


@pytest.fixture(scope="session")
def direct(engine, config_dir):
    """The engine itself."""
    return Endpoint(f"unix://{engine.socket}", config_dir)


@pytest.fixture(scope="session")
def droverd(engine, workdir, certs):
    """The session's daemon; at the end it must stop gracefully, with nothing amiss in its log."""
    daemon = Droverd(workdir / "session", engine.socket, certs).start()
    yield daemon
    daemon.stop()
    daemon.check_log_has_no_error()


@pytest.fixture(scope="session")
def drover(droverd, config_dir):
    """droverd on its unix socket."""
    return droverd.endpoint(config_dir)


@pytest.fixture(scope="session")
def drover_tls(droverd, config_dir):
    """droverd on TCP with TLS and a client certificate."""
    return droverd.tls_endpoint(config_dir)


@pytest.fixture(params=["unix", "tls"])
def client(request, drover, drover_tls):
    """droverd once by each transport."""
    return drover if request.param == "unix" else drover_tls


@pytest.fixture(scope="module")
def setting(request, config_dir):
    """Where a suite of another client runs: "unix", "tls", or "node2" of a cluster of three."""
    if not request.param.startswith("node"):
        client = request.getfixturevalue("drover" if request.param == "unix" else "drover_tls")
        return Setting(client, (request.getfixturevalue("direct"),))
    nodes = request.getfixturevalue("cluster")
    first = int(request.param.removeprefix("node")) - 1
    nodes = nodes[first:] + nodes[:first]
    return Setting(nodes[0].api, tuple(each.direct for each in nodes))


@pytest.fixture
def start_droverd(engine, workdir, certs, request):
    """Starts daemons of a test's own: start_droverd("--head-timeout", "1s", tls=True)."""
    started = []

    def start(*args, tls=False, engine_socket=engine.socket, log_format="json"):
        directory = Path(tempfile.mkdtemp(prefix="d", dir=workdir))
        daemon = Droverd(directory, engine_socket, certs if tls else None, args, log_format)
        started.append(daemon)
        return daemon.start()

    yield start
    for daemon in started:
        if daemon.process.poll() is None:
            daemon.stop()
        daemon.check_sanitizers()


@pytest.fixture(scope="module")
def sleeper(direct):
    """The name of a container that runs as long as the module's tests; they must not change it."""
    with sleeping(direct) as name:
        yield name


@pytest.fixture(scope="session")
def lab():
    """Three hosts with an engine each, for the tests of clusters; a lab of its own."""
    lab = Lab(f"{LAB_NAME}3", 3)
    lab.up()
    yield lab
    if not KEEP:
        lab.down()


@pytest.fixture(scope="session")
def lab_of_five():
    """One more lab, of five hosts."""
    lab = Lab(f"{LAB_NAME}5", 5)
    lab.up()
    yield lab
    if not KEEP:
        lab.down()


@pytest.fixture(scope="module")
def cluster(lab, workdir, config_dir):
    """Three droverds that are a cluster as long as the module's tests; they must not change that."""
    directory = Path(tempfile.mkdtemp(prefix="c", dir=workdir))
    nodes = [Node(host, directory / str(host.number), config_dir) for host in lab.hosts]
    try:
        form([each.start() for each in nodes])
        yield nodes
    finally:
        for each in nodes:
            if each.process:
                each.stop()
    for each in nodes:
        each.check_log_has_no_error()


@pytest.fixture
def one(cluster):
    return cluster[0]


@pytest.fixture
def two(cluster):
    return cluster[1]


@pytest.fixture
def third(cluster):
    return cluster[2]


@pytest.fixture
def start_node(lab, workdir, config_dir):
    """Starts droverds of a test's own on hosts: start_node(1, "--swarm-api", "off")."""
    started = []

    def start(number, *args, name=None):
        directory = Path(tempfile.mkdtemp(prefix="n", dir=workdir))
        node = Node(lab.hosts[number - 1], directory, config_dir, args, name)
        started.append(node)
        return node.start()

    yield start
    for node in started:
        if node.process.poll() is None:
            node.stop()
        node.check_sanitizers()


@pytest.fixture
def three(start_node):
    """A cluster of a test's own, to break."""
    nodes = [start_node(number) for number in (1, 2, 3)]
    form(nodes)
    return nodes


@pytest.fixture
def five(lab_of_five, workdir, config_dir):
    """The same of five hosts."""
    directory = Path(tempfile.mkdtemp(prefix="f", dir=workdir))
    nodes = [Node(host, directory / str(host.number), config_dir) for host in lab_of_five.hosts]
    form([each.start() for each in nodes])
    yield nodes
    for node in nodes:
        if node.process.poll() is None:
            node.stop()
        node.check_sanitizers()


@pytest.fixture(autouse=True)
def _clean_engine(request, config_dir):
    yield
    # By the mark: a fixture that a test has from an earlier one does not tell what it is made of.
    if not request.node.get_closest_marker("cluster"):
        clean(request.getfixturevalue("direct"))
        return
    for name in ("lab", "lab_of_five"):
        if name == "lab_of_five" and name not in request.fixturenames:
            continue
        for host in request.getfixturevalue(name).hosts:
            clean(Endpoint(f"unix://{host.socket}", config_dir))
