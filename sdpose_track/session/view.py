"""What exports, drawings and the viewer read: a recording as repaired, raw or smoothed.

Raw results are stored once; a view is computed from them when read, so changing the smoothing or a
repair never runs a network again. It is computed in chunks of frames, each with the few seconds
around it that filters remember: looking at a frame costs the same at the beginning and the end of
the longest recording, and memory follows what is looked at.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from sdpose_track.errors import SessionError
from sdpose_track.records import Float32, Float64, FramePoses, SourceInfo, TrackArrays, read_only
from sdpose_track.repair.applying import blended, keyframes, shown_people, shown_person
from sdpose_track.repair.identities import Piece
from sdpose_track.repair.repairs import Repairs
from sdpose_track.repair.rules import fold
from sdpose_track.session.facts import RawFacts
from sdpose_track.session.kept import Kept
from sdpose_track.session.recording import Recording, TrackSpan
from sdpose_track.session.spans import chosen, shown_spans, stored_of
from sdpose_track.session.stretch import (
    People,
    Stretch,
    bytes_of,
    bytes_of_track,
    inside,
    position,
)
from sdpose_track.skeletons import Skeleton
from sdpose_track.smooth.choices import Smoothing, SmoothSettings
from sdpose_track.smooth.grid import FrameTimes
from sdpose_track.smooth.offline import smooth_whole
from sdpose_track.smooth.pieces import CHUNK, margin_s, smooth_pieces

KEPT_BYTES = 96 << 20
"""Of what was looked at last, for random access."""
_AT_ONCE = 1 << 17
"""People times frames times keypoints that a pass computes side by side."""


class View:
    """Frames and people of a recording, as stored when the view was made.

    Raises SettingsError if `people` names somebody whom the recording does not have, or none of
    `frames` is stored.
    """

    def __init__(
        self,
        recording: Recording,
        smoothing: Smoothing = Smoothing.OFFLINE,
        people: Iterable[int] | None = None,
        settings: SmoothSettings | None = None,
        *,
        repairs: Repairs | None = None,
        frames: range | None = None,
    ) -> None:
        """Keep what to look at; `repairs` None takes those that hold in the recording.

        `frames` are those to see, None for all. They are computed with everything around them: each
        is as in a view of all.
        """
        self.recording = recording
        self.smoothing = smoothing
        self.settings = settings or SmoothSettings()
        self._stored = recording.indices()
        self.indices: range = (
            self._stored if frames is None else stored_of(frames, self._stored, recording.path)
        )
        """The frame indices of the view, without holes."""
        facts = RawFacts(recording)
        self.repairs = fold(recording.history().held, facts) if repairs is None else repairs
        spans = shown_spans(self._stored, self.repairs, facts)
        self._everybody = len(spans)
        self._everywhere = chosen(spans, people)
        self._wanted = frozenset(span.track_id for span in self._everywhere)
        self._pieces = self.repairs.identities.all_pieces(facts.tracked_ids)
        self._keyframes = keyframes(self.repairs, self._pieces, self.skeleton.keypoints)
        self._base: Kept[int, People] = Kept(KEPT_BYTES, bytes_of)
        self._final: Kept[int, People] = Kept(KEPT_BYTES, bytes_of)
        self._tracks: Kept[int, TrackArrays] = Kept(KEPT_BYTES, bytes_of_track)
        self._plain_tracks: Kept[int, TrackArrays] = Kept(KEPT_BYTES, bytes_of_track)
        self.spans: tuple[TrackSpan, ...] = self._everywhere
        """The people of the view, by ascending track id, and when they are in it."""
        if self.indices != self._stored:
            here = shown_spans(self.indices, self.repairs, facts)
            self.spans = tuple(self._in_view({span.track_id: span for span in here}))

    @property
    def source(self) -> SourceInfo:
        """What is known of the video."""
        return self.recording.header.source

    @property
    def skeleton(self) -> Skeleton:
        """The keypoints of every person."""
        return self.recording.skeleton

    @cached_property
    def track_ids(self) -> tuple[int, ...]:
        """The people of the view, ascending."""
        return tuple(span.track_id for span in self.spans)

    @property
    def names(self) -> Mapping[int, str]:
        """What people are called, by id, where a person named them."""
        return {i: self.repairs.names[i] for i in self.track_ids if i in self.repairs.names}

    @property
    def label(self) -> str:
        """What tells this view from others of the recording in file names: `smooth`, `raw_p1_p3`.

        It names the smoothing, the people where they are not all, and the first and last frame
        where there are others: `smooth_f120-240`.
        """
        chosen_ids = [span.track_id for span in self._everywhere]
        people = () if len(chosen_ids) == self._everybody else (f"p{i}" for i in chosen_ids)
        first, last = self.indices.start, self.indices.stop - 1
        frames = () if self.indices == self._stored else (f"f{first}-{last}",)
        return "_".join((self.smoothing.label, *people, *frames))

    @cached_property
    def times(self) -> Float64:
        """(F,) seconds of the frames of the view, since the first frame of the source."""
        begin = self.indices.start - self._stored.start
        return self._times.seconds[begin : begin + len(self.indices)]

    # -- by frame, by person, one after another --------------------------------------------------

    def frame(self, index: int) -> FramePoses:
        """Return everyone in one frame. Raises SessionError if it is not stored."""
        people = self.stretch(index).at(index)
        return replace(self.recording.frame_head(index), people=people)

    def stretch(self, index: int) -> Stretch:
        """Return the frames around `index` that are computed together, and who is in them.

        Raises SessionError if the frame is not stored.
        """
        if index not in self.indices:
            raise SessionError(f"{self.recording.path} holds no frame {index}")
        chunk = index // CHUNK
        people = self._final.get(chunk, lambda: self._blended(chunk))
        return Stretch(self._core(chunk), people).cut(self.indices)

    def track(self, track_id: int) -> TrackArrays:
        """Return one person over all frames of the view; empty arrays if there is none such."""
        return self._tracks.get(track_id, lambda: self._seen(track_id))

    def tracks(self) -> Iterator[TrackArrays]:
        """Yield everyone of the view by ascending id; nobody is kept in memory."""
        return (self._seen(track_id) for track_id in self.track_ids)

    def frames(self) -> Generator[FramePoses, None, None]:
        """Yield every frame in order, also those with nobody and those that were lost."""
        for chunks in self._groups():
            made = self._computed(chunks)
            for chunk in chunks:
                people = self._with_keyframes(made[chunk], made)
                stretch = Stretch(self._core(chunk), people).cut(self.indices)
                for head in self.recording.frame_heads(stretch.frames):
                    yield replace(head, people=stretch.at(head.index))

    def _in_view(self, here: Mapping[int, TrackSpan]) -> Iterator[TrackSpan]:
        """Yield when people are in the view, who are seen `here`, or in a gap that is filled."""
        for span in self._everywhere:
            if span.track_id in here:
                yield here[span.track_id]
            elif span.first < self.indices.stop and span.last >= self.indices.start:
                indices = self._seen(span.track_id).indices.tolist()
                if indices:
                    yield TrackSpan(span.track_id, indices[0], indices[-1], len(indices))

    # -- chunks ----------------------------------------------------------------------------------

    @cached_property
    def _times(self) -> FrameTimes:
        """The seconds of all frames: read for smoothing and blending only."""
        times = self.recording.frame_times()[: len(self._stored)]
        return FrameTimes(self._stored.start, times)

    def _core(self, chunk: int) -> range:
        """Return the frames of a chunk, also those that are not in the view."""
        start, stop = self._stored.start, self._stored.stop
        return range(max(chunk * CHUNK, start), min((chunk + 1) * CHUNK, stop))

    def _around(self, chunk: int) -> range:
        """Return the frames that a chunk is computed from."""
        core = self._core(chunk)
        if self.smoothing is Smoothing.OFF:
            return core
        first, seconds = self._times
        margin = margin_s(self.smoothing, self.settings)
        low = int(np.searchsorted(seconds, seconds[core.start - first] - margin))
        last = seconds[core.stop - 1 - first] + margin
        high = int(np.searchsorted(seconds, last, side="right"))
        return range(low + first, high + first)

    def _groups(self) -> Iterator[range]:
        """Yield the chunks of the view, so many at a time as are best computed together."""
        chunk, end = self.indices.start // CHUNK, -(-self.indices.stop // CHUNK)
        while chunk < end:
            core = self._core(chunk)
            alive = len(self._there(core))
            count = _AT_ONCE // (CHUNK * len(self.skeleton) * max(alive, 1))
            group = range(chunk, min(chunk + max(count, 1), end))
            yield group
            chunk = group.stop

    def _computed(self, chunks: Iterable[int]) -> dict[int, People]:
        """Return, by chunk, its people without keyframes."""
        found: dict[int, People] = {chunk: {} for chunk in chunks}
        if self.smoothing.is_causal:
            return {chunk: self._cut_out(chunk) for chunk in found}
        pieces = [
            (chunk, shown) for chunk in found for shown in self._read(self._around(chunk)).values()
        ]
        for (chunk, _), track in zip(pieces, self._smoothed([p for _, p in pieces]), strict=True):
            own = inside(track, self._core(chunk))
            if len(own):
                found[chunk][track.track_id] = read_only(own)
        return found

    def _cut_out(self, chunk: int) -> People:
        """Return the people of a chunk, each computed from their first frame on.

        A causal filter never quite forgets: begun later it may take another measurement for an
        outlier, and go another way.
        """
        core = self._core(chunk)
        found = {}
        for i in self._there(core):
            whole = self._plain_tracks.get(i, partial(self._unblended, i))
            if len(own := inside(whole, core)):
                found[i] = own
        return found

    def _there(self, frames: range) -> list[int]:
        """Return who may be in some of `frames`."""
        spans = self._everywhere
        return [s.track_id for s in spans if s.first < frames.stop and s.last >= frames.start]

    def _read(self, frames: range) -> People:
        raw = self.recording.people(frames)
        shown = shown_people(raw, self.repairs, self.skeleton.keypoints)
        return {i: track for i, track in shown.items() if i in self._wanted}

    def _smoothed(self, pieces: Sequence[TrackArrays]) -> Sequence[TrackArrays]:
        if self.smoothing is Smoothing.OFF or not pieces:
            return pieces
        return smooth_pieces(pieces, self._times, self.smoothing, self.skeleton, self.settings)

    def _seen(self, track_id: int) -> TrackArrays:
        """Return a person over all frames of the view."""
        whole = self._whole(track_id)
        return whole if self.indices == self._stored else inside(whole, self.indices)

    def _whole(self, track_id: int) -> TrackArrays:
        """Return a person over the whole recording."""
        base = self._unblended(track_id)
        spots = self._keyframes.get(track_id, ())
        if not spots:
            return base
        return read_only(blended(base, spots, self._time_of, lambda f, k: position(base, f, k)))

    def _unblended(self, track_id: int) -> TrackArrays:
        """Return a person over the whole recording, without keyframes."""
        pieces = self._pieces[track_id] if track_id in self._wanted else ()
        parts = (self.recording.track(p.tracked, self._frames_of(p)) for p in pieces)
        track = shown_person(track_id, parts, self.repairs, self.skeleton.keypoints)
        if track is None:
            return self.recording.track(-1)
        if self.smoothing is not Smoothing.OFF:
            track = smooth_whole(track, self._times, self.smoothing, self.skeleton, self.settings)
        return read_only(track)

    def _frames_of(self, piece: Piece) -> range:
        """Return the frames of `piece` that are stored."""
        return range(max(piece.first, self._stored.start), min(piece.last + 1, self._stored.stop))

    # -- keyframes -------------------------------------------------------------------------------

    def _blended(self, chunk: int) -> People:
        return self._with_keyframes(self._plain(chunk), {})

    def _plain(self, chunk: int) -> People:
        return self._base.get(chunk, lambda: self._computed([chunk])[chunk])

    def _with_keyframes(self, people: People, made: Mapping[int, People]) -> People:
        """Return the `people` of a chunk with their keyframes; `made` are chunks at hand."""
        if not self._keyframes:
            return people
        out = dict(people)
        for track_id in people.keys() & self._keyframes.keys():

            def shown_at(frame: int, keypoint: int, track_id: int = track_id) -> Float32:
                chunk = frame // CHUNK
                around = made[chunk] if chunk in made else self._plain(chunk)
                return position(around.get(track_id), frame, keypoint)

            spots = self._keyframes[track_id]
            out[track_id] = read_only(blended(people[track_id], spots, self._time_of, shown_at))
        return out

    def _time_of(self, frame: int) -> float:
        return float(self._times.seconds[frame - self._times.first])
