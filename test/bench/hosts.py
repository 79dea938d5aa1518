"""Three hosts of the lab, each with a real engine: with droverds that are one cluster, or without; and
HTTP over unix sockets."""

import http.client
import json
import os
import pathlib
import socket
import subprocess

LAB = pathlib.Path(__file__).resolve().parents[2] / "contrib/lab"
COUNT = 3


class Unix(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def listens(path):
    """Whether somebody accepts connections there: a socket's file is there a moment earlier."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def call(path, method, target, body=None):
    """One call; its answer, decoded. Ends the program with the words of an answer that is an error."""
    connection = Unix(path)
    connection.request(method, target, json.dumps(body) if body is not None else None,
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status >= 300:
        raise SystemExit(f"{method} {target}: {answer.status} {text.decode(errors='replace')}")
    return json.loads(text or "null")


class Hosts:
    """A context: entering brings them up, leaving takes them down."""

    def __init__(self, name="bench", drover=True, program=None):
        """`program`: another droverd than $DROVERD."""
        self.name = name
        self.drover = drover
        self.environment = os.environ | ({"DROVERD": str(program)} if program else {})
        self.addresses = []

    def socket(self, number, daemon="drover"):
        return f"/run/drover-lab/{self.name}/{number}/{daemon}.sock"

    def inside(self, number):
        """The start of a command line that runs in the host's network."""
        holder = pathlib.Path(f"/run/drover-lab/{self.name}/{number}/holder.pid").read_text().strip()
        return ["nsenter", f"--target={holder}", "--net"]

    def __enter__(self):
        self.__exit__()  # what a killed run may have left
        options = ["--name", self.name] + ([] if self.drover else ["--no-drover"])
        try:
            status = subprocess.run([LAB, "up", str(COUNT), *options], check=True, text=True,
                                    capture_output=True, env=self.environment).stdout
            self.addresses = [line.split()[1] for line in status.splitlines()]
            self.form("drover" if self.drover else "docker")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([LAB, "down", "--name", self.name], check=True, stdout=subprocess.DEVNULL)

    def form(self, daemon):
        """One cluster of droverds, or one swarm of engines, all of them managers."""
        for number, address in enumerate(self.addresses, 1):
            place = {"ListenAddr": f"{address}:2377", "AdvertiseAddr": f"{address}:2377"}
            if number == 1:
                call(self.socket(1, daemon), "POST", "/swarm/init", place)
                token = call(self.socket(1, daemon), "GET", "/swarm")["JoinTokens"]["Worker"]
            else:
                place |= {"RemoteAddrs": [f"{self.addresses[0]}:2377"], "JoinToken": token}
                call(self.socket(number, daemon), "POST", "/swarm/join", place)
