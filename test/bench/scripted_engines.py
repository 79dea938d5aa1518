"""Engines that answer what droverd asks of them, from one thread: for what would take more of real
ones than fits on one machine."""

import asyncio
import contextlib
import json
import pathlib
import re
import threading
import urllib.parse

CREATED = 1_700_000_000


class ScriptedEngines:
    def __init__(self, folder, count, containers, inspection=0):
        """`count` of them in that folder, each with so many containers, of which the inspection of
        the first has a label of so many bytes. Containers can be created and removed."""
        self.containers = containers
        self.paths = [pathlib.Path(folder, f"engine{each}.sock") for each in range(count)]
        self.lists = [[json.dumps(self.entry(number, each)) for each in range(containers)]
                      for number in range(count)]
        self.made = [{} for _ in self.paths]  # by id: name and definition
        self.watchers = [set() for _ in self.paths]
        self.inspection = self.inspect({"Labels": {"long": "x" * inspection}})
        self.next = 0
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def run(self):
        asyncio.set_event_loop(self.loop)
        for number, path in enumerate(self.paths):
            self.loop.run_until_complete(
                asyncio.start_unix_server(lambda r, w, n=number: self.serve(n, r, w), path))
        self.ready.set()
        self.loop.run_forever()

    async def serve(self, number, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = re.search(r"(?i)^content-length: *(\d+)", head, re.M)
                body = await reader.readexactly(int(length[1]) if length else 0)
                method, target, _ = head.split(maxsplit=2)
                target = urllib.parse.urlsplit(re.sub(r"^/v1\.\d+", "", target))
                if target.path == "/events":
                    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                 b"Content-Type: application/json\r\n\r\n")
                    self.watchers[number].add(writer)
                    continue
                query = dict(urllib.parse.parse_qsl(target.query))
                status, text = self.answer(number, method, target.path, query, body)
                writer.write(f"HTTP/1.1 {status}\r\nApi-Version: 1.41\r\nContent-Type: "
                             f"application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode()
                             + text.encode())
                await writer.drain()
        self.watchers[number].discard(writer)
        writer.close()

    def answer(self, number, method, path, query, body):
        """Status and body."""
        made = self.made[number]
        known = {"/_ping": "OK", "/version": {"ApiVersion": "1.41", "MinAPIVersion": "1.12"},
                 "/info": {"ID": f"E{number}", "Name": f"m{number}", "NCPU": 8, "OSType": "linux",
                           "MemTotal": 1 << 34, "Swarm": {"LocalNodeState": "inactive"}},
                 "/networks": [], "/volumes": {"Volumes": []}, "/images/json": [],
                 "/containers/prune": {"ContainersDeleted": [], "SpaceReclaimed": 0}}
        if path in known:
            return "200 OK", json.dumps(known[path])
        if path == "/containers/json":
            return "200 OK", self.list(number, json.loads(query.get("filters", "{}")).get("id"))
        if path == "/containers/create":
            self.next += 1
            one = f"{0xf0000000 + number:08x}{self.next:056x}"
            made[one] = query.get("name", f"made{self.next}"), shallow(body)
            self.tell(number, "create", one)
            return "201 Created", json.dumps({"Id": one, "Warnings": []})
        one = path.split("/")[2] if path.startswith("/containers/") else ""
        found = next((each for each in made if one in (each, made[each][0])), None)
        if method == "DELETE" and found:
            del made[found]
            self.tell(number, "destroy", found)
            return "204 No Content", ""
        if found:
            return "200 OK", self.inspect(made[found][1]) % found
        if re.fullmatch(f"{number:08x}[0-9a-f]{{56}}", one):
            first = int(one[8:], 16) == 0
            return "200 OK", (self.inspection if first else self.inspect({})) % one
        return "404 Not Found", json.dumps({"message": f"No such thing: {path}"})

    def tell(self, number, action, one):
        event = json.dumps({"Type": "container", "Action": action, "scope": "local", "id": one,
                            "Actor": {"ID": one, "Attributes": {}}, "time": CREATED})
        for writer in self.watchers[number]:
            writer.write(f"{len(event) + 1:x}\r\n{event}\n\r\n".encode())

    def list(self, number, ids):
        """Of all, or of those with these ids."""
        new = [json.dumps(self.entry(number, 0) | {"Id": each, "Names": [f"/{name}"],
                                                   "Labels": definition.get("Labels", {})})
               for each, (name, definition) in self.made[number].items() if not ids or each in ids]
        old = [] if ids else self.lists[number]
        if ids:
            old = [self.lists[number][int(each[8:], 16)] for each in ids
                   if each.startswith(f"{number:08x}")]
        return "[" + ",".join(new + old) + "]\n"

    def inspect(self, definition):
        """Its inspection, with a place for its id."""
        config = {each: value for each, value in definition.items() if each != "HostConfig"}
        shown = {"Id": "", "Created": "2023-11-14T22:13:20Z", "State": {"Status": "created"},
                 "HostConfig": definition.get("HostConfig", {}), "Config": config}
        return json.dumps(shown).replace("%", "%%").replace('"Id": ""', '"Id": "%s"', 1)

    def entry(self, number, each):
        return {"Id": f"{number:08x}{each:056x}", "Names": [f"/m{number}-{each}"],
                "Image": "registry.example/team/application:1.2.3", "ImageID": "sha256:" + "a" * 64,
                "Command": "/usr/bin/application --serve", "Created": CREATED, "Ports": [],
                "Labels": {"com.docker.compose.project": f"p{each % 7}",
                           "com.docker.compose.service": f"s{each % 11}"},
                "State": "created", "Status": "Created",
                "HostConfig": {"NetworkMode": "default"}, "NetworkSettings": {"Networks": {}},
                "Mounts": []}


def shallow(body):
    """What a body defines; nothing if it is nested deeper than this program reads."""
    try:
        return json.loads(body)
    except RecursionError:
        return {}
