"""A stream that is served for a live command, and those who receive what it sends on.

For benchmarks/endurance.py; needs the servers of tests/, so PYTHONPATH=tests.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from streams import Coding, MjpegServer, Server, TcpServer
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from sdpose_track.cli.demo import make_clip
from sdpose_track.sources import open_source

LOOPBACK = "127.0.0.1"
LOOK_S = 0.5
VISIT_S = 1.0
"""Between two clients that come and go."""
_LINE = re.compile(r"out/s, latency (\d+)/(\d+) ms,")
_LINE_S = 5.0
"""Between two lines of a run that is not on a terminal."""


def server_of(folder: Path, rate: int, *, mjpeg: bool) -> Server:
    """Return a server of people, 640x480, at `rate` pictures per second; not yet started."""
    clip = folder / "served.mp4"
    make_clip(clip, seconds=4)
    with open_source(clip) as source:
        shots = [frame.image for frame in source.frames()]
    pictures = [np.asarray(cv2.resize(shot, (640, 480)), np.uint8) for shot in shots]
    kind = MjpegServer if mjpeg else TcpServer
    return kind(pictures, Coding(rate=Fraction(rate)))


def figures(errors: Path) -> list[tuple[float, float, float]]:
    """Return when, median and 95th percentile of the latency in ms of each line in `errors`."""
    found = _LINE.findall(errors.read_text(encoding="utf-8"))
    return [(_LINE_S * i, float(p50), float(p95)) for i, (p50, p95) in enumerate(found, 1)]


class _Threads:
    """Threads that end with the `with` block."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, *jobs: threading.Thread) -> None:
        self._threads += jobs
        for job in jobs:
            job.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()


class Company(_Threads):
    """Receivers of OSC and of WebSocket: one client stays, others come and go."""

    def __init__(self) -> None:
        super().__init__()
        logging.getLogger("websockets").addHandler(logging.NullHandler())  # leaving is no error
        self.datagrams = self.messages = self.visits = self.losses = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._socket.settimeout(LOOK_S)
        self.osc: int = self._socket.getsockname()[1]
        with socket.create_server((LOOPBACK, 0)) as free:
            self.websocket: int = free.getsockname()[1]
        for job in (self._hear, self._stay, self._come_and_go):
            self.begin(threading.Thread(target=job))

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._socket.close()

    def _hear(self) -> None:
        while not self.over.is_set():
            with suppress(TimeoutError):
                self._socket.recv(65536)
                self.datagrams += 1

    def _stay(self) -> None:
        was_in = False
        while not self.over.wait(LOOK_S):
            with suppress(OSError, WebSocketException), self._client() as client:
                self.losses += was_in
                was_in = True
                while not self.over.is_set():
                    with suppress(TimeoutError):
                        client.recv(LOOK_S)
                        self.messages += 1

    def _come_and_go(self) -> None:
        """Every other one leaves without a word."""
        while not self.over.wait(VISIT_S):
            with suppress(OSError, WebSocketException), self._client() as client:
                for _ in range(4):
                    client.recv(LOOK_S)
                self.visits += 1
                if self.visits % 2:
                    client.socket.shutdown(socket.SHUT_RDWR)

    def _client(self) -> ClientConnection:
        return connect(f"ws://{LOOPBACK}:{self.websocket}", open_timeout=LOOK_S, proxy=None)


class Drops(_Threads):
    """Stops the server every `every_s` seconds for `away_s`; 0 never."""

    def __init__(self, server: Server, every_s: float, away_s: float) -> None:
        super().__init__()
        self._server, self._every_s, self._away_s = server, every_s, away_s
        if every_s:
            self.begin(threading.Thread(target=self._run))

    def _run(self) -> None:
        while not self.over.wait(self._every_s):
            self._server.stop()
            self.over.wait(self._away_s)
            self._server.start()
