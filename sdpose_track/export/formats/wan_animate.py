"""What Wan-Animate reads of a person: `src_pose.mp4` and `src_face.mp4`, in a folder for each.

It animates one person, so everybody gets their own two videos, as long as the export: black while
they are not there. The picture of the character, `src_ref.png`, is the user's. Poses are lossless,
as the library that the model reads them with (decord) gives back every byte of them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sdpose_track.export.formats.control_pictures import Pen, pen_of
from sdpose_track.export.formats.wan_faces import SIDE, Box, cut_face, face_box
from sdpose_track.export.job import Job
from sdpose_track.export.media.constant import LOSSLESS_MP4, compatible, constant_video
from sdpose_track.export.media.source_pictures import paired, reopened
from sdpose_track.export.presets import PRESETS
from sdpose_track.records import Frame, TrackArrays, UInt8
from sdpose_track.sources import Source

FACE = compatible(10)
CODED = {
    "src_pose.mp4": "lossless H.264 of RGB, which browsers and QuickTime do not show",
    "src_face.mp4": "H.264, 512x512 pixels, cut from the source",
}
"""What the description says of the two files."""


def write(job: Job, part: Path) -> None:
    """Fill the folder `part` with a folder `p{id}` for each person.

    Poses are those of the picture that is shown, as faces are cut from it: a moment between two
    frames is the nearer one.

    Raises:
        SourceError: the video of the session is not there any more, or is another one now.
    """
    pen = pen_of(job, "wan", PRESETS["wan-animate"])
    described = job.added["wan_animate"] = {**pen.described(), **CODED, "people": {}}
    job.take_pictures()
    if not job.view.track_ids:
        for _ in job.tracks():
            pass
        return
    with closing(reopened(job)) as source:
        for number, (track, _) in enumerate(job.tracks()):
            if len(track):
                folder = part / f"p{track.track_id}"
                folder.mkdir()
                person = _Person(job, pen, track)
                with closing(_told(job, number, person.pictures(source))) as pictures:
                    person.write(folder, pictures)
                described["people"][str(track.track_id)] = person.described()


def _told(
    job: Job, number: int, pictures: Generator[Frame | None, None, None]
) -> Generator[Frame | None, None, None]:
    """Yield the `pictures` of person `number`, telling of the progress now and then."""
    report, people = job.options.progress, len(job.view.track_ids)
    with closing(pictures):
        for row, picture in enumerate(pictures):
            yield picture
            if report is not None and row % 30 == 29:
                report((number * job.total + row) // people, job.total)


@dataclass(slots=True)
class _Person:
    """One person on the way into their two videos."""

    job: Job
    pen: Pen
    track: TrackArrays
    box: Box | None = None
    """Where the face was last."""
    faces: dict[str, int] = field(default_factory=lambda: {"found": 0, "where_last": 0, "black": 0})
    """Frames whose face was found, cut out where it was last, or not known at all."""

    def pictures(self, source: Source) -> Generator[Frame | None, None, None]:
        """Yield the picture of every moment of the export; None where the person is not there."""
        first, last = int(self.track.indices[0]), int(self.track.indices[-1])
        there = (head for head in self.job.heads() if first <= head.index <= last)
        with closing(paired(self.job, source, there)) as found:
            ahead = next(found, None)
            for index in self.job.indices:
                if ahead is not None and ahead[0].index == index:
                    yield ahead[1]
                    ahead = next(found, None)
                else:
                    yield None

    def write(self, folder: Path, pictures: Iterator[Frame | None]) -> None:
        """Write the two videos, a picture in each for one of `pictures`."""
        rate, size = self.job.rate, self.pen.box.size
        assert rate is not None, "the table says that the format has a rate"
        rows = {row: n for n, row in enumerate(self.job.rows(self.track).tolist())}
        with (
            constant_video(folder / "src_pose.mp4", size, rate, LOSSLESS_MP4) as pose,
            constant_video(folder / "src_face.mp4", (SIDE, SIDE), rate, FACE) as face,
        ):
            for row, picture in enumerate(pictures):
                pose.add(self._pose(rows.get(row)))
                face.add(self._face(rows.get(row), picture))

    def _pose(self, n: int | None) -> UInt8:
        image = self.pen.blank()
        if n is not None:
            self.pen.draw(image, self.track.keypoints[n], self.track.scores[n])
        return image

    def _face(self, n: int | None, picture: Frame | None) -> UInt8:
        """Return the face in frame `n` of the track."""
        if n is None or picture is None:
            return _black()
        here = face_box(
            self.pen.skeleton,
            self.track.keypoints[n],
            self.track.scores[n],
            self.pen.threshold,
            self.pen.box.source,
        )
        self.box = here or self.box
        kind = "found" if here else "where_last" if self.box else "black"
        self.faces[kind] += 1
        return _black() if self.box is None else cut_face(picture.image, self.box)

    def described(self) -> dict[str, object]:
        """Return what stands of the person in the description."""
        exact = bool(self.pen.skeleton.group("face"))
        return {
            "folder": f"p{self.track.track_id}",
            "face_box_from": "face points" if exact else "nose, eyes and ears, only about right",
            "face_frames": dict(self.faces),
        }


def _black() -> UInt8:
    return np.zeros((SIDE, SIDE, 3), np.uint8)
