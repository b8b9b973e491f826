"""`sdpose-track pose`: the people in single pictures, as one JSON object."""

from __future__ import annotations

import argparse
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sdpose_track.cli.model_options import model_wish
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import OutputError, SettingsError
from sdpose_track.export.files import replacing, strict_json
from sdpose_track.pipeline.seats import Seats, take
from sdpose_track.pipeline.stills import (
    Still,
    StillPoses,
    box_names,
    by_size,
    estimate_stills,
    find_stills,
)
from sdpose_track.records import Float32, Pose
from sdpose_track.render.overlay import Style, draw_people
from sdpose_track.settings import ModelSettings
from sdpose_track.skeletons import Skeleton

JPEG_QUALITY = 95


@dataclass(frozen=True, slots=True)
class Wish:
    """What to look at, how, and where the drawings go."""

    stills: list[Still]
    settings: ModelSettings
    drawings: dict[int, Path]
    """Where the picture of each index is drawn; empty if none is."""


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Find the poses and write them. Returns the exit code."""
    settings = ModelSettings(**model_wish(options), confidence=options.conf)
    stills = find_stills(options.images)
    out = _out(options.out)
    drawings = _drawings(options.annotate, stills)
    _spare_inputs(stills, settings, [*drawings.values(), *([] if out is None else [out])])
    wish = Wish(stills, settings, drawings)
    with _folder(options.annotate):
        if out is None:
            print(_estimated(wish, screen))
            return 0
        with replacing(out) as part, part.open("w", encoding="utf-8") as file:
            file.write(f"{_estimated(wish, screen)}\n")  # the disk's no came first, above
    screen.say(f"wrote {out}")
    return 0


def _out(given: str | None) -> Path | None:
    if given is None:
        return None
    if given == "":
        raise SettingsError("--out: give the name of a file")
    path = Path(given)
    if path.exists() and not path.is_file():  # replacing a device or pipe would take it away
        what = "a folder" if path.is_dir() else "no regular file"
        raise OutputError(f"{given} is {what}; give the name of a file with --out, or leave it out")
    return path.resolve() if path.is_symlink() else path


def _drawings(folder: str | None, stills: Iterable[Still]) -> dict[int, Path]:
    """Return where each picture is drawn. Raises SettingsError if two would be in one place."""
    if folder is None:
        return {}
    if folder == "":
        raise SettingsError("--annotate: give the name of a folder")
    planned: dict[Path, Still] = {}
    for still in stills:
        path = Path(folder) / f"{still.path.stem}_annotated.jpg"
        if path in planned:
            raise SettingsError(
                f"{still.file} and {planned[path].file} would both be drawn as {path};"
                " give them one after the other, with another --annotate folder"
            )
        planned[path] = still
    return {still.index: path for path, still in planned.items()}


@contextmanager
def _folder(name: str | None) -> Generator[None, None, None]:
    """Make a folder for the block; one that is empty when the block fails is taken away again."""
    if name is None:
        yield
        return
    folder = Path(name)
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{name} cannot be made: {error.strerror}; choose another folder with --annotate"
        ) from error
    try:
        yield
    except BaseException:
        if not was_there:
            with suppress(OSError):  # something is in it
                folder.rmdir()
        raise


def _spare_inputs(
    stills: Iterable[Still], settings: ModelSettings, planned: Iterable[Path]
) -> None:
    """Raise SettingsError if a file to be written is one of those that are read."""
    given = [still.path for still in stills]
    given += [] if settings.boxes is None else [settings.boxes]
    inputs = {path.resolve() for path in given}
    for path in planned:
        if path.resolve() in inputs:
            raise SettingsError(f"{path} is one of the inputs; give it another name or folder")


def _estimated(wish: Wish, screen: Screen) -> str:
    """Return the whole answer as JSON on one line."""
    began = time.perf_counter()
    order = by_size(wish.stills)
    picture = (order[0].height, order[0].width)
    seats = take(wish.settings, picture, box_names(order), pictures=len(order))
    for note in (*seats.notes, *seats.warnings(len(order))):
        screen.note(note)
    entries = [""] * len(order)
    people = 0
    screen.begin("looking", len(order))
    poses = estimate_stills(order, seats.detector, seats.estimator, wish.settings.confidence)
    for done, found in enumerate(poses, start=1):
        entries[found.still.index] = strict_json(_entry(found))
        if wish.drawings:
            _draw(wish.drawings[found.still.index], found, seats.estimator.skeleton)
        people += len(found.people)
        screen.advance(done, len(found.people))
    screen.end()
    pictures = f"{len(order)} {'picture' if len(order) == 1 else 'pictures'}"
    screen.say(
        f"{pictures}, {people} {'person' if people == 1 else 'people'},"
        f" {time.perf_counter() - began:.1f} s"
        f" ({seats.pose_record.name} on {seats.described})"
    )
    return _assembled(seats, entries)


def _assembled(seats: Seats, entries: Iterable[str]) -> str:
    head = strict_json({"model": seats.pose_record.name, "skeleton": seats.estimator.skeleton.name})
    return f'{head[:-1]},"images":[{",".join(entries)}]}}'


def _entry(found: StillPoses) -> dict[str, Any]:
    height, width = found.image.shape[:2]
    people = [_person(person) for person in found.people]
    return {"file": found.still.file, "width": width, "height": height, "people": people}


def _person(pose: Pose) -> dict[str, Any]:
    where, scores = _shortest(pose.keypoints), _shortest(pose.scores)
    known = [bool(np.isfinite(at).all()) for at in pose.keypoints]
    return {
        "bbox": _shortest(pose.box),
        "score": _shortest(np.array([pose.score], np.float32))[0],
        "keypoints": [
            [*at, score] if here else [None, None, 0]
            for at, score, here in zip(where, scores, known, strict=True)
        ],
    }


def _shortest(values: Float32) -> Any:
    """Return float32 `values` as lists of the shortest numbers that read back as the same."""
    return values.astype(str).astype(np.float64).tolist()


def _draw(path: Path, found: StillPoses, skeleton: Skeleton) -> None:
    """Write the picture with everybody in it drawn."""
    image = found.image.copy()
    draw_people(image, found.people, skeleton, Style(ids=False))
    encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    with replacing(path) as part:
        part.write_bytes(encoded.tobytes())
