"""The cases of the benchmark, by group. Each group is a generator of table rows; what it needs in
the engine (containers, images, files) it makes itself, past the proxies."""

import contextlib
import json
import pathlib
import random
import subprocess
import sys
import tarfile
import time

from table import Case, Limit
from targets import Failure

MB = 1000 * 1000
API = "/v1.41"
FASTER = [Limit(at_least=1, against="haproxy")]
ADDED = Limit(at_most=40, added=True)
BULK = [Limit(at_least=0.9, against="direct"), Limit(at_least=1.15, against="haproxy")]


class Bench:
    """What all cases share: the targets, the load generator, a folder in memory, the scale."""

    def __init__(self, load, engine, proxies, folder, quick):
        self.load = load
        self.engine = engine
        self.proxies = proxies
        self.folder = pathlib.Path(folder)
        self.quick = quick

    def rounds(self, count):
        return max(3, count // 5) if self.quick else count

    def run(self, path, targets=None, tolerance=0.0, **options):
        """Has the load generator send requests to all targets in turn, or to those given. A target
        whose answers have not as many bytes as the engine's own counts as broken."""
        targets = targets or [self.engine, *self.proxies]
        command = [self.load, "run", f"--path={path}"]
        command += [f"--target={target.name}={target.socket}" for target in targets]
        for name, value in options.items():
            name = name.replace("_", "-")
            command.append(f"--{name}" if value is True else f"--{name}={value}")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(done.stderr.strip())
        results = json.loads(done.stdout)
        if results["direct"]["error"]:
            raise Failure(f"{path}: the engine itself: {results['direct']['error']}")
        fewest, most = results["direct"]["bytes"]
        for name, result in results.items():
            result["values"] = result.pop("rate")
            low, high = result["bytes"]
            if result["error"]:
                self.broken(results, name, result["error"])
            elif low < fewest * (1 - tolerance) or high > most * (1 + tolerance):
                self.broken(results, name, f"{low} to {high} bytes instead of {fewest} to {most}")
        return results

    @staticmethod
    def broken(results, name, why):
        results[name]["error"] = why
        print(f"  {name}: {why}", file=sys.stderr)

    def create(self, count, body):
        """Creates containers at the engine; returns a file with their ids."""
        ids = self.folder / f"ids-{time.monotonic_ns()}"
        self.run(f"{API}/containers/create", [self.engine], method="POST", body=json.dumps(body),
                 status=201, rounds=1, block_requests=count, no_warm_up=True, save_ids=ids)
        return ids

    def shifted(self, rounds, block):
        """How many requests all targets make together."""
        return rounds * block * (1 + len(self.proxies))


def calls(bench):
    """Calls that the engine answers by looking, and those that droverd answers by itself."""
    bench.engine.docker("create", "--name", "inspected", "busybox", "true")
    own = [Limit(at_least=1.2, against="direct")]
    for name, path, limits, first in [
        ("inspect", f"{API}/containers/inspected/json", FASTER, [ADDED]),
        ("_ping", "/_ping", own, []),
        ("version", f"{API}/version", own, []),
    ]:
        for connections in [1, 16]:
            rounds = bench.run(path, connections=connections, rounds=bench.rounds(30))
            extra = first if connections == 1 else []
            yield Case(f"{name}, {connections} conn.", "/s", limits + extra, rounds)


def lists(bench):
    """The list of 200 containers, five of them running, five ended."""
    for i in range(10):
        bench.engine.docker("run", "--detach", "--network=none", "busybox",
                            *(["sleep", "86400"] if i < 5 else ["true"]))
    there = len(bench.engine.docker("ps", "--all", "--quiet").split())
    bench.create(200 - there, {"Image": "busybox", "Cmd": ["true"], "Labels": {"bench": "list"}})
    # "Up 9 seconds" may become "Up 10 seconds" between two answers.
    rounds = bench.run(f"{API}/containers/json?all=1", rounds=bench.rounds(30), tolerance=0.01)
    yield Case("list of 200", "/s", [Limit(at_least=20, against="direct")], rounds)


def lifecycle(bench):
    """Create, start, remove. Containers end at once, and have no network: its setup would only
    add noise."""
    container = {"Image": "busybox", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}}
    for connections, block, count in [(1, 5, 25), (16, 32, 10)]:
        ids = bench.folder / "created"
        limits = FASTER + ([ADDED] if connections == 1 else [])
        shared = dict(connections=connections, rounds=bench.rounds(count), no_warm_up=True,
                      block_requests=block)
        rounds = bench.run(f"{API}/containers/create", method="POST", body=json.dumps(container),
                           status=201, save_ids=ids, **shared)
        yield Case(f"create, {connections} conn.", "/s", limits, rounds)
        rounds = bench.run(f"{API}/containers/{{id}}", method="DELETE", status=204, ids=ids,
                           **shared)
        yield Case(f"remove, {connections} conn.", "/s", limits, rounds)

    for connections, block, count in [(1, 1, 20), (16, 16, 4)]:
        if bench.quick and connections > 1:
            continue  # takes a minute
        limits = FASTER + ([ADDED] if connections == 1 else [])
        rounds = bench.rounds(count)
        ids = bench.create(bench.shifted(rounds, block), container)
        rounds = bench.run(f"{API}/containers/{{id}}/start", method="POST", status=204, ids=ids,
                           connections=connections, rounds=rounds, block_requests=block,
                           no_warm_up=True)
        yield Case(f"start, {connections} conn.", "/s", limits, rounds)


