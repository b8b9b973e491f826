"""Poses for web pages and programs: a WebSocket server that sends JSON and takes no orders.

One thread, `sdpose-websocket`, serves everybody. To each client go at most `ON_THE_WAY` frames
that it has not confirmed (by answering the ping behind each), so a slow one gets the newest frame
when it is ready, is never far behind, and holds nobody back. What clients send is thrown away;
who sends much is cut off (`listener`).
"""

from __future__ import annotations

import asyncio
import errno
import http
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from sdpose_track.broadcast import pose_json
from sdpose_track.broadcast.address import THIS_COMPUTER, Address, resolve
from sdpose_track.broadcast.message import PoseMessage
from sdpose_track.broadcast.origins import Origins, names_this_computer
from sdpose_track.broadcast.sender import Newest, Notice, Sink, unheard
from sdpose_track.errors import DeviceError, SettingsError
from sdpose_track.skeletons import Skeleton
from sdpose_track.threads import begin

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

DEFAULT = Address(THIS_COMPUTER, 9001)

MOST_CLIENTS = 32
ON_THE_WAY = 8
"""Frames that a client may have to confirm yet: a quarter of a second at 30 a second."""
PATIENCE_S = 20.0
"""How long a client may take to confirm a frame before it is given up."""
LARGEST_READ = 1024
"""Bytes of a client's message; whoever sends a larger one is disconnected."""
OPENING_S, CLOSING_S = 2.0, 1.0
"""How long a handshake may take, at the beginning and at the end."""
_MOST_TOLD = 20
"""Refused origins that the user is told of: somebody may make them up."""


class _News(NamedTuple):
    """A frame on its way to a client."""

    skeleton: Skeleton
    text: bytes


class _Client:
    """A connection and the one frame that waits for it."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self._waiting: asyncio.Queue[_News] = asyncio.Queue(1)

    def offer(self, news: _News) -> bool:
        """Let `news` wait; return whether it took the place of another."""
        was_full = self._waiting.full()
        if was_full:
            self._waiting.get_nowait()
        self._waiting.put_nowait(news)
        return was_full

    async def feed(self) -> None:
        """Send frame after frame; never returns. Raises TimeoutError if nothing gets through."""
        told: Skeleton | None = None
        on_the_way: deque[Awaitable[float]] = deque()
        while True:
            if len(on_the_way) == ON_THE_WAY:
                async with asyncio.timeout(PATIENCE_S):
                    await on_the_way.popleft()
            news = await self._waiting.get()
            async with asyncio.timeout(PATIENCE_S):
                if news.skeleton is not told:
                    await self.connection.send(pose_json.hello(news.skeleton), text=True)
                    told = news.skeleton
                await self.connection.send(news.text, text=True)
                on_the_way.append(await self.connection.ping())


class WebSocketServer(Sink):
    """Serves poses at `ws://HOST:PORT/`, whatever the path, to at most `MOST_CLIENTS` clients.

    Web pages of this computer may connect, and those of `origins` (see `Origins`).
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        origins: Sequence[str] = (),
        notice: Notice = unheard,
        option: str = "--ws",
    ) -> None:
        """Listen at once. Port 0 takes one that is free.

        Raises SettingsError, which names `option` or, for `origins`, `option` with `-origin`;
        DeviceError if this machine gives no more threads.
        """
        self._origin_option = f"{option}-origin"
        self._origins = Origins(origins, self._origin_option)
        address = Address(host, port)
        self.exposure = address.exposed_listening()
        self._socket = _listening(address, option)
        self.port = int(self._socket.getsockname()[1])
        """Where it listens."""
        self._notice = notice
        self._refused: set[str] = set()
        self._newest = Newest()
        self._handing_over = threading.Lock()
        self._clients: set[_Client] = set()
        self._missed = 0
        self._stop = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="sdpose-websocket", daemon=True)
        try:
            begin(self._thread)
        except DeviceError:
            self._socket.close()
            self._loop.close()
            raise

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    @property
    def left_out(self) -> int:
        """How many frames clients did not get because a newer one came first, of all clients."""
        return self._missed + self._newest.left_out

    def send(self, message: PoseMessage) -> None:
        with self._handing_over:
            if self._newest.put(message):
                self._loop.call_soon_threadsafe(self._spread)

    def close(self) -> None:
        """Tell the clients that it is over (code 1001), disconnect them, and end the thread."""
        with self._handing_over:
            if self._newest.close():
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        from websockets.asyncio.server import serve

        from sdpose_track.broadcast.listener import Listener

        async with serve(
            self._attend,
            sock=self._socket,
            process_request=self._admit,
            compression=None,  # it would cost more time than it saves on a wire this short
            server_header=None,
            open_timeout=OPENING_S,
            close_timeout=CLOSING_S,
            max_size=LARGEST_READ,
            write_limit=0,
            create_connection=cast("type[ServerConnection]", partial(Listener, set())),
        ):
            await self._stop.wait()
            self._loop.call_later(CLOSING_S, self._drop_all)

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Refuse strangers' web pages, before anything is sent."""
        origins = request.headers.get_all("Origin")
        strange = [origin for origin in origins if not self._origins.allow(origin)]
        if not strange:
            hosts = () if origins or self.exposure else request.headers.get_all("Host")
            if all(names_this_computer(host) for host in hosts):
                return None
            return connection.respond(
                http.HTTPStatus.FORBIDDEN, "This computer has no such name.\n"
            )
        origin = ascii(strange[0])[1:-1][:100]
        if origin not in self._refused and len(self._refused) < _MOST_TOLD:
            self._refused.add(origin)
            self._notice(
                f"a web page of {origin} asked for the poses and was refused; "
                f"{self._origin_option} {origin} lets it"
            )
        return connection.respond(
            http.HTTPStatus.FORBIDDEN, f"Pages of {origin} may not read the poses.\n"
        )

    async def _attend(self, connection: ServerConnection) -> None:
        """Serve a client until it leaves."""
        from websockets.exceptions import ConnectionClosed

        if len(self._clients) >= MOST_CLIENTS:
            await connection.close(1013, f"{MOST_CLIENTS} clients are connected already")
            return
        client = _Client(connection)
        self._clients.add(client)
        feeding = asyncio.create_task(self._feed(client))
        try:
            with suppress(ConnectionClosed):
                async for _ in connection:
                    pass  # no client can give an order
        finally:
            self._clients.discard(client)
            feeding.cancel()
            await asyncio.wait({feeding})

    async def _feed(self, client: _Client) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await client.feed()
        except TimeoutError:
            client.connection.transport.abort()
        except ConnectionClosed:
            return  # `_attend` sees it too

    def _spread(self) -> None:
        """Give the newest message to every client."""
        message = self._newest.take()
        if message is None or not self._clients:
            return
        news = _News(message.skeleton, pose_json.poses(message))
        self._missed += sum([client.offer(news) for client in self._clients])

    def _drop_all(self) -> None:
        """Disconnect those that did not take part in a proper end."""
        for client in self._clients:
            client.connection.transport.abort()


def _listening(address: Address, option: str) -> socket.socket:
    family, where = resolve(address, socket.SOCK_STREAM, option)
    try:
        return socket.create_server(where, family=family)
    except OSError as error:
        raise SettingsError(f"{option} {address}: {_why(error)}") from error


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program listens there; choose another port"
        case errno.EADDRNOTAVAIL:
            return "this computer does not have that address; give one of its own"
        case errno.EACCES | errno.EPERM:
            return "that port may not be used; choose one from 1024 on"
        case _:
            return f"it cannot be listened at ({error.strerror}); choose another"
