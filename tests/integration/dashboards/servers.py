"""PostgreSQL, Curfew and Prometheus of a test's own, on ports of the loopback that are free; all end with it."""
import csv
import fcntl
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import scenario

SOURCE = pathlib.Path(__file__).resolve().parents[3]
# The newest that Debian has installed; elsewhere, that of the path.
POSTGRES = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name),
               default=pathlib.Path(shutil.which("initdb") or "/nowhere/initdb").parent)


class Failed(Exception):
    pass


# As tests/support/server_process.cpp gives them out, of the same count.
def free_port():
    first, many = 20_000, 12_000
    with open(pathlib.Path(tempfile.gettempdir(), f"curfew-test-ports-{os.getuid()}"), "a+b") as count:
        fcntl.flock(count, fcntl.LOCK_EX)
        count.seek(0)
        kept = count.read(4)
        following = struct.unpack("=i", kept)[0] % many if len(kept) == 4 else 0
        for port in (first + (following + tried) % many for tried in range(many)):
            with socket.socket() as taken:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    taken.bind(("127.0.0.1", port))
                except OSError:
                    continue
            count.truncate(0)
            count.write(struct.pack("=i", (port - first + 1) % many))
            return port
    raise Failed(f"no port is free from {first} on")


def until(what, condition, patience=60):
    end = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"waited {patience} s for {what}")
        time.sleep(0.05)


def get(url, data=None, headers=None):
    with urllib.request.urlopen(urllib.request.Request(url, data, headers or {}), timeout=30) as answer:
        return answer.read().decode()


