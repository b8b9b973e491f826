"""What is wished of a live run: frozen values that command line and viewer build."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sdpose_track.broadcast.osc import OscLayout
from sdpose_track.capture import CaptureSettings
from sdpose_track.settings import LiveSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordWish:
    """A recording of what is seen."""

    session: Path
    video: bool = False
    """The pictures too, in a video beside the session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWish:
    """A live run, and where it is sent and kept from its beginning on."""

    spec: str
    """A camera by number or name, an address, or a file; as `open_live` takes it."""
    capture: CaptureSettings = field(default_factory=CaptureSettings)
    settings: LiveSettings = field(default_factory=LiveSettings)
    osc: str | None = None
    """`HOST:PORT` that poses are sent to; None: not sent."""
    layout: OscLayout = field(default_factory=OscLayout)
    """How positions are written there."""
    websocket: str | None = None
    """`HOST:PORT` at which they are offered."""
    origins: tuple[str, ...] = ()
    """Pages of other computers that may fetch them there."""
    virtual_camera: bool = False
    """Other programs can choose the picture with the poses as a camera."""
    record: RecordWish | None = None
