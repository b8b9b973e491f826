"""Boxes with identities as MOTChallenge writes them, and what its seqinfo.ini says of a sequence.

Format: `frame,id,left,top,width,height,...` (motchallenge.net/instructions), frames from 1, pixels.
The 7th column of a truth is 0 where a row is not scored. The 8th is a class where a row has 8 or 9
columns (MOT16 and later); rows of 10 columns (MOT15) have a place in the world there instead.
"""

from __future__ import annotations

import configparser
import math
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sdpose_track.errors import SourceError
from sdpose_track.records import FARTHEST, Float64, Int64

PEDESTRIAN = 1
DISTRACTORS = (2, 7, 8, 12)
"""Person on a vehicle, static person, distractor, reflection."""
MOST_FRAMES = 1_000_000
"""No sequence is as long; what looks like it is damaged."""
MOST_IN_A_FRAME = 2000
_HIGHEST_ID = 1_000_000_000
_COLUMNS = ("frame", "id", "left", "top", "width", "height", "flag")
_FLAG, _CLASS = 6, 7
_LENGTH = re.compile(r"[0-9]{1,6}")
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(?:/([0-9]{1,6}))?")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """N boxes with identities. Raises ValueError if the frames do not ascend."""

    frames: Int64
    """(N,) from 1, ascending."""
    ids: Int64
    """(N,) 0 or more; nobody is in a frame twice."""
    boxes: Float64
    """(N, 4) `x1, y1, x2, y2` in pixels."""

    def __post_init__(self) -> None:
        if (np.diff(self.frames) < 0).any():
            raise ValueError("frames must ascend")

    def __len__(self) -> int:
        return int(self.frames.shape[0])

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, Iterable[float]]]) -> Tracks:
        """Return the tracks of frame, id and box of each row, in any order."""
        ordered = sorted(rows, key=lambda row: row[0])
        boxes = np.array([list(box) for _, _, box in ordered], np.float64).reshape(-1, 4)
        numbers = np.array([(frame, own) for frame, own, _ in ordered], np.int64).reshape(-1, 2)
        return cls(numbers[:, 0], numbers[:, 1], boxes)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Where people were."""

    tracks: Tracks
    is_scored: Mask
    """(N,) somebody must find this one."""
    is_distractor: Mask
    """(N,) whoever finds this one found nobody wrongly."""
    last: int
    """The last frame of the sequence, from 1."""


@dataclass(frozen=True, slots=True)
class _Row:
    frame: int
    id: int
    box: tuple[float, float, float, float]
    flag: int
    """0: not scored."""
    kind: int | None
    """Class; None where the format has none."""


def read_truth(path: Path) -> Truth:
    """Return the truth in `path` (gt.txt).

    The sequence ends where the seqinfo.ini one folder up says (`seqLength`), at the earliest with
    the last row. Raises SourceError if `path` is unreadable, a row is malformed or nobody is to be
    found.
    """
    rows = _rows(path, columns=_FLAG + 1)
    scored = [bool(row.flag) and row.kind in (None, PEDESTRIAN) for row in rows]
    if not any(scored):
        raise SourceError(f"{path} holds nobody who is to be found; give a gt.txt of MOTChallenge.")
    length = _entry(seqinfo(path), "seqLength", _LENGTH)
    last = max(rows[-1].frame, 0 if length is None else int(length))
    distractor = np.array([row.kind in DISTRACTORS for row in rows])
    return Truth(_tracks(rows), np.array(scored), distractor, last)


def read_results(path: Path) -> Tracks:
    """Return what a tracker found, from a results file, whose columns after the box are not read.

    Raises SourceError if it is unreadable or a row is malformed.
    """
    return _tracks(_rows(path, columns=_FLAG))


def read_rate(detections: Path) -> Fraction | None:
    """Return `frameRate` of the seqinfo.ini one folder above a det.txt or gt.txt, if it is there.

    Raises SourceError if the seqinfo.ini cannot be read.
    """
    text = _entry(seqinfo(detections), "frameRate", _RATE)
    return None if text is None else rate_of(text)