class Servers:
    def __init__(self, build):
        self.build = pathlib.Path(build)
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="curfew-dashboards-"))
        self.place.chmod(0o755)
        self.database_port, self.port, self.gate_port, self.sources_port, self.prometheus_port = (
            free_port() for _ in range(5))
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process, how in reversed(self.running):
            if process.poll() is None:
                process.send_signal(how)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        shutil.rmtree(self.place, ignore_errors=True)

    def log(self, name):
        path = self.place / (name + ".log")
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def _start(self, name, command, how=signal.SIGTERM, **options):
        with open(self.place / (name + ".log"), "wb") as log:
            process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, **options)
        self.running.append((process, how))
        return process

    def _ready(self, name, process, condition):
        def look():
            if process.poll() is not None:
                raise Failed(f"{name} ended:\n{self.log(name)}")
            return condition()
        try:
            until(name, look)
        except Failed as failed:
            raise Failed(f"{failed}\n{self.log(name)}") from None

    # ---- PostgreSQL: the schema, and the logins as docs/operations.md and docs/dashboards.md have them ----
    def start_database(self):
        cluster = self.place / "cluster"
        cluster.mkdir(mode=0o700)
        # PostgreSQL refuses to be root's.
        as_user = {}
        if os.geteuid() == 0:
            shutil.chown(cluster, "postgres", "postgres")
            as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
        subprocess.run([POSTGRES / "initdb", "-D", cluster, "-U", "postgres", "--auth=trust", "-E", "UTF8",
                        "--no-locale", "--no-sync"], check=True, capture_output=True, cwd="/", **as_user)
        process = self._start("postgres", [POSTGRES / "postgres", "-D", cluster, "-p", self.database_port, "-h",
                                           "127.0.0.1", "-k", "", "-c", "max_connections=60"], signal.SIGINT, cwd="/",
                              **as_user)
        self._ready("postgres", process, lambda: subprocess.run(
            [POSTGRES / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.database_port)]).returncode == 0)
        self.admin("CREATE DATABASE curfew ENCODING 'UTF8'", database="postgres")
        self.curfew("db", "migrate", "--database", f"postgresql://postgres@127.0.0.1:{self.database_port}/curfew")
        self.admin("CREATE ROLE curfew LOGIN NOINHERIT; GRANT curfew_writer, curfew_auditor TO curfew")
        self._psql("postgres", "curfew", ["-f", SOURCE / "dashboards/postgres/reader.sql"])

    def _psql(self, user, database, arguments, text=None):
        done = subprocess.run(
            [str(word) for word in ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                                    self.database_port, "-U", user, "-d", database, *arguments]],
            input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr.strip())
        return done.stdout

    def admin(self, text, database="curfew"):
        return self._psql("postgres", database, ["-c", text])

    def query(self, text):
        """Rows as Grafana's login sees them: a list of mappings."""
        return list(csv.DictReader(io.StringIO(self._psql("curfew_grafana", "curfew", ["--csv"], text))))

    # ---- Curfew ----
    def _program(self):
        # As root the daemon goes on as another user, who may not be able to enter the build's folder.
        program = self.place / "program"
        if not program.exists():
            (program / "lib/curfew/plugins").mkdir(parents=True)
            (program / "bin").mkdir()
            for name in ("bin/curfew", "bin/curfew-trial", "lib/curfew/plugins/replay.so"):
                shutil.copy2(self.build / name, program / name)
            for path in [program, *program.rglob("*")]:
                path.chmod(0o755)
        return program / "bin/curfew"

    def curfew(self, *arguments):
        done = subprocess.run([self._program(), *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"curfew {' '.join(arguments)}: {done.stdout}{done.stderr}")

    def start_curfew(self):
        for name, text in (("scenario.ndjson", scenario.script()),
                           ("token", "cfw_test-token-of-the-integration-tests\n"),
                           ("receiver-token", "cfw_test-token-of-a-receiver-of-events\n"),
                           ("curfew.yaml", scenario.CONFIGURATION.format(
                               place=self.place, database_port=self.database_port, port=self.port,
                               gate_port=self.gate_port, sources_port=self.sources_port))):
            (self.place / name).write_text(text)
            (self.place / name).chmod(0o644)
        process = self._start("curfew", [self._program(), "serve", "--config", self.place / "curfew.yaml"])
        self._ready("curfew", process, self._curfew_is_ready)

    def _curfew_is_ready(self):
        try:
            return get(f"http://127.0.0.1:{self.port}/readyz")
        except (urllib.error.URLError, ConnectionError):
            return False

    def ask_gate(self, session):
        request = urllib.request.Request(f"http://127.0.0.1:{self.gate_port}/check", headers={"Cookie": "sid=" + session})
        try:
            return urllib.request.urlopen(request, timeout=10).status
        except urllib.error.HTTPError as refused:
            return refused.code

    def metrics(self):
        return get(f"http://127.0.0.1:{self.port}/metrics")

    # ---- Prometheus, with our rules ----
    # Before Curfew, so that it sees a daemon's first counts; wait_for_scrape() when that one is up.
    def start_prometheus(self, scrape):
        rules = SOURCE / "dashboards/prometheus"
        (self.place / "prometheus.yml").write_text(
            f"global: {{scrape_interval: {scrape}s, scrape_timeout: {scrape}s, evaluation_interval: {scrape}s}}\n"
            f"rule_files: ['{rules}/recording.yaml', '{rules}/alerts.yaml']\n"
            "scrape_configs:\n  - job_name: curfew\n    static_configs:\n"
            f"      - targets: ['127.0.0.1:{self.port}']\n")
        self.prometheus_process = self._start("prometheus", [
            "prometheus", "--config.file", self.place / "prometheus.yml", "--storage.tsdb.path", self.place / "series",
            "--web.listen-address", f"127.0.0.1:{self.prometheus_port}", "--log.level=warn"])

    def wait_for_scrape(self):
        self._ready("prometheus", self.prometheus_process, self._prometheus_has_scraped)

    def _prometheus_has_scraped(self):
        try:
            return self.prometheus("query", query='up{job="curfew"} == 1')["result"]
        except (urllib.error.URLError, ConnectionError):
            return False
        except Failed as failed:
            if "Service Unavailable" in str(failed):
                return False
            raise

    def prometheus(self, what, **parameters):
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/{what}"
        try:
            answer = json.loads(get(url + "?" + urllib.parse.urlencode(parameters, doseq=True)))
        except urllib.error.HTTPError as refused:
            raise Failed(f"Prometheus refuses {parameters}: {refused.read().decode()}") from None
        return answer["data"]
