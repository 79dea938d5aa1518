"""What a cluster must bear of who records, alters and repeats its packets, and of a node that lies."""

import re
import shutil
import sqlite3
import subprocess
import time

from harness.cluster import await_agreement, run_on, works_together
from harness.engine import wait_until

# --- packets --------------------------------------------------------------------------------------

# Records what comes to UDP 7946 for a while, then sends it again: as it was, with one bit flipped,
# cut short, and to the other hosts.
REPLAY = r"""
import socket, sys, time
seconds, targets = float(sys.argv[1]), sys.argv[2:]
tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(0x0800))
tap.settimeout(0.2)
packets, end = [], time.monotonic() + seconds
while time.monotonic() < end:
    try:
        frame = tap.recv(65536)
    except TimeoutError:
        continue
    header = (frame[0] & 15) * 4
    if frame[9] == 17 and int.from_bytes(frame[header + 2 : header + 4], "big") == 7946:
        packets.append(frame[header + 8 : int.from_bytes(frame[2:4], "big")])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number, packet in enumerate(packets):
    flipped = bytearray(packet)
    flipped[number % len(packet)] ^= 1 << number % 8
    for target in targets:
        for each in (packet, bytes(flipped), packet[: number % len(packet)], packet + b"x"):
            out.sendto(each, (target, 7946))
    time.sleep(0.001)
print(len(packets))
"""


def test_replayed_and_altered_packets_change_nothing(three):
    one, two, third = three
    run_on(one, two, "calm")
    one.docker("node", "update", "--availability", "pause", third.name)
    one.docker("node", "update", "--availability", "active", third.name)
    addresses = [each.host.address for each in three]
    before = [(each.nodes(), each.id(), set(each.containers())) for each in three]
    sent = third.host.run("/usr/bin/python3", "-c", REPLAY, "4", *addresses)
    assert int(sent) > 10
    assert [(each.nodes(), each.id(), set(each.containers())) for each in three] == before
    reasons = set()
    for each in three:
        assert each.swarm()["Error"] == ""
        reasons |= set(re.findall(r'datagram refused".*?"reason":"(.*?)"', each.log()))
    assert len(reasons) >= 2, reasons
    run_on(third, one, "still")
    assert third.states() == {each.name: "ready" for each in three}


