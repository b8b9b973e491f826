"""A server on this machine that speaks as much of the Hugging Face Hub as fetching a model needs.

Large files (.safetensors) are answered with a redirection to another host, as the Hub's storage is
one; small ones with a redirection on the same host. What it is asked is written down, and it can be
told to fail in the ways that servers and connections fail.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import unquote, urlsplit

from sdpose_track.closing import Closing

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Cut:
    """The connection breaks after so many bytes of a file."""

    after: int


@dataclass(frozen=True)
class Stall:
    """Nothing more comes after so many bytes of a file, until the server is closed."""

    after: int


@dataclass
class Asked:
    """A request that came in."""

    path: str
    headers: dict[str, str]


@dataclass
class Repository:
    """A model repository with one commit, which is also its branch main."""

    name: str
    files: dict[str, bytes]
    token: str | None = None
    """Without it in the request, no file is given."""
    sends: dict[str, bytes] = field(default_factory=dict)
    """Files that come with another content than is stated."""
    states: dict[str, int] = field(default_factory=dict)
    """Files that are stated to have another size."""
    names: dict[str, str] = field(default_factory=dict)
    """Files that are stated to have another sha256 or, if they are small, git id."""
    commit: str = COMMIT
    """The commit that the list of files is stated to be of."""
    answers: dict[str, list[Cut | Stall | HTTPStatus]] = field(default_factory=dict)
    """How the next requests for a file fail."""
    knows_ranges: bool = True
    listing: bytes | None = None
    """What comes instead of the list of files."""

    def stated(self) -> bytes:
        siblings = [self._sibling(path) for path in self.files]
        return json.dumps({"id": self.name, "sha": self.commit, "siblings": siblings}).encode()

    def _sibling(self, path: str) -> dict[str, object]:
        content = self.files[path]
        size = self.states.get(path, len(content))
        if is_large(path):
            sha256 = self.names.get(path, hashlib.sha256(content).hexdigest())
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\n".encode()
            lfs = {"sha256": sha256, "size": size, "pointerSize": len(pointer)}
            return {"rfilename": path, "size": size, "blobId": git_id(pointer), "lfs": lfs}
        blob = self.names.get(path, git_id(content))
        return {"rfilename": path, "size": size, "blobId": blob}


def is_large(path: str) -> bool:
    return path.endswith(".safetensors")


def git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Hub(Closing):
    """The running server. Use it in a with statement."""

    def __init__(self, *repositories: Repository) -> None:
        self.repositories = {r.name: r for r in repositories}
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="hub", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ranges(self, path: str) -> list[str | None]:
        """The Range of each request for the bytes of a file."""
        sent = ("/cdn/", "/api/resolve-cache/")
        return [
            a.headers.get("range")
            for a in self.asked
            if a.path.startswith(sent) and a.path.endswith(path)
        ]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Write nothing."""

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(Asked(path, {k.lower(): v for k, v in self.headers.items()}))
        repository = next((r for n, r in self.hub.repositories.items() if n in path), None)
        if repository is None:
            self._refuse(HTTPStatus.UNAUTHORIZED, "RepoNotFound")  # as the Hub does
        elif path.startswith("/api/models/"):
            self._list(repository, path)
        else:
            self._file(repository, path)

    def _list(self, repository: Repository, path: str) -> None:
        revision = path.rpartition("/revision/")[2]
        if revision not in (COMMIT, "main"):
            self._refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
            return
        assert "blobs=true" in self.path.lower(), self.path
        body = repository.listing if repository.listing is not None else repository.stated()
        self._begin(HTTPStatus.OK, {"Content-Type": "application/json"}, len(body))
        self.wfile.write(body)

    def _file(self, repository: Repository, path: str) -> None:
        resolve = f"/{repository.name}/resolve/{COMMIT}/"
        if not path.startswith(resolve):
            self._send(repository, path.partition(f"/{repository.name}/")[2])
            return
        file = path.removeprefix(resolve)
        token = repository.token
        if token is not None and self.headers.get("Authorization") != f"Bearer {token}":
            self._refuse(HTTPStatus.FORBIDDEN, "GatedRepo")
        elif file not in repository.files:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
        elif is_large(file):
            there = f"http://localhost:{self.hub.port}/cdn/{repository.name}/{file}"
            xet = {"X-Xet-Hash": "0" * 64, "Link": '<http://localhost/xet>; rel="xet-auth"'}
            self._begin(HTTPStatus.FOUND, {"Location": there, "X-Repo-Commit": COMMIT, **xet}, 0)
        else:
            there = f"/api/resolve-cache/models/{repository.name}/{file}"
            self._begin(HTTPStatus.TEMPORARY_REDIRECT, {"Location": there}, 0)

    def _send(self, repository: Repository, file: str) -> None:
        content = repository.sends.get(file, repository.files[file])
        queue = repository.answers.get(file)
        how = queue.pop(0) if queue else None
        if isinstance(how, HTTPStatus):
            self._refuse(how, None)
            return
        first = 0
        asked = self.headers.get("Range")
        if asked is not None and repository.knows_ranges:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
            span = f"bytes {first}-{len(content) - 1}/{len(content)}"
            self._begin(HTTPStatus.PARTIAL_CONTENT, {"Content-Range": span}, len(content) - first)
        else:
            self._begin(HTTPStatus.OK, {}, len(content))
        try:
            self.wfile.write(content[first : None if how is None else how.after])
            if isinstance(how, Stall):
                self.wfile.flush()
                self.hub.closing.wait(60)
        except OSError:  # the other side has gone
            self.close_connection = True

    def _refuse(self, status: HTTPStatus, code: str | None) -> None:
        self._begin(status, {} if code is None else {"X-Error-Code": code}, 0)

    def _begin(self, status: HTTPStatus, headers: dict[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
