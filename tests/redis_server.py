"""A Redis server of the run's own, over TLS too, that can be killed and started again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis

PASSWORD = "p@ss/word"
QUOTED = "p%40ss%2Fword"
_PATIENCE = 20.0


class RedisServer:
    """A server on free ports of this machine, with a password.

    Args:
        program: redis-server.
        folder: for its certificate and log.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self.port, self.tls_port = _free_ports(2)
        self.authority = folder / "server.crt"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, with the password."""
        return f"redis://:{QUOTED}@127.0.0.1:{self.port}/0"

    @property
    def tls_url(self) -> str:
        """Its address over TLS, naming the certificate to trust."""
        address = f"rediss://:{QUOTED}@localhost:{self.tls_port}/0"
        return f"{address}?ssl_ca_certs={self.authority}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._certify()
        options = {
            "port": self.port,
            "tls-port": self.tls_port,
            "tls-cert-file": self.authority,
            "tls-key-file": self._folder / "server.key",
            "tls-auth-clients": "no",
            "bind": "127.0.0.1",
            "requirepass": PASSWORD,
            "dir": self._folder,
            "save": "",
            "appendonly": "yes",
            "logfile": self._folder / "redis.log",
        }
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen([self._program, *words])
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self.client().ping()
                return
            except (redis.ConnectionError, redis.BusyLoadingError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def client(self) -> redis.Redis:
        """A connection to it."""
        return redis.Redis(port=self.port, password=PASSWORD, decode_responses=True)

    def clear(self) -> None:
        """Forget every message."""
        self.client().flushall()

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_PATIENCE)
            self._process = None

    def _certify(self) -> None:
        """A certificate for localhost that is its own authority."""
        if not self.authority.exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                 "-keyout", str(self._folder / "server.key"), "-out", str(self.authority),
                 "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                check=True, capture_output=True,
            )  # fmt: skip


def missing() -> str | None:
    """What is not installed here; None: nothing."""
    for program, package in (("redis-server", "redis-server"), ("openssl", "openssl")):
        if shutil.which(program) is None:
            return f"no {program} on the path: apt install {package}"
    return None


def _free_ports(number: int) -> list[int]:
    probes = [socket.socket() for _ in range(number)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
