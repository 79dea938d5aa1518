"""What the API of a cluster costs: lists over three real hosts, a call that goes to another host,
the connections that stay; and how lists and memory grow with many hosts, whose engines are scripted
(a hundred real ones do not fit on one machine): droverd, its network and its disk are real."""

import contextlib
import json
import statistics
import subprocess
import time

from hosts import Hosts, call
from scripted_engines import ScriptedEngines

API = "/v1.41"
CONTAINERS = 200  # on each real host
CALLS = 1000      # after which connections are counted
SIMULATED = 50    # containers on each simulated host


def load(generator, path, **options):
    """What the load generator measured: by target, its rounds and latencies."""
    command = [generator, "run", f"--path={path}"]
    for name, value in options.pop("targets").items():
        command.append(f"--target={name}={value}")
    command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)
    for name, result in results.items():
        if result["error"]:
            raise SystemExit(f"{path}: {name}: {result['error']}")
    return results


def fill(lab):
    for number in (1, 2, 3):
        for each in range(CONTAINERS):
            call(lab.socket(number, "docker"), "POST",
                 f"{API}/containers/create?name=c{number}-{each}",
                 {"Image": "busybox", "Cmd": ["true"]})


def connections(lab, number, other):
    """How many connections host `number` has to the other's droverd."""
    lines = subprocess.run([*lab.inside(number), "ss", "--no-header", "--tcp", "state",
                            "established", f"( dport = 2377 and dst {other} )"],
                           check=True, text=True, capture_output=True).stdout
    return len(lines.splitlines())


def hosts(row, generator):
    with Hosts() as lab:
        fill(lab)
        seen = 0
        for _ in range(300):
            seen = len(call(lab.socket(1), "GET", f"{API}/containers/json?all=1"))
            if seen == 3 * CONTAINERS:
                break
            time.sleep(0.1)
        if seen != 3 * CONTAINERS:
            raise SystemExit(f"{seen} of {3 * CONTAINERS} containers are listed")
        time.sleep(3)
        result = load(generator, f"{API}/containers/json?all=1", rounds=9, block_seconds=0.5,
                      targets={"direct": lab.socket(1, "docker"), "drover": lab.socket(1)})
        direct, drover = (statistics.median(result[each]["rate"]) for each in ("direct", "drover"))
        row("ps -a of 3 × 200, beside one engine's 200", "/s", f"{direct:.0f}", f"{drover:.0f}",
            f"{drover / direct:.1f}", "≥ 8")
        result = load(generator, f"{API}/containers/c2-0/json", rounds=9, block_seconds=0.3,
                      targets={"near": lab.socket(2), "far": lab.socket(1)})
        near, far = (statistics.median(result[each]["p50"]) for each in ("near", "far"))
        row("inspect on another host, beside its own droverd", "µs", f"{near:.0f}", f"{far:.0f}",
            f"+{far - near:.0f}", "≤ +400")
        load(generator, f"{API}/containers/c2-0/json", connections=16, rounds=1,
             block_requests=CALLS, targets={"drover": lab.socket(1)})
        time.sleep(1)
        row("connections to that host after 1,000 calls, 16 at once", "", "",
            connections(lab, 1, lab.addresses[1]), "", "≤ 10")


def simulated(row, generator, start, sizes, folder):
    """`start(engines)` gives a cluster with a droverd for each engine, formed."""
    for size in sizes:
        with ScriptedEngines(folder, size, SIMULATED) as engines, contextlib.ExitStack() as stack:
            cluster = start([f"unix://{path}" for path in engines.paths])
            stack.callback(cluster.end)
            end = time.monotonic() + 120
            while len(call(cluster.socket(0), "GET", "/containers/json?all=1")) < size * SIMULATED:
                if time.monotonic() > end:
                    raise SystemExit(f"{size} simulated hosts: not all containers are listed")
                time.sleep(1)
            time.sleep(15)  # at rest
            _, memory = cluster.usage(1)
            rounds, calls = 5, 40
            before = cluster.processor(0)
            result = load(generator, "/containers/json?all=1", rounds=rounds, block_requests=calls,
                          targets={"drover": cluster.socket(0)})["drover"]
            used = (cluster.processor(0) - before) / ((rounds + 1) * calls)  # one round to warm up
            p50 = statistics.median(result["p50"])
            row(f"ps -a of {size} simulated hosts × {SIMULATED}, p50", "ms", "",
                f"{p50 / 1000:.2f}", f"{p50 / size:.0f} µs a host", "linear")
            row("processor of the droverd that was asked", "ms", "", f"{1000 * used:.2f}",
                f"{1e6 * used / size:.0f} µs a host", "linear")
            row(f"memory with {size} × {SIMULATED} containers", "MB", "", f"{memory:.1f}",
                f"{memory * 1024 / size:.0f} KB a host", "linear")
        for path in engines.paths:
            path.unlink()
