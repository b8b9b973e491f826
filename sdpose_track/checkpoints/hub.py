"""The only door to the Hugging Face Hub: what a repository states, and the bytes of one file.

huggingface_hub does the talking, so that HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, proxies and
certificates mean what they mean to every program built on it. It is imported when it is used, and
told to send no telemetry. Its errors leave this room as CheckpointError.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from sdpose_track.errors import CheckpointError

_LIBRARY = "sdpose-track"
_SHA256_DIGITS, _GIT_DIGITS = 64, 40
_TOO_LARGE = 2**63
"""Bytes: no file system has such a file."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What the Hub states about a file."""

    bytes: int
    sha256: str | None
    """Of a large file, one kept in Git LFS or Xet."""
    git_id: str | None
    """Of a small one: the SHA-1 that git names its content by."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a repository at one commit."""

    endpoint: str
    repository: str
    commit: str
    files: dict[str, Stated]

    @property
    def address(self) -> str:
        """Where a person can look at it."""
        return f"{self.endpoint}/{self.repository}"


def listing(repository: str, revision: str) -> Listing:
    """Ask the Hub for the files of `repository` at `revision`, a commit or a branch.

    Raises CheckpointError if it cannot be reached, or has no such repository or revision.
    """
    hub = _library()
    endpoint: str = hub.constants.ENDPOINT
    try:
        with _errors_told(endpoint, repository, revision):
            api = hub.HfApi(endpoint=endpoint, library_name=_LIBRARY, library_version=_version())
            timeout = hub.constants.HF_HUB_ETAG_TIMEOUT
            found = api.model_info(
                repository, revision=revision, files_metadata=True, timeout=timeout
            )
        files = {str(file.rfilename): _stated(file) for file in found.siblings}
        return Listing(endpoint, repository, _hash(found.sha, _GIT_DIGITS), files)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{endpoint} answered with something that is no listing of {repository};"
            " is a login page in between, or HF_ENDPOINT wrong?"
        ) from error


def download(source: Listing, path: str, into: BinaryIO, have: int) -> None:
    """Append what is still missing of a file to `into`, which holds its first `have` bytes.

    A broken connection is tried again as often as the library does. If the server cannot send a
    part of a file, `into` is emptied and gets all of it. Raises CheckpointError if the file cannot
    be had; what came until then is in `into`.
    """
    hub = _library()
    headers = hub.utils.build_hf_headers(library_name=_LIBRARY, library_version=_version())
    headers["Accept-Encoding"] = "identity"  # a part of a compressed file continues nothing
    with _errors_told(source.endpoint, source.repository, source.commit, path):
        hub.file_download.http_get(
            hub.hf_hub_url(
                source.repository, path, revision=source.commit, endpoint=source.endpoint
            ),
            into,
            resume_size=have,
            headers=headers,
            expected_size=source.files[path].bytes,
        )


def _stated(file: Any) -> Stated:
    """Return what the library read of a file. Raises ValueError if a size or a hash is none."""
    if not isinstance(file.size, int) or not 0 <= file.size < _TOO_LARGE:
        raise ValueError(f"{file.size!r} is no size")
    if file.lfs is not None:
        return Stated(file.size, _hash(file.lfs.sha256, _SHA256_DIGITS), None)
    git_id = None if file.blob_id is None else _hash(file.blob_id, _GIT_DIGITS)
    return Stated(file.size, None, git_id)


def _hash(stated: Any, digits: int) -> str:
    """Return a hash in hex. Raises ValueError for anything else: parts of files are named by it."""
    if not isinstance(stated, str) or not re.fullmatch(rf"[0-9a-f]{{{digits}}}", stated):
        raise ValueError(f"{stated!r} is no hash of {digits} digits")
    return stated


def _library() -> Any:
    """Return huggingface_hub. Raises CheckpointError if the environment keeps it from working."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    given = os.environ.get("HF_ENDPOINT")
    if given is not None and not _is_web_address(given):
        raise CheckpointError(f"HF_ENDPOINT {given!r} is no web address; correct it or unset it")
    try:
        import huggingface_hub
        import huggingface_hub.errors
        import huggingface_hub.file_download
    except ValueError as error:  # it reads the environment as it is imported
        raise CheckpointError(
            f"an HF_ variable has a value that huggingface_hub cannot use ({error}); correct it"
        ) from error

    library: Any = huggingface_hub
    # the environment is read at the first import, which may have been another library's
    library.constants.HF_HUB_DISABLE_TELEMETRY = True
    library.utils.disable_progress_bars("huggingface_hub.http_get")  # ours counts all files
    return library


def _is_web_address(given: str) -> bool:
    try:
        parts = urlsplit(given)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and has_host and given.isprintable()


def _version() -> str:
    from sdpose_track import __version__

    return __version__


@contextmanager
def _errors_told(
    endpoint: str, repository: str, revision: str, path: str | None = None
) -> Iterator[None]:
    """Raise the library's errors as a sentence each."""
    errors = _library().errors
    # The base class of its errors is that of the HTTP library beneath: requests, httpx or httpx2.
    network: tuple[type[Exception], ...] = (OSError, *errors.HfHubHTTPError.__bases__)
    try:
        yield
    except errors.OfflineModeIsEnabled as error:
        raise CheckpointError("HF_HUB_OFFLINE forbids to ask the Hugging Face Hub") from error
    except errors.GatedRepoError as error:
        raise CheckpointError(
            f"{endpoint}/{repository} wants its terms accepted: do so there, and set HF_TOKEN"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise CheckpointError(
            f"{endpoint} has no repository {repository}, or only for some: set HF_TOKEN then"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise CheckpointError(f"{endpoint}/{repository} has no revision {revision}") from error
    except errors.EntryNotFoundError as error:
        raise CheckpointError(f"{endpoint}/{repository} has no {path} at {revision}") from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise CheckpointError(f"{endpoint} answered {status} for {path or repository}") from error
    except network as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        what = "cannot be reached" if path is None else f"broke off in {path}"
        raise CheckpointError(f"{endpoint} {what} ({reason})") from error