def runs(bench):
    """`docker run --rm busybox true` with the docker CLI. First each target has to show that the
    output of a container gets through: a status of 0 alone does not say so."""
    targets = [bench.engine, *bench.proxies]
    rounds = {target.name: {"values": [], "error": ""} for target in targets}

    def run(target, *command):
        done = subprocess.run(["/usr/bin/docker", "-H", f"unix://{target.socket}", "run", "--rm",
                               "busybox", *command], capture_output=True, text=True)
        if done.returncode != 0:
            bench.broken(rounds, target.name, done.stderr.strip())
        return done.stdout

    for target in targets:
        if run(target, "echo", "hello") != "hello\n":
            bench.broken(rounds, target.name, "docker run: the container's output is lost")
    for _ in range(bench.rounds(20)):
        for target in targets:
            if rounds[target.name]["error"]:
                continue
            start = time.perf_counter()
            run(target, "true")
            rounds[target.name]["values"].append(1000 * (time.perf_counter() - start))
    yield Case("docker run --rm", "ms", [Limit(at_most=1.03, against="direct")], rounds)


def in_bytes(rounds, size):
    """Turns transfers a second into MB/s."""
    for result in rounds.values():
        result["values"] = [value * size / MB for value in result["values"]]
        result.pop("p50")
    return rounds


