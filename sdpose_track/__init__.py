"""Track people's poses in video: decode, detect, track, estimate, smooth, export.

The public names below are imported when they are first used, so that `import sdpose_track` is free.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdpose_track.api import track_video as track_video
    from sdpose_track.errors import SdposeError as SdposeError
    from sdpose_track.session.recording import Recording as Recording
    from sdpose_track.session.view import View as View
    from sdpose_track.settings import TrackSettings as TrackSettings
    from sdpose_track.smooth.choices import Smoothing as Smoothing
    from sdpose_track.sources import open_source as open_source

__version__ = "0.1.0"

_HOMES = {
    "track_video": "api",
    "SdposeError": "errors",
    "Recording": "session.recording",
    "Smoothing": "smooth.choices",
    "View": "session.view",
    "TrackSettings": "settings",
    "open_source": "sources",
}
__all__ = [
    "Recording",
    "SdposeError",
    "Smoothing",
    "TrackSettings",
    "View",
    "__version__",
    "open_source",
    "track_video",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sdpose_track' has no attribute {name!r}")
    return getattr(import_module(f"sdpose_track.{_HOMES[name]}"), name)
