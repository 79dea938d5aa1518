"""What the API of a cluster costs: lists over three real hosts, a call that goes to another host,
the connections that stay; and how lists and memory grow with many hosts, whose engines are scripted
(a hundred real ones do not fit on one machine): droverd, its network and its disk are real."""

import contextlib
import json
import re
import statistics
import subprocess
import time
import urllib.request

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


def longest_turn(metrics):
    """Milliseconds on the clock, since this was asked last, by the metrics at that address; none if
    they do not tell."""
    with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(r'^drover_loop_longest_turn_seconds\{time="wall"\} (\S+)$', text, re.M)
    return 1000 * float(found[1]) if found else None


def middle(result, kind, other=None):
    """The median of the rounds; or of each round's ratio to the other's."""
    if other is None:
        return statistics.median(result[kind])
    return statistics.median(ours / theirs
                             for ours, theirs in zip(result[kind], other[kind], strict=True))


def beside_before(row, name, unit, result, kind, digits):
    """A row for the earlier build, if there was one."""
    if "before" not in result:
        return
    row(f"{name}, beside the earlier build", unit, f"{middle(result['before'], kind):.{digits}f}",
        f"{middle(result['drover'], kind):.{digits}f}",
        f"{middle(result['drover'], kind, result['before']):.3f}",
        "≥ 0.97" if kind == "rate" else "≤ 1.03")


def wait_for_lists(lab):
    fill(lab)
    seen = 0
    for _ in range(300):
        seen = len(call(lab.socket(1), "GET", f"{API}/containers/json?all=1"))
        if seen == 3 * CONTAINERS:
            return
        time.sleep(0.1)
    raise SystemExit(f"{seen} of {3 * CONTAINERS} containers are listed")


def hosts(row, generator, before_program=None):
    """With an earlier build on three hosts of its own, in turns."""
    with contextlib.ExitStack() as stack:
        lab = stack.enter_context(Hosts())
        labs = {"drover": lab}
        if before_program:
            labs["before"] = stack.enter_context(Hosts("bencho", program=before_program))
        for each in labs.values():
            wait_for_lists(each)
        time.sleep(3)
        lists = {name: each.socket(1) for name, each in labs.items()}
        result = load(generator, f"{API}/containers/json?all=1", rounds=9, block_seconds=0.5,
                      targets={"direct": lab.socket(1, "docker")} | lists)
        direct, drover = (middle(result[each], "rate") for each in ("direct", "drover"))
        row("ps -a of 3 × 200, beside one engine's 200", "/s", f"{direct:.0f}", f"{drover:.0f}",
            f"{drover / direct:.1f}", "≥ 8")
        beside_before(row, "ps -a of 3 × 200", "/s", result, "rate", 0)
        result = load(generator, f"{API}/containers/c2-0/json", rounds=9, block_seconds=0.3,
                      targets={"near": lab.socket(2)} | lists)
        near, far = (middle(result[each], "p50") for each in ("near", "drover"))
        row("inspect on another host, beside its own droverd", "µs", f"{near:.0f}", f"{far:.0f}",
            f"+{far - near:.0f}", "≤ +400")
        beside_before(row, "inspect on another host", "µs", result, "p50", 0)
        load(generator, f"{API}/containers/c2-0/json", connections=16, rounds=1,
             block_requests=CALLS, targets={"drover": lab.socket(1)})
        time.sleep(1)
        row("connections to that host after 1,000 calls, 16 at once", "", "",
            connections(lab, 1, lab.addresses[1]), "", "≤ 10")


def started(start, engines, size, name):
    """A cluster with a droverd for each engine, whose first member lists all containers."""
    cluster = start([f"unix://{path}" for path in engines.paths], name)
    end = time.monotonic() + 120
    while len(call(cluster.socket(0), "GET", "/containers/json?all=1")) < size * SIMULATED:
        if time.monotonic() > end:
            raise SystemExit(f"{size} simulated hosts: not all containers are listed")
        time.sleep(1)
    return cluster


def simulated(row, generator, start, sizes, folder, with_before=False):
    """`start(engines, name)` gives a cluster with a droverd for each engine, formed; `name` is
    "drover", or "before" for one of the earlier build, before the same engines."""
    rounds, calls = 9, 40
    for size in sizes:
        with ScriptedEngines(folder, size, SIMULATED) as engines, contextlib.ExitStack() as stack:
            clusters = {}
            for name in ["drover", "before"] if with_before else ["drover"]:
                clusters[name] = started(start, engines, size, name)
                stack.callback(clusters[name].end)
            cluster = clusters["drover"]
            time.sleep(15)  # at rest
            _, memory = cluster.usage(1)
            cluster.longest_turn()
            before = {name: each.processor(0) for name, each in clusters.items()}
            result = load(generator, "/containers/json?all=1", rounds=rounds, block_requests=calls,
                          targets={name: each.socket(0) for name, each in clusters.items()})
            # One round to warm up.
            used = {name: (each.processor(0) - before[name]) / ((rounds + 1) * calls)
                    for name, each in clusters.items()}
            turn = cluster.longest_turn()
            p50 = middle(result["drover"], "p50")
            name = f"ps -a of {size} simulated hosts × {SIMULATED}, p50"
            row(name, "ms", "", f"{p50 / 1000:.2f}", f"{p50 / size:.0f} µs a host", "≤ 3 at 100")
            beside_before(row, name, "µs", result, "p50", 0)
            ours = used["drover"]
            row("processor of the droverd that was asked", "ms", "", f"{1000 * ours:.2f}",
                f"{1e6 * ours / size:.0f} µs a host", "linear")
            if with_before:
                row("the same, beside the earlier build", "ms", f"{1000 * used['before']:.2f}",
                    f"{1000 * ours:.2f}", f"{ours / used['before']:.3f}", "≤ 1.03")
            if turn is not None:
                row("longest turn of its event loop", "ms", "", f"{turn:.1f}", "", "≤ 50")
            row(f"memory with {size} × {SIMULATED} containers", "MB", "", f"{memory:.1f}",
                f"{memory * 1024 / size:.0f} KB a host", "linear")
        for path in engines.paths:
            path.unlink()
