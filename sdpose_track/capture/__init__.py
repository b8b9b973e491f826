"""Where live pictures come from: cameras, streams, and files played at their own speed.

`open_live` turns what the user typed into a `LiveSource`, or says in one sentence why it cannot be.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sdpose_track.capture.address import Address, read_spec
from sdpose_track.capture.cameras import Camera, find_camera, list_cameras
from sdpose_track.capture.clock import LIVE_TIME_BASE
from sdpose_track.capture.device import Device
from sdpose_track.capture.draining import LiveSource
from sdpose_track.capture.feed import Feed
from sdpose_track.capture.rehearsal import Rehearsal
from sdpose_track.capture.settings import CaptureSettings
from sdpose_track.capture.stream import Stream

__all__ = [
    "LIVE_TIME_BASE",
    "Camera",
    "CaptureSettings",
    "LiveSource",
    "list_cameras",
    "live_source",
    "open_live",
]


def open_live(spec: str, settings: CaptureSettings, notice: Callable[[str], None]) -> LiveSource:
    """Open a camera by number or name, the address of a stream, or a file in place of one.

    The first picture is there when this returns. `notice` is told sentences worth showing while
    the source runs, on a thread of its own: that the stream was lost, that it is back.

    Raises:
        SettingsError: `spec` is nothing that can be live, or does not go with `settings`.
        SourceError: it cannot be opened, or sends no picture.
    """
    source = live_source(spec, settings, notice)
    try:
        source.open()
    except BaseException:
        source.interrupt()
        raise
    return source


def live_source(spec: str, settings: CaptureSettings, notice: Callable[[str], None]) -> LiveSource:
    """Return what `open_live` would open: its `open` can be interrupted from another thread.

    Raises:
        SettingsError: as of `open_live`. SourceError: there is no such camera.
    """
    return LiveSource(_feed(spec, settings, notice), notice, settings.patience_s)


def _feed(spec: str, settings: CaptureSettings, notice: Callable[[str], None]) -> Feed:
    meant = read_spec(spec, realtime=settings.realtime)
    if isinstance(meant, Address):
        return Stream(meant, any_certificate=settings.any_certificate)
    if isinstance(meant, Path):
        return Rehearsal(spec, settings.rate, loop=settings.loop)
    return Device(find_camera(meant), settings, notice)
