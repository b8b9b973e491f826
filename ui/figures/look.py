"""What of the people is shown on the picture: switches and ways to compare. Values only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sdpose_track.render.overlay import Style
from ui.document.reading import Kind

_USUAL = Style()


class Compare(Enum):
    """Which poses are seen, and how."""

    SMOOTHED = "smoothed"
    RAW = "raw"
    SIDE_BY_SIDE = "side by side"
    BLENDED = "blended"
    """Smoothed, with the raw ones as thin lines under them."""

    @property
    def panes(self) -> tuple[Kind, ...]:
        """Return which poses each pane shows, from left to right."""
        if self is Compare.SIDE_BY_SIDE:
            return (Kind.RAW, Kind.SMOOTH)
        return (Kind.RAW,) if self is Compare.RAW else (Kind.SMOOTH,)


class Switch(Enum):
    """What can be shown or not; the values are fields of `Look`."""

    SKELETON = "skeleton"
    BOXES = "boxes"
    IDS = "ids"
    TRAILS = "trails"
    CONFIDENCE = "confidence"
    ONLY_CHOSEN = "only_chosen"


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of each person; begins as the annotated video does."""

    skeleton: bool = _USUAL.skeleton
    boxes: bool = _USUAL.boxes
    ids: bool = _USUAL.ids
    """Numbers or names."""
    trails: bool = _USUAL.trails
    """Where each person was in the last second."""
    confidence: bool = False
    """Joints have the colour of their confidence."""
    only_chosen: bool = False
    """Whoever is not chosen is left out, if anybody is."""
    compare: Compare = Compare.SMOOTHED
    threshold: float = _USUAL.threshold
    """Keypoints with less confidence (0..1) are left out."""

    def switched(self, switch: Switch, *, on: bool) -> Look:
        """Return the look with something shown, or not."""
        changes: dict[str, Any] = {switch.value: on}
        return replace(self, **changes)

    def shows(self, switch: Switch) -> bool:
        """Tell whether something is shown."""
        return bool(getattr(self, switch.value))
