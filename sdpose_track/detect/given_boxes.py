"""Person boxes from a file instead of a detector: our JSON, or a MOTChallenge det.txt.

JSON: `{"FILE_NAME_OR_FRAME_INDEX": [[x1, y1, x2, y2, score?], ...]}` in source pixels, frame index
from 0. MOTChallenge: `frame,id,left,top,width,height,confidence,...`, frame from 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.detect.detector import Done
from sdpose_track.errors import SettingsError
from sdpose_track.records import FARTHEST, NO_DETECTIONS, Detections, Float32, Frame

Rows = dict[str, list[list[float]]]


class GivenBoxes:
    """A detector that reads its answers from a file."""

    batch = 64
    in_flight = 1

    def __init__(self, path: Path, names: Mapping[int, str] | None = None) -> None:
        """Read `path`; `names` gives the file name of each frame index of a folder of pictures.

        Raises SettingsError if the file is missing or is not in one of the two formats.
        """
        self._names = names or {}
        try:
            text = path.read_text(encoding="utf-8-sig")  # editors on Windows begin with a mark
        except FileNotFoundError:
            raise SettingsError(f"--boxes {path}: there is no such file") from None
        except OSError as error:
            raise SettingsError(
                f"--boxes {path} cannot be read ({error.strerror}); choose another file"
            ) from error
        except UnicodeDecodeError as error:
            raise SettingsError(
                f"--boxes {path} cannot be read as text; give a file of JSON or of MOTChallenge"
            ) from error
        if not text.strip() and path.suffix.lower() == ".json":  # an empty det.txt has no boxes
            raise SettingsError(f"--boxes {path} is empty; JSON without boxes is {{}}")
        rows = _from_json(text, path) if text.lstrip().startswith("{") else _from_mot(text, path)
        known = set(self._names.values())
        strange = [key for key in rows if key not in known and not key.isdecimal()]
        if strange:
            raise SettingsError(
                f"--boxes {path}: {strange[0]!r:.60} is neither a frame index nor a picture of the"
                " source"
            )
        self._found = {key: _detections(boxes) for key, boxes in rows.items()}

    def open(self) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to give back."""

    def submit(self, frames: Sequence[Frame]) -> Done:
        """Return the given boxes of `frames`; nobody in those that the file does not name."""
        return Done([self._of(frame.index) for frame in frames])

    def _of(self, index: int) -> Detections:
        name = self._names.get(index)
        if name is not None and name in self._found:
            return self._found[name]
        return self._found.get(str(index), NO_DETECTIONS)


def _from_json(text: str, path: Path) -> Rows:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5000 digits
        raise SettingsError(f"--boxes {path} is no valid JSON ({error})") from error
    rows: Rows = {}
    for key, boxes in content.items():
        if not isinstance(boxes, list):
            raise SettingsError(f"--boxes {path}: {key!r:.60} holds no list of boxes")
        rows[key] = [_row(box, path, f"{key!r:.60}, box {i}") for i, box in enumerate(boxes, 1)]
    return rows


def _row(box: Any, path: Path, where: str) -> list[float]:
    numbers = isinstance(box, list) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < FARTHEST for v in box
    )
    if not numbers or len(box) not in (4, 5):
        raise SettingsError(
            f"--boxes {path}, {where}: expected [x1, y1, x2, y2, score?], numbers in pixels"
        )
    return _sound([*map(float, box), *([1.0] if len(box) == 4 else [])], path, where)


def _from_mot(text: str, path: Path) -> Rows:
    rows: Rows = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            frame, _, left, top, width, height, score = (float(v) for v in line.split(",")[:7])
            index = int(frame) - 1
        except (ValueError, OverflowError):
            raise SettingsError(
                f"--boxes {path}, line {number}: expected frame,id,left,top,width,height,confidence"
            ) from None
        box = [left, top, left + width, top + height, score if 0 <= score <= 1 else 1.0]
        rows.setdefault(str(index), []).append(_sound(box, path, f"line {number}"))
    return rows


def _sound(box: list[float], path: Path, where: str) -> list[float]:
    if not all(math.isfinite(v) and abs(v) < FARTHEST for v in box):
        raise SettingsError(f"--boxes {path}, {where}: {box} holds a number that is no position")
    if box[2] <= box[0] or box[3] <= box[1]:
        raise SettingsError(f"--boxes {path}, {where}: the box {box[:4]} is empty")
    if not 0 <= box[4] <= 1:
        raise SettingsError(f"--boxes {path}, {where}: the score {box[4]} is not within 0 and 1")
    return box


def _detections(boxes: list[list[float]]) -> Detections:
    if not boxes:
        return NO_DETECTIONS
    rows: Float32 = np.array(boxes, np.float32)
    order = np.argsort(-rows[:, 4], kind="stable")
    return Detections(rows[order, :4], rows[order, 4])
