"""What `models fetch` writes down beside the files that it fetched, and what is read of it again.

Some files have no sha256 in the manifest. For them the receipt says which content the Hub stated on
the day they were fetched. It guards against damage, not against forgery: who can change the weights
can change the receipt.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "fetched.json"
VERSION = 1


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file as it was fetched, and what vouched for it."""

    bytes: int
    sha256: str
    checked_against: str
    """"manifest", "hub sha256" (of a large file) or "hub git id" (of a small one)."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was fetched from where."""

    repository: str
    revision: str
    """As asked for: a commit or a branch."""
    commit: str
    """What `revision` was at that time."""
    endpoint: str
    """Address of the Hub or of the mirror that was asked."""
    files: dict[str, FetchedFile]
    """By the path below the checkpoint's folder."""


def write(folder: Path, receipt: Receipt) -> None:
    """Write the receipt into the checkpoint's folder, in one step. Raises OSError."""
    told = {"version": VERSION, **asdict(receipt)}
    part = folder / f".{FILE_NAME}.part"
    part.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    os.replace(part, folder / FILE_NAME)


def read(folder: Path) -> Receipt | None:
    """Return the receipt in the checkpoint's folder; None if there is none that can be read."""
    try:
        told: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        if told.pop("version") != VERSION:
            return None
        files = {path: FetchedFile(**facts) for path, facts in told.pop("files").items()}
        kinds = {(type(file.bytes), type(file.sha256)) for file in files.values()}
        return Receipt(files=files, **told) if kinds <= {(int, str)} else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
