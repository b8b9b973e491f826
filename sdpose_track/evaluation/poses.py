"""Keypoint scores of the models on annotated pictures, as COCO counts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.evaluation.annotations import Annotations, read_annotations
from sdpose_track.evaluation.boxes import Rows, detection_rows, truth_rows, write_boxes
from sdpose_track.evaluation.coco_scores import (
    BOX_SCORES,
    MOST_BOXES,
    MOST_POSES,
    FoundBox,
    FoundPose,
    Scores,
    box_scores,
    keypoint_scores,
)
from sdpose_track.evaluation.protocol import (
    BOX_KEYPOINT,
    DETECTOR,
    TRUTH,
    WEAKEST,
    PoseWish,
    Protocol,
)
from sdpose_track.evaluation.similarity import keypoint_means, looked_at_areas, suppress_alike
from sdpose_track.pipeline.seats import Seats, take
from sdpose_track.pipeline.stills import (
    Still,
    StillPoses,
    by_size,
    estimate_stills,
    read_still,
)
from sdpose_track.records import Float64, Pose
from sdpose_track.scratch import scratch
from sdpose_track.skeletons import COCO17, Skeleton


@dataclass(frozen=True, slots=True)
class PoseScores:
    """How the models did."""

    body: Scores
    """Of the 17 body keypoints: `coco_scores.KEYPOINT_SCORES`."""
    boxes: Scores
    """`coco_scores.BOX_SCORES`; None where the boxes are the truth itself."""
    parts: dict[str, Scores]
    """Of body, feet, face, each hand and `wholebody`, where annotations and model have them."""
    pictures: int
    people: int
    """Annotated people who must be found."""
    poses: int
    """Found ones that were scored."""
    pose_model: str
    detector: str | None
    device: str
    skeleton: str
    protocol: Protocol
    notes: tuple[str, ...]
    """Sentences that the figures cannot be read without."""

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values: the twelve figures by name first."""
        return {
            **self.body,
            **self.boxes,
            "parts": self.parts or None,
            "images": self.pictures,
            "people": self.people,
            "poses": self.poses,
            "pose_model": self.pose_model,
            "detector": self.detector,
            "device": self.device,
            "skeleton": self.skeleton,
            "protocol": self.protocol.as_json(),
            "notes": list(self.notes),
        }


@dataclass(slots=True)
class _Found:
    """What is to be compared with the truth."""

    poses: list[FoundPose] = field(default_factory=list)
    boxes: list[FoundBox] = field(default_factory=list)


def evaluate_poses(
    wish: PoseWish,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    tell: Callable[[str], None] = lambda _note: None,
) -> PoseScores:
    """Return the scores.

    Args:
        wish: What to evaluate.
        progress: Called with how many pictures are done, of how many.
        tell: Called with each of the notes and warnings before the first picture is looked at.

    Raises:
        SourceError: the annotations or a picture cannot be read.
        SettingsError, CheckpointError, DeviceError: as `seats.take` says.
    """
    truth = read_annotations(wish.annotations)
    stills = _stills(truth, wish.images)
    with _given_boxes(wish, truth, stills) as (file, chosen):
        order = by_size(chosen)
        models = replace(wish.models, boxes=file, confidence=WEAKEST)
        names = {still.index: still.file for still in stills}
        seats = take(models, (order[0].height, order[0].width), names, pictures=len(order))
        notes = _notes(truth, stills, seats)
        for note in (*notes, *seats.warnings(len(order))):
            tell(note)
        columns = range(_common(truth, seats.estimator.skeleton))
        sigmas = seats.estimator.skeleton.sigmas[: len(columns)]
        protocol = Protocol.of(wish, seats)
        found = _Found()
        looks = estimate_stills(order, seats.detector, seats.estimator, protocol.confidence)
        for done, look in enumerate(looks, start=1):
            _collect(look, found, protocol, sigmas)
            progress(done, len(order))
    return _scored(truth, found, (seats, protocol), notes)


def _stills(truth: Annotations, folder: Path) -> list[Still]:
    """Return the annotated pictures. Raises SourceError if some are not there."""
    files = [picture.file for picture in truth.pictures]
    missing = [file for file in files if not _is_there(folder / file)]
    if missing:
        raise SourceError(
            f"{len(missing)} of the {len(files)} annotated pictures are not in {folder}, the first"
            f" is {missing[0]:.200}; give the folder that holds them with --images"
        )
    return [read_still(i, folder / file, file) for i, file in enumerate(files)]


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file has such a name
        return False


