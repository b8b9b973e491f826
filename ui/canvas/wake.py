"""Where people came from in the last second, gathered frame by frame from a document."""

from __future__ import annotations

from sdpose_track.render.overlay import Style
from sdpose_track.render.trails import LASTS_S, Step, Trails
from sdpose_track.skeletons import Skeleton
from ui.document.clock import FrameClock
from ui.document.poses import Poses
from ui.document.reading import Kind


class Wake:
    """The trails up to a frame. Going on adds to them; going elsewhere gathers them anew."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._trails: Trails | None = None
        self._made_for: tuple[Skeleton, float] | None = None
        self._upto = -1
        self._steps: dict[int, list[Step]] | None = None

    def forget(self) -> None:
        """Poses are others now."""
        self._trails = self._steps = None

    def steps(
        self, poses: Poses, clock: FrameClock, frame: int, made_for: tuple[Skeleton, float]
    ) -> dict[int, list[Step]]:
        """Return by track id the ways gone in the second before `frame`.

        `made_for` is the skeleton and the least confidence of hips. Frames that are not read yet
        are left out; they come with `forget`.
        """
        if frame == self._upto and made_for == self._made_for and self._steps is not None:
            return self._steps
        first = self._upto + 1
        oldest = clock.at(clock.time_of(frame) - LASTS_S)
        if self._trails is None or made_for != self._made_for or not oldest <= first <= frame + 1:
            self._trails = Trails(made_for[0], Style(threshold=made_for[1]))
            self._made_for, first = made_for, oldest
        for index in range(first, frame + 1):
            self._trails.add(clock.time_of(index), poses.at(index, self._kind) or ())
        self._upto = frame
        self._steps = {i: list(self._trails.steps(i)) for i in self._trails.track_ids}
        return self._steps
