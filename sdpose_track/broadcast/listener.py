"""A client's connection, cut as soon as the client talks: it is here to listen."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.protocol import SEND_EOF, State

BURST = 65536
"""Bytes that a client may send at once; a browser's request with cookies is a few thousand."""
RATE = 16384.0
"""Bytes a second that it may send for long. Confirming sixty frames a second takes a thousand."""
MOST_OPEN = 64
"""Connections at once, also those that have not said what they want: each takes one of the files
that a process may have open, and the run needs some, too."""


class Listener(ServerConnection):
    """Counts what the client sends, before anything of it is looked at.

    Reading a flood of messages or pings would take time from the run, and answering the pings of
    a client that does not read would take memory.
    """

    def __init__(self, crowd: set[asyncio.BaseTransport], *args: Any, **kwargs: Any) -> None:
        """`crowd` holds all open connections of the server."""
        super().__init__(*args, **kwargs)
        self._crowd = crowd
        self._said = 0.0
        self._then = self.loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._crowd.add(transport)
        super().connection_made(transport)
        if len(self._crowd) > MOST_OPEN:
            self.transport.abort()
            return
        # asyncio does so only for sockets it made itself; without, a frame waits for the one before
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.discard(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        now = self.loop.time()
        self._said = max(0.0, self._said - RATE * (now - self._then)) + len(data)
        self._then = now
        if self._said > BURST:
            self.transport.abort()
            return
        super().data_received(data)
        if self.protocol.eof_sent and self.protocol.state is State.CONNECTING:
            # it talked on before it was answered: the answer would end an ended connection again
            self.transport.abort()

    def send_data(self) -> None:
        """Write what is to be written, in one piece, and nothing to a client that is gone.

        For each piece that comes after one that failed asyncio logs a warning. A client may ask for
        ten thousand, which answer its pings, and leave.
        """
        pieces = self.protocol.data_to_send()
        if self.transport.is_closing():
            return
        if together := b"".join(pieces):
            self.transport.write(together)
        if SEND_EOF in pieces:
            with suppress(OSError):  # it is gone
                self.transport.write_eof()