def bulk(bench):
    """500 MB of random bytes each way. What is copied into the container lands in memory, by way
    of a bind mount, so that the disk has no say."""
    size = (100 if bench.quick else 500) * MB
    blob, tar, image = (bench.folder / name for name in ["blob", "blob.tar", "image.tar"])
    with open(blob, "wb") as file:
        for _ in range(size // MB):
            file.write(random.randbytes(MB))
    with tarfile.open(tar, "w") as archive:
        archive.add(blob, "blob")
    blob.unlink()
    shared = dict(rounds=bench.rounds(9), block_requests=1, no_warm_up=True)

    landing = bench.folder / "landing"
    landing.mkdir()
    docker = bench.engine.docker
    docker("create", "--name", "bulk-0", "busybox")
    bench.run(f"{API}/containers/bulk-0/archive?path=/", [bench.engine], method="PUT", upload=tar,
              rounds=1, block_requests=1, no_warm_up=True)
    docker("commit", "bulk-0", "bulk")
    docker("run", "--detach", "--name", "bulk-1", "--network=none",
           "--volume", f"{landing}:/landing", "bulk", "sleep", "86400")

    rounds = bench.run(f"{API}/containers/bulk-1/archive?path=/blob", **shared)
    yield Case("cp out", "MB/s", BULK, in_bytes(rounds, size))

    rounds = bench.run(f"{API}/containers/bulk-1/archive?path=/landing", method="PUT", upload=tar,
                       **shared)
    if (landing / "blob").stat().st_size != size:
        raise Failure("cp in: the file in the container is not as long as what was sent")
    (landing / "blob").unlink()
    yield Case("cp in", "MB/s", BULK, in_bytes(rounds, size))

    rounds = bench.run(f"{API}/images/bulk/get", **shared)
    yield Case("save", "MB/s", BULK, in_bytes(rounds, size))

    docker("save", "--output", str(image), "bulk")
    rounds = bench.run(f"{API}/images/load?quiet=1", method="POST", upload=image,
                       text="Loaded image", **shared)
    yield Case("load", "MB/s", BULK, in_bytes(rounds, size))

    # A proxy that loses the stream leaves its exec running, beside which the next one would be
    # measured. So each has to get one through first.
    targets = [bench.engine, *bench.proxies]
    first = exec_outputs(bench, targets, 1)
    if min(first["direct"]["bytes"]) != size:
        raise Failure(f"exec output: the engine itself gives {first['direct']['bytes']} bytes")
    targets = [target for target in targets if not first[target.name]["error"]]
    time.sleep(5)
    rounds = first | exec_outputs(bench, targets, bench.rounds(15))
    yield Case("exec output", "MB/s", BULK, in_bytes(rounds, size))
    for file in [tar, image]:
        file.unlink()


def exec_outputs(bench, targets, rounds):
    """/blob in the container, by way of an exec that is attached as the docker CLI does it."""
    ids = bench.folder / "execs"
    cat = {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Cmd": ["cat", "/blob"]}
    bench.run(f"{API}/containers/bulk-1/exec", [bench.engine], method="POST", body=json.dumps(cat),
              status=201, save_ids=ids, rounds=1, no_warm_up=True,
              block_requests=rounds * len(targets))
    return bench.run(f"{API}/exec/{{id}}/start", targets, method="POST", body="{}", upgrade=True,
                     status=101, stream_heads=True, ids=ids, rounds=rounds, block_requests=1,
                     no_warm_up=True)


def logs(bench):
    """100 MB in lines of 100 bytes."""
    lines = (200 if bench.quick else 1000) * 1000
    bench.engine.docker("run", "--detach", "--name", "talker", "--network=none", "busybox", "sh",
                        "-c", f"yes {'x' * 99} | head -n {lines}")
    bench.engine.docker("wait", "talker")
    rounds = bench.run(f"{API}/containers/talker/logs?stdout=1", stream_heads=True, rounds=3,
                       block_requests=1, no_warm_up=True)
    if min(rounds["direct"]["bytes"]) != lines * 100:
        raise Failure(f"logs: the engine itself gives {rounds['direct']['bytes']} bytes")
    yield Case("logs", "MB/s", [Limit(at_least=0.95, against="direct")],
               in_bytes(rounds, lines * 100))


@contextlib.contextmanager
def idle(bench, target, path, *options):
    """Has the load generator keep 1,000 connections on which it asked for `path`."""
    command = [bench.load, "idle", f"--target={target.name}={target.socket}", f"--path={path}",
               "--count=1000", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as load:
        if load.stdout.readline() != "ready\n":
            raise Failure(f"{target.name}: no 1,000 connections")
        time.sleep(2)
        yield
        load.stdin.close()


# Seconds after its start. By then droverd has given back what only that needed.
AT_REST = 12


def memory(bench):
    """Resident memory of fresh proxies: at rest, and how much each idle connection or stream adds.
    VmRSS; 1 KB is 1024 bytes here."""
    bench.engine.docker("run", "--detach", "--name", "quiet", "--network=none", "busybox", "sh",
                        "-c", "echo hello; sleep 86400")
    rest, connection, stream = {}, {}, {}
    follow = f"{API}/containers/quiet/logs?follow=1&stdout=1"
    for proxy in bench.proxies:
        folder = bench.folder / "memory"
        folder.mkdir(exist_ok=True)
        with type(proxy)(bench.engine, folder) as fresh:
            time.sleep(AT_REST)
            rest[proxy.name] = {"values": [fresh.resident() / 1024 / 1024]}
        for added, path, options in [(connection, "/_ping", []), (stream, follow, ["--stream"])]:
            with type(proxy)(bench.engine, folder) as fresh:
                time.sleep(1)
                before = fresh.resident()
                with idle(bench, fresh, path, *options):
                    more = (fresh.resident() - before) / 1000 / 1024
                added[proxy.name] = {"values": [more]}
    yield Case("memory at rest", "MB", [Limit(at_most=12)], rest)
    yield Case("memory of an idle connection", "KB", [Limit(at_most=6)], connection)
    yield Case("memory of an idle logs -f", "KB", [Limit(at_most=10)], stream)


GROUPS = {"calls": calls, "list": lists, "lifecycle": lifecycle, "run": runs, "bulk": bulk,
          "logs": logs, "memory": memory}
