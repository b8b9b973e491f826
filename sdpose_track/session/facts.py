"""What repairs are checked against: a recording's tracked ids and where they are seen."""

from __future__ import annotations

from functools import cached_property

from sdpose_track.records import Int32
from sdpose_track.session.recording import Recording, TrackSpan


class RawFacts:
    """The facts of a recording, each read once, when it is first needed."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._presence: dict[int, Int32] = {}

    @cached_property
    def spans(self) -> tuple[TrackSpan, ...]:
        """When each tracked person is in the recording, by ascending id."""
        return self._recording.tracks()

    @cached_property
    def tracked_ids(self) -> tuple[int, ...]:
        """Every id that tracking gave, ascending."""
        return tuple(span.track_id for span in self.spans)

    @property
    def is_complete(self) -> bool:
        """No new ids will be given."""
        return self._recording.is_complete

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Of the skeleton."""
        return self._recording.skeleton.keypoints

    def presence(self, tracked: int) -> Int32:
        """Return the (F,) frames in which a tracked id was seen, ascending."""
        if tracked not in self._presence:
            self._presence[tracked] = self._recording.presence(tracked)
        return self._presence[tracked]
