"""Tracks to be scored: of a session, of our tracker on given detections, or of a results file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.detect.given_boxes import GivenBoxes
from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.evaluation.mot_files import (
    Tracks,
    Truth,
    is_frame,
    number,
    rate_of,
    read_rate,
    read_results,
    read_truth,
)
from sdpose_track.evaluation.tracks import SAME, TrackScores, score
from sdpose_track.records import Detections, Frame
from sdpose_track.session.recording import Recording
from sdpose_track.session.view import View
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.track.bytetrack import ByteTracker

SESSION, DETECTIONS, RESULTS = "session", "detections", "results"
USUAL_RATE = Fraction(30)
"""Frames per second where nothing says it."""
_NO_PICTURE = np.zeros((1, 1, 3), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackWish:
    """What to score. Raises SettingsError if a value cannot work."""

    truth: Path
    """A gt.txt."""
    found: Path
    kind: str
    """What `found` is: `session`, `detections` or `results`."""
    fps: str | None = None
    """Frames per second of detections; None looks for a seqinfo.ini."""
    iou: float = SAME
    """Overlap from which a found box is the true one."""

    def __post_init__(self) -> None:
        if not 0 < self.iou <= 1:
            raise SettingsError(f"--iou {self.iou}: expected a number above 0, at most 1")
        if self.fps is not None and rate_of(self.fps) is None:
            raise SettingsError(f"--fps {self.fps}: expected a rate such as 25 or 30000/1001")
        if self.fps is not None and self.kind != DETECTIONS:
            raise SettingsError("--fps: only detections have no times of their own; leave it out")


@dataclass(frozen=True, slots=True)
class TrackEvaluation:
    """The scores, and what they were made from."""

    scores: TrackScores
    kind: str
    frames: int
    """Length of the truth."""
    iou: float
    rate: Fraction | None
    """Frames per second at which detections were tracked; None for what was tracked before."""
    notes: tuple[str, ...]
    """Sentences that the figures cannot be read without."""

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values: percent under MOTChallenge's names first."""
        s = self.scores
        return {
            "MOTA": s.mota,
            "IDF1": s.idf1,
            "HOTA": s.hota,
            "DetA": s.deta,
            "AssA": s.assa,
            "precision": s.precision,
            "recall": s.recall,
            "FP": s.false_positives,
            "FN": s.false_negatives,
            "ID_switches": s.switches,
            "fragmentations": s.fragmentations,
            "mostly_tracked": s.mostly_tracked,
            "mostly_lost": s.mostly_lost,
            "ids": s.ids,
            "true_people": s.people,
            "frames": self.frames,
            "protocol": {
                "found": self.kind,
                "iou": self.iou,
                "rate": None if self.rate is None else str(self.rate),
            },
            "notes": list(self.notes),
        }


def evaluate_tracks(wish: TrackWish) -> TrackEvaluation:
    """Score what `wish` asks for.

    Raises SourceError or SessionError if a file cannot be read.
    """
    truth = read_truth(wish.truth)
    rate, notes = None, []
    if wish.kind == SESSION:
        found, seen = session_tracks(wish.found)
        notes += _missing(seen, truth)
    elif wish.kind == DETECTIONS:
        rate = _rate(wish)
        if rate is None:
            rate = USUAL_RATE
            notes.append(
                f"No seqinfo.ini says how fast the frames follow one another: {rate} per second"
                " are assumed; give the rate with --fps."
            )
        found = track_detections(read_detections(wish.found, truth.last), rate)
    else:
        found = read_results(wish.found)
    beyond = int((found.frames > truth.last).sum())
    if beyond:
        notes.append(
            f"{beyond} boxes in frames after the last one of the truth, {truth.last}, are not"
            " scored."
        )
    scores = score(truth, found, wish.iou)
    return TrackEvaluation(scores, wish.kind, truth.last, wish.iou, rate, tuple(notes))


def session_tracks(path: Path) -> tuple[Tracks, range]:
    """Return who is in a session, as tracked and repaired, and the frames that it has, from 1.

    Raises SessionError if it cannot be read.
    """
    with Recording.open(path) as recording:
        view = View(recording, Smoothing.OFF)
        found = Tracks.of(
            (frame.index + 1, pose.track_id, pose.box)
            for frame in view.frames()
            for pose in frame.people
            if np.isfinite(pose.box).all()
        )
        return found, range(view.indices.start + 1, view.indices.stop + 1)


def read_detections(path: Path, last: int) -> list[Detections]:
    """Return the detections in each of the frames 1 to `last`, read as `track --boxes` does.

    Raises SourceError if `path` is missing or malformed.
    """
    try:
        _refuse_strange_frames(path)
        given = GivenBoxes(path)
    except SettingsError as error:
        raise SourceError(str(error).removeprefix("--boxes ")) from error
    return given.submit([Frame(i, i, Fraction(i), _NO_PICTURE) for i in range(last)]).result()


def track_detections(detections: list[Detections], rate: Fraction) -> Tracks:
    """Return what our tracker makes of the detections in frames 1, 2 … at `rate` per second.

    Where nobody is and nobody is remembered frames are passed over, which changes nothing: there
    may be a million of them.
    """
    tracker = ByteTracker()
    rows = []
    for i, seen in enumerate(detections):
        if i and not len(seen) and not len(tracker):
            continue
        ids = tracker.update(seen, i / rate)
        rows += [(i + 1, int(own), box) for own, box in zip(ids, tracker.boxes, strict=True) if own]
    return Tracks.of(rows)


def _refuse_strange_frames(path: Path) -> None:
    """Refuse a det.txt with a row whose frame is not from 1 on, and say which row it is.

    What else is wrong with it, `GivenBoxes` tells.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return
    if text.lstrip().startswith("{"):
        return
    for line_number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            values = [number(cell) for cell in line.split(",")[:7]]
        except ValueError:
            expected = "expected frame,id,left,top,width,height,confidence"
            raise SourceError(
                f"{path}, line {line_number}: {expected}; correct the file."
            ) from None
        if not is_frame(values[0]):
            why = "the frame is no number from 1 on"
            raise SourceError(f"{path}, line {line_number}: {why}; correct the file.")


def _rate(wish: TrackWish) -> Fraction | None:
    if wish.fps is not None:
        return rate_of(wish.fps)
    return read_rate(wish.found) or read_rate(wish.truth)


def _missing(seen: range, truth: Truth) -> list[str]:
    """Say so if a session has not all frames of the truth."""
    if seen.start <= 1 and seen.stop > truth.last:
        return []
    return [
        f"The session has the frames {seen.start} to {seen.stop - 1} of {truth.last}: people in"
        " the others count as missed."
    ]
