"""What is open: a video, a session, or both; its parts, and how they hear of each other."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QObject, pyqtSignal

from sdpose_track.errors import SdposeError
from sdpose_track.records import SourceInfo
from sdpose_track.session.its_source import reopened
from sdpose_track.smooth.choices import Smoothing
from sdpose_track.sources import Source, open_source
from ui.bridge import Lane
from ui.document.clock import NO_FRAMES, FrameClock
from ui.document.edits import Edits
from ui.document.people import People
from ui.document.pictures import Pictures
from ui.document.player import Player
from ui.document.poses import Poses
from ui.document.reading import Facts, Reader
from ui.document.review import Review

_SQLITE = b"SQLite format 3\0"


class Document(QObject):
    """One video and its session. It is there once; opening another one changes it.

    Panels listen to it and to its parts: `player` (where we are), `pictures`, `poses`, `people`,
    `edits`, `review`.
    """

    opening = pyqtSignal(str)
    """Something is being opened: its name."""
    opened = pyqtSignal()
    """Something else is open: `info`, `facts` and all parts tell of it."""
    session_changed = pyqtSignal()
    """The session has more frames or other repairs, or there is one now: `facts`."""
    poses_changed = pyqtSignal()
    """Poses that were drawn may be others now."""
    smoothing_changed = pyqtSignal()
    refused = pyqtSignal(str)
    """What was asked for cannot be done: a sentence."""
    video_missing = pyqtSignal(str)
    """The session is open without its pictures: a sentence."""

    def __init__(self, smoothing: Smoothing = Smoothing.OFFLINE, parent: QObject | None = None):
        super().__init__(parent)
        self.smoothing = smoothing
        self.source: str | None = None
        """The path of the video or pictures; None without."""
        self.info: SourceInfo | None = None
        """What is known of the video."""
        self.facts: Facts | None = None
        """What is known of the session; None without one."""
        self.pictures = Pictures(self)
        self.player = Player(self.pictures, self)
        self.people = People(self)
        self.edits = Edits(self)
        self.review = Review(self)
        self._lane = Lane("poses", self)
        self.poses = Poses(self._lane, self)
        self._reader: Reader | None = None
        self._coming: Path | None = None
        """The session that is about to be followed."""
        self._connect()

    def _connect(self) -> None:
        self.pictures.opened.connect(self._on_pictures)
        self.pictures.refused.connect(self._on_no_pictures)
        self.edits.changed.connect(self.refresh)
        self.poses.arrived.connect(lambda _kind, _frames: self.poses_changed.emit())
        for part in (self._lane, self.review.lane, self.edits.lane):
            part.refused.connect(self.refused)
        self.edits.refused.connect(self.refused)

    @property
    def is_open(self) -> bool:
        """There is something to look at."""
        return self.info is not None

    @property
    def name(self) -> str:
        """What is open, for a title; empty without."""
        if self.facts is not None:
            return self.facts.path.name
        return Path(self.source).name if self.source is not None else ""

    # -- opening -----------------------------------------------------------------------------------

    def open(self, path: str | Path) -> None:
        """Open a video, a picture, a folder or pattern of pictures, or a session.

        Nothing is closed before the other can be opened; `refused` tells if it cannot.
        """
        path = str(path)
        self.opening.emit(path)

        def go_on(is_one: bool) -> None:
            if is_one:
                self.open_session(Path(path))
            else:
                self.open_source(path)

        self._lane.ask(lambda: is_session(path), go_on, topic="open")

    def open_session(self, path: Path) -> None:
        """Open a session, and its video where that is found."""
        reader = Reader(path, self.smoothing)
        self._lane.ask(reader.facts, lambda facts: self._on_session(reader, facts), topic="open")

    def open_source(self, path: str) -> None:
        """Open a video or pictures without a session."""
        self._lane.ask(
            lambda: open_source(path), lambda source: self._on_source(path, source), topic="open"
        )

    def _on_source(self, path: str, source: Source) -> None:
        self._leave()
        self.source, self.info = path, source.info
        self.player.show(NO_FRAMES)
        self.pictures.open(lambda: source)
        self._show_session(None)
        self.opened.emit()

    def _on_session(self, reader: Reader, facts: Facts) -> None:
        self._leave()
        self._reader, self.facts, self.info = reader, facts, facts.source
        self.source = None
        self.player.show(_clock_of(facts))
        then, folder = facts.source, facts.path.parent
        self.pictures.open(lambda: reopened(then, folder))
        self._show_session(facts)
        self.opened.emit()

    def find_video(self, path: Path) -> None:
        """The video of the session is at `path`. If that is another one, nothing changes."""
        if self.facts is None:
            return
        then, folder = self.facts.source, self.facts.path.parent
        self._lane.ask(
            lambda: reopened(then, folder, path),
            lambda source: self.pictures.open(lambda: source),
            topic="find video",
        )

    def follow(self, path: Path) -> None:
        """Show the session at `path` with the video that is open: a run has begun to write it."""
        reader = Reader(path, self.smoothing)
        self._coming = path

        def begun(facts: Facts) -> None:
            self._close_reader()
            self._reader, self.facts = reader, facts
            self._show_session(facts)
            self.session_changed.emit()

        self._lane.ask(reader.facts, begun, self._cannot_follow, topic="follow")

    def _cannot_follow(self, error: SdposeError) -> None:
        self._coming = None
        self.refused.emit(str(error))

    def refresh(self) -> None:
        """Read the session again: a run has stored more frames, or repairs have changed."""
        reader = self._reader
        if self._coming is not None:
            self.follow(self._coming)  # what was read of it may be out of date already
        elif reader is not None:
            self._lane.ask(reader.facts, self._on_refreshed, topic="refresh")

    def _on_refreshed(self, facts: Facts) -> None:
        before, self.facts = self.facts, facts
        if before is None:
            return
        is_longer = len(facts.indices) > len(before.indices)
        if facts.history != before.history or not is_longer:
            self.poses.show(self._reader, facts.indices)
        else:
            self.poses.grow(facts)
        if not self.pictures.is_open:
            self.player.show(_clock_of(facts), keep=True)
        self.people.show(facts)
        if facts.indices == before.indices or facts.is_complete:
            self.review.again(tuple(span.track_id for span in facts.spans))
        else:
            self.review.wait()
        self.session_changed.emit()
        self.poses_changed.emit()

    def _show_session(self, facts: Facts | None) -> None:
        path = None if facts is None else facts.path
        ids = () if facts is None else tuple(span.track_id for span in facts.spans)
        self.people.forget()
        self.people.show(facts)
        self.poses.show(self._reader, range(0) if facts is None else facts.indices)
        self.poses.choose(self.smoothing)  # which may be another one than when it was asked for
        self.review.show(path, self.smoothing, ids)
        self.edits.show(path, None if facts is None else facts.history)
        self.poses_changed.emit()

    def _on_pictures(self, source: Source) -> None:
        pts = source.times()
        self.source = source.info.name
        if pts is not None:
            clock = FrameClock.of_source(source.info, pts)
            self.player.show(clock, keep=self.facts is not None)
        self.player.seek(self.player.frame)

    def _on_no_pictures(self, sentence: str) -> None:
        if self.facts is not None:
            self.video_missing.emit(sentence)
        else:
            self.refused.emit(sentence)

    # -- how poses are shown -----------------------------------------------------------------------

    def choose(self, smoothing: Smoothing) -> None:
        """Smooth in another way: nothing is stored, and no network runs."""
        if smoothing is self.smoothing:
            return
        self.smoothing = smoothing
        self.poses.choose(smoothing)
        self.review.choose(smoothing)
        self.smoothing_changed.emit()
        self.poses_changed.emit()

    # -- closing -----------------------------------------------------------------------------------

    def leave(self) -> None:
        """Close what is open; another may be opened."""
        self._lane.forget("open")
        self._leave()
        self.player.show(NO_FRAMES)
        self._show_session(None)
        self.opened.emit()

    def _leave(self) -> None:
        self.player.pause()
        self.pictures.leave()
        self._close_reader()
        self.source = self.info = self.facts = None

    def _close_reader(self) -> None:
        reader, self._reader = self._reader, None
        self._coming = None
        self._lane.forget("refresh", "follow")
        self.poses.show(None, range(0))  # whoever asks now would open the file again
        if reader is not None:
            self._lane.ask(reader.close)

    def close(self) -> None:
        """End every thread and wait for it. Safe to call again."""
        self.player.pause()
        self.pictures.close()
        self.edits.close()
        self.review.close()
        reader, self._reader = self._reader, None
        self._lane.close(None if reader is None else reader.close)


def is_session(path: str) -> bool:
    """Tell a session from a video: by its first bytes, or its name where it cannot be read."""
    file = Path(path)
    try:
        if file.is_file():  # opening a pipe would wait for whoever writes it
            with file.open("rb") as opened:
                return opened.read(len(_SQLITE)) == _SQLITE
    except OSError:
        pass
    return path.endswith(".sdpose")


def _clock_of(facts: Facts) -> FrameClock:
    return FrameClock(facts.indices.start, facts.seconds, facts.source.rate)
