"""How well identities were kept: MOTA, IDF1 and HOTA by TrackEval on our records.

TrackEval is asked for nothing but the metrics. Which boxes are compared follows MOTChallenge: boxes
that found a distractor are left out, and so are true ones that nobody has to find.
Sources: CLEAR MOT (Bernardin and Stiefelhagen 2008), ID measures (Ristani et al., arXiv
1609.01775), HOTA (Luiten et al., arXiv 2009.07736).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from sdpose_track.errors import SourceError
from sdpose_track.evaluation.mot_files import Mask, Tracks, Truth
from sdpose_track.records import Float64
from sdpose_track.track.association import overlaps

SAME = 0.5
"""Overlap from which a found box is the true one: MOTChallenge's figure."""
_MOST_CELLS = 500_000_000
"""Of TrackEval's tables, which grow with true people × found ids: 4 GB."""


@dataclass(frozen=True, slots=True)
class TrackScores:
    """Scores of one sequence, or of several together."""

    mota: float
    """Percent: 100 less the shares of missed people, wrongly found ones and switches."""
    idf1: float
    """Percent of boxes with the right identity over the whole sequence."""
    hota: float
    """Percent: geometric mean of `deta` and `assa`, over overlaps of 0.05 to 0.95."""
    deta: float
    """Percent: how well people were found."""
    assa: float
    """Percent: how well those found were kept apart."""
    precision: float
    """Percent of found boxes that are true."""
    recall: float
    """Percent of true boxes that were found."""
    false_positives: int
    false_negatives: int
    switches: int
    """How often a person's id is another than the last time they were found."""
    fragmentations: int
    """How often a person is found again after they were missed."""
    mostly_tracked: int
    """People found in more than 80 % of their frames."""
    mostly_lost: int
    """People found in less than 20 % of their frames."""
    ids: int
    """Ids in the scored frames."""
    people: int
    """True people."""


def score(truth: Truth, found: Tracks, iou: float = SAME) -> TrackScores:
    """Return the scores of `found` in the frames of `truth`.

    `iou` is the overlap, above 0 to 1, from which a box is the true one; HOTA has its own.
    Raises SourceError if there are too many people to compare.
    """
    return score_together([(truth, found)], iou)


def score_together(sequences: Sequence[tuple[Truth, Tracks]], iou: float = SAME) -> TrackScores:
    """Return the scores of several sequences as one: what TrackEval calls COMBINED.

    Counts are added and the shares made of the sums; an id is another person in each sequence.
    """
    from trackeval.metrics import CLEAR, HOTA, Identity

    compared = {str(i): _compared(*sequence) for i, sequence in enumerate(sequences)}
    limit = {"THRESHOLD": iou, "PRINT_CONFIG": False}
    values: dict[str, Any] = {}
    for metric in (HOTA(), CLEAR(dict(limit)), Identity(dict(limit))):
        each = {name: metric.eval_sequence(data) for name, data in compared.items()}
        values.update(metric.combine_sequences(each))
    percent = {name: 100 * float(np.mean(value)) for name, value in values.items()}
    return TrackScores(
        mota=percent["MOTA"],
        idf1=percent["IDF1"],
        hota=percent["HOTA"],
        deta=percent["DetA"],
        assa=percent["AssA"],
        precision=percent["CLR_Pr"],
        recall=percent["CLR_Re"],
        false_positives=int(values["CLR_FP"]),
        false_negatives=int(values["CLR_FN"]),
        switches=int(values["IDSW"]),
        fragmentations=int(values["Frag"]),
        mostly_tracked=int(values["MT"]),
        mostly_lost=int(values["ML"]),
        ids=sum(data["num_tracker_ids"] for data in compared.values()),
        people=sum(data["num_gt_ids"] for data in compared.values()),
    )


@dataclass(frozen=True, slots=True)
class _FrameRows:
    """The rows of one frame."""

    true: slice
    found: slice


def _compared(truth: Truth, found: Tracks) -> dict[str, Any]:
    """Return the sequence as TrackEval's metrics want it.

    Frames in which nobody is and nobody was found change no score and are left out.
    """
    true, own = truth.tracks, found
    is_own = _is_compared(truth, found)
    people, ids = np.unique(true.ids[truth.is_scored]), np.unique(own.ids[is_own])
    _refuse_too_many(len(people), len(ids))
    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for rows in _frames(true, own):
        here, there = truth.is_scored[rows.true], is_own[rows.found]
        data["gt_ids"].append(np.searchsorted(people, true.ids[rows.true][here]))
        data["tracker_ids"].append(np.searchsorted(ids, own.ids[rows.found][there]))
        alike = overlaps(true.boxes[rows.true][here], own.boxes[rows.found][there])
        data["similarity_scores"].append(alike)
    return {
        **data,
        "num_timesteps": len(data["gt_ids"]),
        "num_gt_dets": int(truth.is_scored.sum()),
        "num_tracker_dets": int(is_own.sum()),
        "num_gt_ids": len(people),
        "num_tracker_ids": len(ids),
    }


def _is_compared(truth: Truth, found: Tracks) -> Mask:
    """Return (N,) which of `found` are within the sequence and found no distractor."""
    is_compared: Mask = found.frames <= truth.last
    if truth.is_distractor.any():
        for rows in _frames(truth.tracks, found):
            alike = overlaps(truth.tracks.boxes[rows.true], found.boxes[rows.found])
            true, own = _pairs(alike)
            distracted = own[truth.is_distractor[rows.true][true]]
            is_compared[rows.found.start + distracted] = False
    return is_compared


def _pairs(alike: Float64) -> tuple[Any, Any]:
    """Return the rows and columns of (N, M) `alike` that belong together, as MOTChallenge does."""
    near = np.where(alike < SAME - np.finfo(np.float64).eps, 0.0, alike)
    rows, columns = linear_sum_assignment(-near)
    paired = near[rows, columns] > 0
    return rows[paired], columns[paired]


def _frames(true: Tracks, found: Tracks) -> Iterator[_FrameRows]:
    frames = np.union1d(true.frames, found.frames)
    bounds = [
        (np.searchsorted(tracks.frames, frames), np.searchsorted(tracks.frames, frames, "right"))
        for tracks in (true, found)
    ]
    for a, b, c, d in zip(*bounds[0], *bounds[1], strict=True):
        yield _FrameRows(slice(int(a), int(b)), slice(int(c), int(d)))


def _refuse_too_many(people: int, ids: int) -> None:
    if 20 * people * ids + 3 * (people + ids) ** 2 > _MOST_CELLS:
        raise SourceError(
            f"{ids} ids for {people} true people are too many to compare; score parts of them."
        )
