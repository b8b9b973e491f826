"""The session that a run finds in its place: whether it may begin there, and go on with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from sdpose_track.checkpoints import find
from sdpose_track.errors import SessionError, SettingsError
from sdpose_track.records import SourceInfo
from sdpose_track.session.place import is_there, mend, refuse_existing
from sdpose_track.session.recording import Recording
from sdpose_track.session.schema import SessionHeader, other_file
from sdpose_track.session.writer import SessionWriter
from sdpose_track.settings import DETECTOR_SIZES, TrackSettings
from sdpose_track.track.bytetrack import REVISION

SIZE = "detector_size"
BEFORE = {SIZE: DETECTOR_SIZES[0], "tracker": 1}
"""Settings that older sessions do not tell of, and what they were."""


class Complete(NamedTuple):
    """A session in which every frame is."""

    header: SessionHeader
    frames: int


def check_free(source: str, session: Path, *, resume: bool, overwrite: bool) -> None:
    """Raise SettingsError if a session is there unasked, or `session` is the source itself.

    What a killed run left of a replacement is ended first.
    """
    mend(session)
    if is_there(session) and Path(source).exists() and session.samefile(source):
        raise SettingsError(
            f"{session} is the source itself; choose another folder for the session with --out"
        )
    if not (resume or overwrite):
        refuse_existing(session)


def complete(session: Path, info: SourceInfo, settings: TrackSettings) -> Complete | None:
    """Return a session with nothing left to do, if that can be told without loading a network.

    Exports of a complete session need neither GPU nor weights, and what nobody wished for may be as
    it is. None where more is wished for than a session tells by itself, or something else. `info`
    tells where the source is now, which is stored.
    """
    with Recording.open(session) as recording:
        if not recording.is_complete or recording.is_live:
            return None
        header, frames = recording.header, len(recording.indices())
    if other_file(header.source, info) is not None or not _is_as_wished(header, settings):
        return None
    if info.name != header.source.name:
        with SessionWriter.resume(session) as writer:
            writer.rename_source(info)
    return Complete(replace(header, source=info), frames)


def _is_as_wished(header: SessionHeader, settings: TrackSettings) -> bool:
    wished = settings.device, settings.precision, settings.batch, settings.boxes
    if wished != ("auto", "auto", None, None):
        return False
    begun = {**BEFORE, **header.settings}
    chosen = {n: begun[n] for n in ("runtime", "detector_runtime", SIZE) if n in begun}
    if {**settings.results_key(), "tracker": REVISION, **chosen} != begun:
        return False
    if settings.detector_pixels not in (None, begun[SIZE]):
        return False
    models = (settings.pose, "pose", header.pose), (settings.detector, "detector", header.detector)
    return all(
        name == "auto" or find(name, role, settings.trusts).sha256 == record.sha256
        for name, role, record in models
    )


def begun_size(session: Path) -> str:
    """Return the detector's size in a session that is gone on with: it is not chosen again.

    Another version, or a CPU that computes in another precision, might choose differently.
    """
    with Recording.open(session) as recording:
        return str({**BEFORE, **recording.header.settings}[SIZE])


def check_same(old: SessionHeader, new: SessionHeader, session: Path) -> None:
    """Raise SessionError or SettingsError if a run as `new` would not go on as `old` began."""
    difference = other_file(old.source, new.source)
    if difference is not None:
        raise SessionError(
            f"{session} was made from another file ({difference});"
            " give that file, or --overwrite to start anew"
        )
    before = {"detector": old.detector.sha256, "pose": old.pose.sha256, **BEFORE, **old.settings}
    after = {"detector": new.detector.sha256, "pose": new.pose.sha256, **BEFORE, **new.settings}
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            raise SettingsError(
                f"{session} was made with another {name} ({before.get(name)}, now"
                f" {after.get(name)}); give the same, or --overwrite to start anew"
            )
