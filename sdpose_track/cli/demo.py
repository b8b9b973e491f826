"""`sdpose-track demo`: the main job on real pictures that are on every machine.

The photographs inside the installed ultralytics package show real people; a camera that pans over
them makes a short clip, which is tracked like any other.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import av
import cv2
import numpy as np

from sdpose_track.cli import track
from sdpose_track.cli.parser import build_parser
from sdpose_track.cli.screen import Screen
from sdpose_track.errors import OutputError, SettingsError, SourceError
from sdpose_track.records import UInt8

NAME = "sdpose-track"
PHOTOGRAPHS = ("bus.jpg", "zidane.jpg")
SIZE = (720, 540)
"""(width, height) of the clip in pixels."""
RATE = 25
SECONDS = 4
"""Of each photograph."""
MARK = "made by sdpose-track demo"
"""In the clips: no other file of their name is replaced."""
LARGEST = 10_000_000
"""Bytes of a clip, far more than there are."""


def run(options: argparse.Namespace, screen: Screen) -> int:
    """Make a clip of each photograph, track them, say where to look. Returns the exit code."""
    folder = Path(options.out)
    clips = [folder / f"{photograph.stem}.mp4" for photograph in photographs()]
    for clip in clips:
        _spare(clip)
    for clip, photograph in zip(clips, photographs(), strict=True):
        make_clip(clip, [photograph])
    wish = ["track", *map(str, clips), "--out", str(folder), "--overwrite", "--annotate"]
    wished = build_parser().parse_args([*wish, "--export", "openpose,csv"])
    code = track.run(wished, screen, "begin again with sdpose-track demo")
    if code == 0:
        looks = [str(folder / f"{clip.stem}_annotated.mp4") for clip in clips]
        screen.say(f"\nLook at {' and '.join(looks)}: people followed, with their poses.")
        screen.say(f"The numbers are in {folder / f'{clips[0].stem}_smooth.csv'}.")
        screen.say(f"Now your own video: {program()} track VIDEO --export openpose --annotate")
    return code


def program() -> str:
    """Return the word that calls this program in this shell: `.venv/bin` need not be in PATH."""
    is_hidden = shutil.which(NAME) is None and Path(sys.argv[0]).stem == NAME
    return sys.argv[0] if is_hidden else NAME


def _spare(clip: Path) -> None:
    """Raise SettingsError if a file is there that is not the demo's own."""
    if not clip.is_file():
        return
    is_small = clip.stat().st_size < LARGEST
    if not is_small or MARK.encode() not in clip.read_bytes():
        raise SettingsError(
            f"{clip} is there and no clip of the demo; choose another folder with --out"
        )


def photographs() -> list[Path]:
    """Return the photographs of the installed ultralytics package, without importing its code.

    Raises SourceError if they are not there.
    """
    listed = metadata.files("ultralytics") or []
    found = {p.name: Path(str(p.locate())) for p in listed if p.name in PHOTOGRAPHS}
    if len(found) < len(PHOTOGRAPHS):
        raise SourceError(
            "the photographs of the ultralytics package are not there; reinstall ultralytics"
        )
    return [found[name] for name in PHOTOGRAPHS]


def make_clip(path: Path, pictures: Sequence[Path] | None = None, seconds: float = SECONDS) -> None:
    """Write an H.264 clip that pans over each picture (default: all photographs) for `seconds`.

    Raises OutputError if it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(part), "w", format="mp4") as container:
            container.metadata["comment"] = MARK
            stream = container.add_stream("libx264", rate=RATE, options={"crf": "20"})
            stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
            for image in _views(pictures or photographs(), round(RATE * seconds)):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
            container.mux(stream.encode())
        part.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror}; choose another folder with --out"
        ) from error
    finally:
        with suppress(OSError):  # there may be no folder for it
            part.unlink()


def _views(pictures: Sequence[Path], count: int) -> Iterator[UInt8]:
    for path in pictures:
        image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise SourceError(f"{path} cannot be read; reinstall ultralytics")
        yield from _pan(np.asarray(image, np.uint8), count)


def _pan(image: UInt8, count: int) -> Iterator[UInt8]:
    """Yield `count` views of a camera that glides over `image` and slowly comes closer."""
    height, width = image.shape[:2]
    whole = min(width / SIZE[0], height / SIZE[1])
    for i in range(count):
        along = (1 - np.cos(np.pi * i / (count - 1))) / 2
        scale = whole * (1 - 0.15 * along)
        room = np.array([width - scale * SIZE[0], height - scale * SIZE[1]])
        corner = room * (0.1 + 0.55 * along)
        matrix = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]], np.float64)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        yield np.asarray(cv2.warpAffine(image, matrix, SIZE, flags=flags), np.uint8)