def rate_of(text: str) -> Fraction | None:
    """Return frames per second such as `25`, `29.97` or `30000/1001`; None if it is no rate."""
    parts = _RATE.fullmatch(text.strip())
    if parts is None or not int(parts[2] or 1):
        return None
    return Fraction(parts[1]) / int(parts[2] or 1) or None


def seqinfo(path: Path) -> Path:
    """Return where MOTChallenge has the seqinfo.ini of a gt.txt or det.txt."""
    return path.absolute().parent.parent / "seqinfo.ini"


def _entry(path: Path, name: str, form: re.Pattern[str]) -> str | None:
    """Return an entry of a seqinfo.ini; None where there is no such file or entry."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), str(path))
        text = parser.get("Sequence", name).strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (configparser.NoSectionError, configparser.NoOptionError):
        return None
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise SourceError(f"{path} cannot be read; correct it or move it away.") from error
    if form.fullmatch(text) is None:
        raise SourceError(f"{path}: {name} is {text[:40]!r}, which cannot be; correct it.")
    return text


def _rows(path: Path, columns: int) -> list[_Row]:
    """Return the rows of `path`, which have at least `columns` columns, by ascending frame."""
    rows: list[_Row] = []
    seen: dict[int, set[int]] = defaultdict(set)
    for number, line in enumerate(_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = _row(line.split(","), columns)
            if row.id in seen[row.frame]:
                raise ValueError(f"frame {row.frame} has id {row.id} twice")
            seen[row.frame].add(row.id)
            if len(seen[row.frame]) > MOST_IN_A_FRAME:
                raise ValueError(f"frame {row.frame} has more than {MOST_IN_A_FRAME} boxes")
        except ValueError as error:
            raise SourceError(f"{path}, line {number}: {error}; correct the file.") from None
        rows.append(row)
    return sorted(rows, key=lambda row: row.frame)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist; check the path.") from None
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is no text; give a file as MOTChallenge has them.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; check its name.") from error


def _row(cells: list[str], columns: int) -> _Row:
    """Return what a row says. Raises ValueError, saying what is wrong with it."""
    cells = cells if cells[-1].strip() else cells[:-1]  # some writers end a row with a comma
    numbers = _numbers(cells, columns)
    frame, own, left, top, width, height = numbers[:6]
    box = (left, top, left + width, top + height)
    for is_so, otherwise in (
        (is_frame(frame), "the frame is no number from 1 on"),
        (own.is_integer() and 0 <= own <= _HIGHEST_ID, "the id is no number from 0 on"),
        (all(abs(v) < FARTHEST for v in box), "the box holds a number that is no position"),
        (width > 0 and height > 0, "the box is empty"),
        (all(map(math.isfinite, numbers[_FLAG:])), "the flag or the class is not finite"),
    ):
        if not is_so:
            raise ValueError(otherwise)
    flag = int(numbers[_FLAG]) if columns > _FLAG else 1
    has_class = len(numbers) > _CLASS and len(cells) <= _CLASS + 2 and numbers[_CLASS] > 0
    return _Row(int(frame), int(own), box, flag, int(numbers[_CLASS]) if has_class else None)


def _numbers(cells: list[str], columns: int) -> list[float]:
    """Return the numbers of a row of which at least `columns` columns are wanted."""
    wanted, expected = cells[: _CLASS + 1 if columns > _FLAG else columns], _COLUMNS[:columns]
    try:
        numbers = [number(cell) for cell in wanted]
    except ValueError:
        raise ValueError(f"expected the numbers {','.join(expected)}") from None
    if len(numbers) < columns:
        raise ValueError(f"expected {','.join(expected)}")
    return numbers


def number(text: str) -> float:
    """Return the number that `text` is. Raises ValueError if it is none, as `1_0`."""
    if "_" in text:
        raise ValueError(f"{text!r} is a number in programs only")
    return float(text)


def is_frame(value: float) -> bool:
    """Tell whether `value` is the number of a frame, from 1 on."""
    return value.is_integer() and 1 <= value <= MOST_FRAMES


def _tracks(rows: list[_Row]) -> Tracks:
    return Tracks.of((row.frame, row.id, row.box) for row in rows)
