"""What strangers leave about: sessions that SQLite would obey, and baits nobody may touch."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import shutil
import socket
import sqlite3
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

PAGE = 4096
_IN_OPEN, _IN_CREATE = 0x20, 0x100
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
_PENDING = 0x40000000
"""The byte of a database that no page may hold."""


class Watch:
    """Tells what was opened or made by anybody, also by C code: Linux only."""

    def __init__(self, path: Path) -> None:
        """Watch a file, or what is made in a folder."""
        if sys.platform != "linux":
            pytest.skip("only Linux tells who opens a file")
        mask = _IN_CREATE if path.is_dir() else _IN_OPEN
        libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        self._events = libc.inotify_init1(os.O_NONBLOCK)
        assert self._events >= 0
        assert libc.inotify_add_watch(self._events, os.fsencode(path), mask) >= 0

    def was_opened(self) -> bool:
        """Say so, since the last call."""
        return bool(self.made())

    def made(self) -> bytes:
        """Return what the system tells, the names of what was made in it, since the last call."""
        try:
            return os.read(self._events, 1 << 16)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        """End the watch."""
        os.close(self._events)


@contextmanager
def watched(path: Path) -> Iterator[Watch]:
    """Watch a file or folder."""
    with closing(Watch(path)) as watch:
        yield watch


class Bait:
    """A port that counts who comes."""

    def __init__(self) -> None:
        self.callers = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="bait", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._socket.accept()
            except OSError:
                return
            self.callers += 1
            caller.close()

    def close(self) -> None:
        """Close the port."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def altered(session: Path, name: str, script: str) -> Path:
    """Return a copy of `session`, `name`, in which the SQL `script` was carried out."""
    path = session.with_name(f"{name}.sdpose")
    shutil.copy(session, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
        connection.commit()
    return path


def plant_journal(session: Path, victim: Path) -> Path:
    """Put a journal beside `session` after whose rollback SQLite deletes `victim`; return it."""
    data = bytearray(session.read_bytes())
    data[18:20] = b"\1\1"  # not WAL
    session.write_bytes(data)
    head = _JOURNAL + struct.pack(">5I", 0, 1, len(data) // PAGE, 512, PAGE)
    name = os.fsencode(victim)
    superior = struct.pack(">I", _PENDING // PAGE + 1) + name
    superior += struct.pack(">2I", len(name), sum(name)) + _JOURNAL
    journal = session.with_name(f"{session.name}-journal")
    journal.write_bytes(head.ljust(512, b"\0") + superior)
    return journal


def make_endless(session: Path, table: str, levels: int = 8, fan: int = 300) -> None:
    """Let `fan` ** `levels` rows be in a `table` with row ids: all pages of a level are one."""
    with closing(sqlite3.connect(session)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        root = 1 if table == "sqlite_master" else connection.execute(query, (table,)).fetchone()[0]
    data = bytearray(session.read_bytes())
    pages, start = len(data) // PAGE, (root - 1) * PAGE
    chain = [*range(pages + 1, pages + levels + 1)]
    leaf = data[start : start + PAGE]
    data[start : start + PAGE] = _inner(chain[0], fan, leaf[:100] if root == 1 else b"")
    for child in chain[1:]:
        data += _inner(child, fan, b"")
    data += leaf if root != 1 else _as_other_page(leaf)
    struct.pack_into(">I", data, 28, len(data) // PAGE)
    session.write_bytes(data)


def _inner(child: int, fan: int, head: bytes | bytearray) -> bytearray:
    """Return an interior page of a table, all of whose `fan` children are the page `child`."""
    page, at = bytearray(head).ljust(PAGE, b"\0"), len(head)
    cells: list[int] = []
    for key in range(fan):
        cells.append((cells[-1] if cells else PAGE) - 6)
        struct.pack_into(">IBB", page, cells[-1], child, 0x80 | key >> 7, key & 0x7F)
    struct.pack_into(">BHHHBI", page, at, 5, 0, fan, cells[-1], 0, child)
    struct.pack_into(f">{fan}H", page, at + 12, *cells)
    return page


def _as_other_page(first: bytearray) -> bytearray:
    """Return the leaf that is the first page, after its header, as another page."""
    count = struct.unpack_from(">H", first, 103)[0]
    page = bytearray(first)
    page[: 8 + 2 * count] = first[100 : 108 + 2 * count]
    return page