@contextmanager
def _given_boxes(
    wish: PoseWish, truth: Annotations, stills: Sequence[Still]
) -> Iterator[tuple[Path | None, Sequence[Still]]]:
    """Give the boxes file to use, None for the detector, and the pictures that are looked at."""
    rows: Rows | None = None
    if wish.boxes == TRUTH:
        rows = truth_rows(truth.people, {s.index: (s.width, s.height) for s in stills})
    elif wish.boxes != DETECTOR:
        rows = detection_rows(Path(wish.boxes), truth)
    if rows is None:
        yield (None if wish.boxes == DETECTOR else Path(wish.boxes)), stills
        return
    if not rows:
        raise SourceError(f"{wish.annotations}: not one person's box lies in their picture.")
    with scratch() as folder:
        file = folder / "boxes.json"
        write_boxes(file, rows)
        yield file, [still for still in stills if still.index in rows]


def _common(truth: Annotations, skeleton: Skeleton) -> int:
    """Return how many keypoints model and annotations share, from the first on."""
    if skeleton.keypoints[: len(COCO17)] != COCO17.keypoints:
        raise SettingsError(f"--pose: a model of {skeleton.name} cannot be scored on COCO's body")
    return min(truth.keypoints, len(skeleton))


def _collect(look: StillPoses, found: _Found, protocol: Protocol, sigmas: Sequence[float]) -> None:
    """Score the poses in one picture, suppress doubles, and keep what COCO looks at."""
    if not look.people:
        return
    boxes = np.array([person.box for person in look.people], np.float64)
    weights = np.array([person.score for person in look.people])
    points = np.array([_keypoints(person, len(sigmas)) for person in look.people])
    scores = weights
    if protocol.score == BOX_KEYPOINT:
        scores = weights * keypoint_means(points[..., 2])
    rows = suppress_alike(points[..., :2], looked_at_areas(boxes), scores, sigmas, protocol.oks_nms)
    picture = look.still.index
    found.poses += [FoundPose(picture, points[row], scores[row]) for row in rows[:MOST_POSES]]
    found.boxes += [
        FoundBox(picture, (x1, y1, x2 - x1, y2 - y1), score)
        for (x1, y1, x2, y2), score in zip(
            boxes[:MOST_BOXES].tolist(), weights[:MOST_BOXES].tolist(), strict=True
        )
    ]


def _keypoints(pose: Pose, count: int) -> Float64:
    """Return (count, 3) x, y, confidence of the first keypoints."""
    return np.column_stack([pose.keypoints[:count], pose.scores[:count]]).astype(np.float64)


def _scored(
    truth: Annotations, found: _Found, how: tuple[Seats, Protocol], notes: tuple[str, ...]
) -> PoseScores:
    seats, protocol = how
    skeleton, pictures = seats.estimator.skeleton, len(truth.pictures)

    def scores_of(columns: range) -> Scores:
        sigmas = skeleton.sigmas[columns.start : columns.stop]
        return keypoint_scores(truth.people, found.poses, pictures, sigmas, columns)

    body = scores_of(range(len(COCO17)))
    shared = _common(truth, skeleton)
    parts = {}
    if shared > len(COCO17):
        parts = {name: scores_of(columns) for name, columns in skeleton.groups}
        parts["wholebody"] = scores_of(range(shared))
    is_truth = protocol.boxes == TRUTH
    return PoseScores(
        body,
        dict.fromkeys(BOX_SCORES) if is_truth else box_scores(truth.people, found.boxes, pictures),
        parts,
        pictures,
        sum(person.is_scored for person in truth.people),
        len(found.poses),
        seats.pose_record.name,
        seats.detector_record.name if protocol.boxes == DETECTOR else None,
        seats.described,
        skeleton.name,
        protocol,
        notes,
    )


def _notes(truth: Annotations, stills: Sequence[Still], seats: Seats) -> tuple[str, ...]:
    notes = list(seats.notes)
    count = len(seats.estimator.skeleton)
    if count != truth.keypoints:
        notes.append(
            f"The model has {count} keypoints, the annotations {truth.keypoints}: the first"
            f" {min(count, truth.keypoints)} are scored."
        )
    others = [
        still.file
        for still, picture in zip(stills, truth.pictures, strict=True)
        if picture.size not in (None, (still.width, still.height))
    ]
    if others:
        notes.append(
            f"{len(others)} of the pictures are not of the size in the annotations, the first is"
            f" {others[0]}: scores of other pictures than the annotated ones mean nothing."
        )
    return tuple(notes)
