"""A script for After Effects: a composition in which a null follows each keypoint of each person.

It is run with File > Scripts > Run Script File. The nulls are called `track_1/nose`, or
`track_1 Anna/nose`; keyframes lie at the true times, also of uneven frames, on the source's own
time: the composition fits over the source. While a keypoint is not known its null stays where it
was and has an opacity of 0, otherwise 100; nothing is made up.

Language: ECMAScript 3, which is what ExtendScript speaks. Calls: After Effects Scripting Guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from sdpose_track.errors import SourceError
from sdpose_track.export.clock import usual_rate
from sdpose_track.export.formats.individuals import individuals
from sdpose_track.export.job import Job
from sdpose_track.kinematics.trace import trace
from sdpose_track.records import Float32, Int64, TrackArrays

RATES = 1.0, 99.0
"""Frames per second that a composition can have."""
LONGEST_S = 10800.0
"""Seconds that a composition can have."""
LABELS = 16
"""Colours of layers, numbered from 1."""
_CHUNK = 500
"""Keyframes in one array: ExtendScript takes no very long ones."""

_BEGIN = """\
// A composition with a null for each keypoint of each person, made by sdpose-track.
// To run it: File > Scripts > Run Script File.
(function () {
    var HOLD = KeyframeInterpolationType.HOLD, LINEAR = KeyframeInterpolationType.LINEAR;
    var times = [], comp, position, opacity, end;

    function moments(some) {
        for (var i = 0; i < some.length; i += 1) { times.push(some[i]); }
    }

    function point(name, label) {
        var layer = comp.layers.addNull(comp.duration), transform;
        layer.name = name;
        layer.label = label;
        layer.moveToEnd();
        transform = layer.property("ADBE Transform Group");
        position = transform.property("ADBE Position");
        opacity = transform.property("ADBE Opacity");
        end = 0;
    }

    function show(frame, percent) {
        opacity.setValueAtTime(times[frame], percent);
        opacity.setInterpolationTypeAtKey(opacity.numKeys, HOLD, HOLD);
    }

    function hide(frame) {
        if (position.numKeys > 0) {
            position.setInterpolationTypeAtKey(position.numKeys, LINEAR, HOLD);
        }
        show(frame, 0);
    }

    function path(first, xy) {
        var where = [], i;
        for (i = 0; i < xy.length; i += 2) { where.push([xy[i], xy[i + 1]]); }
        if (first > end) { hide(end); }
        if (first > end || end === 0) { show(first, 100); }
        end = first + where.length;
        position.setValuesAtTimes(times.slice(first, end), where);
    }

    function gone() {
        if (end < times.length) { hide(end); }
    }

    app.beginUndoGroup("sdpose-track");
    try {
"""
_FINISH = """\
        comp.openInViewer();
    } finally {
        app.endUndoGroup();
    }
}());
"""


def write(job: Job, part: Path) -> None:
    """Write ASCII text. Pixels have 3 decimals and seconds 9.

    Keypoints below the threshold of the options are not known; one that never is has no null, and
    the description says which.

    Raises:
        SourceError: the source is longer than a composition can be.
    """
    with part.open("w", encoding="ascii", newline="\n") as file:
        file.write(_BEGIN)
        file.writelines(_composition(job))
        never = {str(track.track_id): _write_person(job, file, track) for track, _ in job.tracks()}
        file.write(_FINISH)
    job.added["nulls"] = {"threshold": job.options.least, "never_seen": never}


def _write_person(job: Job, file: TextIO, track: TrackArrays) -> list[str]:
    """Write the calls for the nulls of a person, and return the keypoints that have none."""
    names, frames = job.view.skeleton.keypoints, job.rows(track)
    points = trace(track, job.view.skeleton, job.options.least).points
    seen = np.isfinite(points[..., 0]).any(axis=0)
    person = individuals(job)[track.track_id]
    for k in np.flatnonzero(seen).tolist():
        file.write(_point(person, track.track_id, names[k]))
        file.writelines(_path(frames, points[:, k]))
    return [names[k] for k in np.flatnonzero(~seen)]


def _composition(job: Job) -> Iterator[str]:
    """Yield the calls that make the composition and tell the times of all frames."""
    source = job.view.source
    times = [float(head.time) for head in job.heads()]
    usual = usual_rate(np.array(times), source.rate) if source.is_vfr else source.rate
    rate = float(job.rate or usual)
    seconds = max(float(source.duration or 0), max(times, default=0.0) + 1 / rate)
    if seconds > LONGEST_S:
        raise SourceError(
            f"{source.name} lasts {seconds / 3600:.1f} hours and After Effects has compositions of"
            f" {LONGEST_S / 3600:.0f} at most; choose another format"
        )
    fps = min(max(rate, RATES[0]), RATES[1])
    size = f"{source.width}, {source.height}"
    yield f"        comp = app.project.items.addComp({json.dumps(job.stem)}, {size}, 1,"
    yield f" {seconds:.9f}, {fps:.9g});\n"
    for start in range(0, len(times), _CHUNK):
        some = ",".join(f"{time:.9f}" for time in times[start : start + _CHUNK])
        yield f"        moments([{some}]);\n"


def _point(person: str, track_id: int, keypoint: str) -> str:
    label = (track_id - 1) % LABELS + 1
    return f"        point({json.dumps(f'{person}/{keypoint}')}, {label});\n"


def _path(frames: Int64, points: Float32) -> Iterator[str]:
    """Yield the calls that move a null to `points` (F, 2) in the ascending `frames` (F,)."""
    known = np.flatnonzero(np.isfinite(points[:, 0]))
    pauses = np.flatnonzero(np.diff(frames[known]) > 1) + 1
    for run in np.split(known, pauses):
        for start in range(0, len(run), _CHUNK):
            some = run[start : start + _CHUNK]
            xy = ",".join(["%.3f"] * (2 * len(some))) % tuple(points[some].ravel().tolist())
            yield f"        path({frames[some[0]]}, [{xy}]);\n"
    yield "        gone();\n"
