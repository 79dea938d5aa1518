"""What the benchmark measures: a real engine, and in front of it HAProxy, nginx and droverd.

Each is a context: entering starts it and waits until it answers, leaving ends it by its pid. The
proxies' configurations are what one would write for a plain Docker socket proxy that shall not get
in the way: no buffering, kept engine connections, upgrades passed on, time limits of an hour."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]


class Failure(Exception):
    """Something outside the benchmark is not as it must be; the text says what to do."""


def answers(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(path)
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            return b" 200 " in connection.recv(64)
        except OSError:
            return False


class Engine:
    """dockerd in a network namespace of its own, by way of the lab."""

    name = "direct"
    lab = TOP / "contrib/lab"

    def __init__(self):
        self.socket = "/run/drover-lab/bench/1/docker.sock"

    def __enter__(self):
        self.down()  # what a killed run may have left
        try:
            subprocess.run([self.lab, "up", "1", "--no-drover", "--name", "bench"], check=True,
                           stdout=subprocess.DEVNULL)
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(self, *_):
        self.down()

    def down(self):
        subprocess.run([self.lab, "down", "--name", "bench"], check=True)

    def docker(self, *arguments):
        """Runs the docker CLI against the engine and returns what it prints."""
        done = subprocess.run(["/usr/bin/docker", "-H", f"unix://{self.socket}", *arguments],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()


class Proxy:
    """A process that serves a unix socket in front of the engine's."""

    def __init__(self, engine, folder):
        self.engine = engine
        self.folder = pathlib.Path(folder, self.name)
        self.socket = f"{self.folder}/proxy.sock"
        self.process = None

    def __enter__(self):
        self.folder.mkdir(exist_ok=True)
        pathlib.Path(self.socket).unlink(missing_ok=True)
        command = self.command()
        log = self.folder / "log"
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=out)
        try:
            for _ in range(100):
                if answers(self.socket):
                    return self
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
            raise Failure(f"{self.name} does not answer: {log.read_text()[-500:]}")
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def resident(self):
        """Bytes resident, of the process and its children."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        total = 0
        for pid in [str(self.process.pid), *children.read_text().split()]:
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
        return total


class Haproxy(Proxy):
    name = "haproxy"

    def command(self):
        config = self.write("haproxy.cfg", f"""
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend docker
  bind unix@{self.socket}
  default_backend engine
backend engine
  http-reuse always
  server engine unix@{self.engine.socket}
""")
        return ["/usr/sbin/haproxy", "-db", "-f", config]


class Nginx(Proxy):
    name = "nginx"

    def command(self):
        config = self.write("nginx.conf", f"""
user root;
worker_processes auto;
worker_rlimit_nofile 20000;
daemon off;
pid {self.folder}/pid;
events {{ worker_connections 10000; }}
http {{
  access_log off;
  client_body_temp_path {self.folder}/body;
  proxy_temp_path {self.folder}/proxy;
  fastcgi_temp_path {self.folder}/fastcgi;
  uwsgi_temp_path {self.folder}/uwsgi;
  scgi_temp_path {self.folder}/scgi;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream engine {{
    server unix:{self.engine.socket};
    keepalive 64;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
  }}
  server {{
    listen unix:{self.socket};
    client_max_body_size 0;
    location / {{
      proxy_pass http://engine;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_buffering off;
      proxy_request_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }}
  }}
}}
""")
        return ["/usr/sbin/nginx", "-e", "stderr", "-c", config]


class Drover(Proxy):
    name = "drover"
    program = os.environ.get("DROVERD", TOP / "build/release/droverd")

    def command(self):
        config = self.write("droverd.yml", "")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.metrics = f"127.0.0.1:{probe.getsockname()[1]}"
        return [self.program, "--config", config, "--engine", f"unix://{self.engine.socket}",
                "--listen", f"unix://{self.socket}", "--state-dir", self.folder / "state",
                "--name", "bench", "--metrics-listen", self.metrics]

    def longest_turn(self):
        """Milliseconds that the longest turn of its event loop worked; none if it does not tell."""
        with urllib.request.urlopen(f"http://{self.metrics}/metrics", timeout=10) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith('drover_loop_longest_turn_seconds{time="cpu"}'):
                    return float(line.split()[1]) * 1000
        return None


class Before(Drover):
    """An earlier build of droverd, to compare with."""

    name = "before"
    program = None  # set by --before


PROXIES = [Haproxy, Nginx, Before, Drover]
