"""Asks at the peers' port, and walks the whole route table there, as docs/design/gate.md has it."""

import json
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]

# Run in a host's network: sends requests to the peers' port, with or without a certificate, each on
# a connection of its own; prints what came back as [[status, message], ...].
ASK = r"""
import json, socket, ssl, sys
todo = json.load(sys.stdin)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
if todo["certs"]:
    context.load_cert_chain(todo["certs"] + "/cert.pem", todo["certs"] + "/key.pem")
said = []
for method, target in todo["requests"]:
    with context.wrap_socket(socket.create_connection((todo["address"], 2377), 10)) as sock:
        sock.settimeout(20)
        head = f"{method} {target} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n"
        answer = b""
        try:
            sock.sendall(head.encode())
            while b"\r\n\r\n" not in answer or b"message" in answer and b"}" not in answer:
                block = sock.recv(65536)
                if not block:
                    break
                answer += block
        except OSError as failed:
            answer = b"HTTP/1.1 0 " + str(failed).encode()
    status = int((answer.split(b" ") + [b"0"])[1] or 0)
    said.append([status, answer.decode("utf-8", "replace")])
print(json.dumps(said))
"""


def ask_peer(node, requests, certs=None, by=None):
    """What `node` answers at its peers' port to somebody with these certificates."""
    todo = {"address": node.host.address, "certs": certs and str(certs), "requests": requests}
    said = (by or node).host.run("/usr/bin/python3", "-c", ASK, input=json.dumps(todo).encode())
    return json.loads(said)


def documented():
    """Of docs/design/gate.md: {access: {sender: True or False}}."""
    text = (TOP / "docs/design/gate.md").read_text()
    text = text[text.index("| access |") :].split("\n\n")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    senders = rows[0][2:]
    return {
        access.strip("`"): dict(zip(senders, [cell != "no" for cell in cells]))
        for access, _, *cells in rows[2:]
    }


def all_routes():
    """Of the route table: (method, a target that the row describes, the row's access)."""
    source = (TOP / "proxy/api/routes.cc").read_text()
    table = source[source.index("constexpr Route table[]") : source.index("}  // namespace")]
    for method, pattern, rest in re.findall(r'\{"(\w*)",\s+"([^"]+)",(.*?)\},\n', table, re.DOTALL):
        access = re.search(r"\bfor(Clients|Host|Strangers)\b", rest)
        access = access[1].lower() if access else "everyone"
        target = re.sub(r"\{\w+\.*\}", "nope", pattern)
        yield (method, target, access) if method else ("GET", "/unheard-of", access)


GATE = ("only nodes of the cluster are served here", "this node was removed from the cluster",
        "nodes of the cluster do not ask each other for this")  # fmt: skip


def walk(node, sender, certs=None, by=None):
    """Sends each route's request in some spelling; returns what differs from the documents."""
    table = documented()
    requests = []
    for number, (method, target, _) in enumerate(all_routes()):
        spellings = (target, f"/%{ord(target[1]):02x}{target[2:]}", f"http://host/v1.41{target}")
        requests.append((method, spellings[number % 3]))
    wrong = []
    for (_, _, access), asked, (status, text) in zip(
        all_routes(), requests, ask_peer(node, requests, certs, by)
    ):
        # The answer to a HEAD has no words.
        refused = status == 403 and (asked[0] == "HEAD" or any(each in text for each in GATE))
        if sender == "removed":
            refused = status == 0  # its handshake ends
        may = table[access][sender]
        if refused == may or (status == 0 and not refused):
            wrong.append((asked, status, text[:200]))
    return wrong