def test_packets_of_a_life_that_is_over_change_nothing(three):
    """Recorded before its restart and after a node was removed: neither brings anything back."""
    one, two, third = three
    recorder = subprocess.Popen(
        [*one.host.inside("net"), "/usr/bin/python3", "-c", REPLAY, "3",
         *[each.host.address for each in three]],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(1.5)
    third.kill_hard()
    third.start()
    recorder.communicate(timeout=30)
    await_agreement(three)
    assert third.swarm()["Error"] == ""
    works_together(three)


# Records what a host gets from one address, or from all, for a while, then repeats the last hundred of it
# for some seconds, one packet after the other, to all: what would be heard of a process that goes on at
# another place.
REPEAT = r"""
import socket, sys, time
record, repeat, source, targets = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:]
wanted = socket.inet_aton(source) if source else b""
tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(0x0800))
tap.settimeout(0.2)
packets, end = [], time.monotonic() + record
while time.monotonic() < end:
    try:
        frame = tap.recv(65536)
    except TimeoutError:
        continue
    header = (frame[0] & 15) * 4
    if not frame[12:16].startswith(wanted):
        continue
    if frame[9] == 17 and int.from_bytes(frame[header + 2 : header + 4], "big") == 7946:
        packets.append(frame[header + 8 : int.from_bytes(frame[2:4], "big")])
print(len(packets), flush=True)
sys.stdin.readline()
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end = time.monotonic() + repeat
while time.monotonic() < end:
    for packet in packets[-100:]:
        for target in targets:
            out.sendto(packet, (target, 7946))
    time.sleep(0.2)
"""


def test_recorded_packets_said_again_alarm_nobody_and_hide_no_death(three):
    """To other hosts, to the same, and after a restart of their sender and of their receiver."""
    one, two, third = three
    recorder = subprocess.Popen(
        [*one.host.inside("net"), "/usr/bin/python3", "-c", REPEAT, "2", "12", "",
         *[each.host.address for each in three]],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert int(recorder.stdout.readline()) > 4
        for each in (one, two):
            each.kill_hard()
            each.start()
        await_agreement(three)
        recorder.stdin.write("\n")
        recorder.stdin.flush()
        time.sleep(6)  # a process that goes on for four seconds is told
        for each in three:
            assert each.swarm()["Error"] == ""
            assert each.states() == {other.name: "ready" for other in three}
            assert "two hosts use the same node" not in each.log()
        two.kill_hard()
        wait_until(lambda: one.states()[two.name] == "down", timeout=5, what="its death is seen")
        assert recorder.poll() is None
        two.start()
        await_agreement(three)
    finally:
        recorder.kill()
        recorder.communicate()


class Recorder:
    """Hears on a host what comes from another for some seconds; then says it again, to all."""

    def __init__(self, host, seconds, source, nodes, repeat=30):
        addresses = [each.host.address for each in nodes]
        self.process = subprocess.Popen(
            [*host.inside("net"), "/usr/bin/python3", "-c", REPEAT, str(seconds), str(repeat),
             source.host.address, *addresses],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def repeat(self):
        assert int(self.process.stdout.readline()) > 2
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def test_recorded_farewells_make_nobody_leave(three):
    """Neither the farewell of who left and is back, nor that which a removed node is given: said again
    to others, to the same, and after a restart."""
    one, two, third = three

    def all_are_well(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for each in three:
                assert each.swarm()["Error"] == ""
                assert sorted(each.states().values()) == ["ready"] * 3, each.states()
            time.sleep(0.2)

    shutil.copytree(third.directory / "state", third.directory / "backup")
    with Recorder(one.host, 2, third, three) as left:
        third.docker("swarm", "leave", "--force")
        wait_until(lambda: one.states().get(third.name) == "down", timeout=5, what="it has left")
        third.kill_hard()
        shutil.rmtree(third.directory / "state")
        shutil.move(third.directory / "backup", third.directory / "state")
        third.start()
        await_agreement(three)
        left.repeat()
        all_are_well(1)
        with Recorder(third.host, 2.5, one, three) as removed:
            one.docker("node", "rm", "--force", third.name)
            wait_until(lambda: "was removed" in third.swarm()["Error"], what="it is told")
            third.docker("swarm", "leave", "--force")
            third.joined(one)
            await_agreement(three)
            removed.repeat()
            all_are_well(1)
            two.kill_hard()
            two.start()
            await_agreement(three)
            all_are_well(1)
    works_together(three)


def test_acks_that_were_kept_back_hide_no_death(three):
    """Recorded acks of the same process to the same process, heard before or never."""
    one, two, third = three
    packets = ["--source", two.host.address, "--protocol", "udp", "--dport", "7946"]
    kept = ["INPUT", *packets, "--jump", "DROP"]
    with Recorder(one.host, 4, two, [one]) as recorder:
        one.host.run("iptables", "--insert", *kept)  # the recorder hears them all the same
        time.sleep(3.2)
        one.host.run("iptables", "--delete", *kept)
        assert one.states()[two.name] == "ready"  # it answers by stream
        two.kill_hard()
        recorder.repeat()
        for each in (one, third):
            wait_until(lambda: each.states()[two.name] == "down", timeout=5, what="it is dead")
        time.sleep(2)
        assert one.states()[two.name] == "down", "and it stays"
        assert recorder.process.poll() is None
        two.start()
        await_agreement(three)


# --- other versions -------------------------------------------------------------------------------


def varint(number):
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def field(number, value):
    """One field in the wire format of Protocol Buffers."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def say(liar, directory, to, *messages):
    """Sends what follows the head of a Message, as a node does that has `liar`'s certificate."""
    head = field(1, 1) + field(2, 1) + field(3, liar.id().encode())
    (directory / "batch").write_bytes(b"".join(field(1, head + each) for each in messages))
    code = liar.host.run("curl", "-sS", "--insecure", "--cert", f"{directory}/cert.pem", "--key",
                         f"{directory}/key.pem", "--data-binary", f"@{directory}/batch",
                         "--output", "/dev/null", "--write-out", "%{http_code}",
                         f"https://{to.host.address}:2377/drover/v1/messages")  # fmt: skip
    assert code == "204", code


def test_a_peer_of_a_newer_wire_version_is_refused_by_name(three, tmp_path):
    """A node's own messages, but in a format that takes a newer reader, with news that must not count."""
    one, two, third = three
    third.copy_identity(tmp_path / "third")
    sender = third.id()
    # MemberUpdate: node, status FAILED, an incarnation far ahead
    claim = field(1, two.id().encode()) + field(2, 2) + field(3, 120)
    for version, oldest_reader in ((9, 9), (0, 0)):
        message = field(1, version) + field(2, oldest_reader) + field(3, sender.encode())
        message += field(4, claim) + field(14, b"")
        (tmp_path / "batch").write_bytes(field(1, message))
        url = f"https://{one.host.address}:2377/drover/v1/messages"
        certificate = tmp_path / "third"
        third.host.run("curl", "-sS", "--insecure", "--cert", f"{certificate}/cert.pem", "--key",
                       f"{certificate}/key.pem", "--data-binary", f"@{tmp_path}/batch", url)  # fmt: skip
    reasons = [
        each["reason"]
        for each in one.log_records()
        if "wire format" in each.get("reason", "") and each.get("node") == sender
    ]
    assert len(reasons) == 1, reasons  # told once, not at each message
    assert "speaks version 9 of the wire format, which takes version 9 to read" in reasons[0]
    assert "update it" in reasons[0]
    assert one.states() == {each.name: "ready" for each in three}
    works_together(three)


# --- who lies ---------------------------------------------------------------------------------------


def test_what_a_node_that_lies_says_of_another_does_not_last(three, tmp_path):
    one, two, third = three
    identity = tmp_path / "third"
    third.copy_identity(identity)
    victim, liar = two.id().encode(), third.id().encode()
    run_on(one, two, "before")

    def as_high_as_is_believed(unit):
        return int((time.time() + 2 * 86400) * unit)

    def member(status, incarnation, by):
        update = field(1, victim) + field(2, status) + field(3, incarnation) + field(4, by)
        return field(4, update) + field(14, b"")  # MemberUpdate, in a Gossip

    def records(version):
        record = field(1, b"node") + field(2, version) + field(3, b"{}")
        # Complete, with a floor that makes all others void.
        delta = field(1, victim) + field(3, version) + field(4, version) + field(6, record)
        return field(20, field(1, delta))  # OwnerDelta, in a StateNews

    def is_well():
        for each in three:
            wait_until(
                lambda: each.states() == {other.name: "ready" for other in three},
                timeout=10,
                what=f"{each.name} sees all as ready",
            )
            wait_until(lambda: "before" in each.containers(), timeout=10, what="it is listed")

    failed, left = 2, 3
    for number in (2**64 - 1, 2**62, 2**48, 2**48 - 1):
        for to in (one, two):
            say(third, identity, to, member(failed, number, liar), member(left, number, victim))
            say(third, identity, to, records(number))
    time.sleep(1)
    assert one.states() == {each.name: "ready" for each in three}
    assert "before" in one.containers()
    # What is believed is gone above.
    for status, by in ((failed, liar), (left, victim)):
        say(third, identity, one, member(status, as_high_as_is_believed(1000), by))
        is_well()
    say(third, identity, one, records(as_high_as_is_believed(1_000_000)))
    say(third, identity, two, records(as_high_as_is_believed(1_000_000)))
    is_well()
    works_together(three)
    # Also by who was not there.
    two.kill_hard()
    say(third, identity, one, member(failed, as_high_as_is_believed(1000), liar),
        records(as_high_as_is_believed(1_000_000)))  # fmt: skip
    two.start()
    is_well()
    two.copy_identity(tmp_path / "two")
    with sqlite3.connect(tmp_path / "two/state/drover.db") as store:
        (reserved,) = store.execute("SELECT value FROM counter WHERE name = 'record_version'").fetchone()
    assert reserved > time.time() * 1_000_000, "how high it went is on its disk"
    works_together(three)
    two.docker("rm", "--force", "before")
