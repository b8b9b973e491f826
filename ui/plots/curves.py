"""What a plot shows of one person: curves over the true times of the frames. No Qt may enter.

A curve is broken by a NaN wherever frames are missing, so that no line bridges an absence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np

from sdpose_track.kinematics.angles import JOINTS, SEGMENTS
from sdpose_track.kinematics.bones import BONES
from sdpose_track.kinematics.speeds import speeds
from sdpose_track.kinematics.table import SPEEDS, Kinematics, KinematicsSettings, kinematics
from sdpose_track.kinematics.trace import CENTRE, Mask, Trace, trace
from sdpose_track.records import Float32, Float64, Int32, Provenance, TrackArrays, UInt8
from ui.document.review import Whole


class Quantity(Enum):
    """What can be plotted."""

    POSITION = "Position"
    SPEED = "Speed"
    CONFIDENCE = "Confidence"
    ANGLE = "Joint angle"
    COLUMN = "Measurement"
    """Any column of `kinematics`."""


class Choice(NamedTuple):
    """What is plotted: a quantity, and of what."""

    quantity: Quantity
    name: str
    """A keypoint; for angles and measurements a column of `kinematics`."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One value over N points in time. A break repeats the frame before it, with a NaN value."""

    indices: Int32
    """(N,) frame indices, ascending."""
    seconds: Float64
    """(N,) from the first frame of the source, ascending."""
    values: Float64
    """(N,) NaN where nothing is known, and at breaks."""
    origin: UInt8
    """(N,) of `Provenance`: the least certain of the keypoints that the value comes from."""

    def at(self, index: int) -> float:
        """Return the value in a frame; NaN where there is none."""
        row = int(np.searchsorted(self.indices, np.int32(index)))
        there = row < len(self.indices) and self.indices[row] == index
        return float(self.values[row]) if there else float("nan")

    @property
    def made_up(self) -> Mask:
        """(N,) what was filled in or predicted, and not seen."""
        return np.isin(self.origin, (Provenance.FILLED, Provenance.PREDICTED))

    @property
    def edited(self) -> Mask:
        """(N,) what a person put there."""
        return np.asarray((self.origin == Provenance.EDITED) & np.isfinite(self.values))

    @property
    def lone(self) -> Mask:
        """(N,) points without a neighbour, which no line shows."""
        known = np.isfinite(self.values)
        beside = np.zeros_like(known)
        beside[1:] |= known[:-1]
        beside[:-1] |= known[1:]
        return np.asarray(known & ~beside)

    def seen_values(self) -> Float64:
        """Return (N,) values without what is made up."""
        return np.where(self.made_up, np.nan, self.values)

    def made_up_values(self) -> Float64:
        """Return (N,) values that are made up, and those next to them, to which lines lead."""
        drawn = self.made_up
        near = drawn.copy()
        near[1:] |= drawn[:-1]
        near[:-1] |= drawn[1:]
        return np.where(near, self.values, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """One pair of axes: a value as it was found, and smoothed."""

    name: str
    """`x`, `Speed`."""
    unit: str
    """`px`, `°`; empty for a number without one."""
    raw: Curve
    smooth: Curve
    grows_down: bool = False
    """Larger values are lower, as rows of a picture are."""
    always: tuple[float, ...] = ()
    """Values that its axis shows in any case."""
    is_yes_no: bool = False
    """1 is yes, and 0 is no."""

    @property
    def label(self) -> str:
        """The name with its unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    @property
    def is_known(self) -> bool:
        """There is a value anywhere."""
        return bool(np.isfinite(self.raw.values).any() or np.isfinite(self.smooth.values).any())


UNITS = {"deg": "°", "px": "px", "bh/s": "body heights/s", "count": "", "bool": ""}
"""How the units of `Kinematics.units` are written on an axis."""
_ALWAYS: dict[str, tuple[float, ...]] = {
    "deg": (), "px": (), "bh/s": (0.0,), "count": (0.0, 1.0), "bool": (0.0, 1.0),
}  # fmt: skip
_ENDINGS = ("_bh_s", "_deg", "_px")


def spoken(name: str) -> str:
    """Return the name of a keypoint or column as people write it: `Left wrist`, `Knee left`."""
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def names(whole: Whole, quantity: Quantity) -> tuple[str, ...]:
    """Return of what there is a `quantity`, for a `Choice`."""
    if quantity in (Quantity.ANGLE, Quantity.COLUMN):
        units = whole.kinematics.units
        return tuple(n for n in units if quantity is Quantity.COLUMN or units[n] == "deg")
    return whole.skeleton.keypoints


class Measured:
    """One person, measured as far as it was asked for. Belongs to one thread at a time."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole

    @cached_property
    def _traces(self) -> tuple[Trace, Trace]:
        """Raw and smoothed."""
        whole = self.whole
        return trace(whole.raw, whole.skeleton), trace(whole.smooth, whole.skeleton)

    @cached_property
    def _of_raw(self) -> Kinematics:
        """What `Whole.kinematics` says of the smoothed person, seen from the same side."""
        settings = KinematicsSettings(facing=self.whole.kinematics.facing)
        return kinematics(self.whole.raw, self.whole.skeleton, settings)

    def plots(self, choice: Choice) -> tuple[Plot, ...]:
        """Return one plot or two; none if there is nothing by that name."""
        if choice.name not in names(self.whole, choice.quantity):
            return ()
        if choice.quantity in (Quantity.ANGLE, Quantity.COLUMN):
            return (self._column(choice.name),)
        k = self.whole.skeleton.index(choice.name)
        if choice.quantity is Quantity.POSITION:
            return self._positions(k)
        return (self._speed(k) if choice.quantity is Quantity.SPEED else self._confidence(k),)

    def _positions(self, k: int) -> tuple[Plot, Plot]:
        raw, smooth = self.whole.raw, self.whole.smooth
        x, y = (
            (_curve(raw, raw.keypoints[:, k, axis], [k]),
             _curve(smooth, smooth.keypoints[:, k, axis], [k]))
            for axis in (0, 1)
        )  # fmt: skip
        return Plot("x", UNITS["px"], *x), Plot("y", UNITS["px"], *y, grows_down=True)

    def _speed(self, k: int) -> Plot:
        pairs = zip((self.whole.raw, self.whole.smooth), self._traces, strict=True)
        raw, smooth = (
            _curve(track, speeds(person, [k])[:, 0] / person.heights, [k])
            for track, person in pairs
        )
        return Plot("Speed", UNITS["bh/s"], raw, smooth, always=(0.0,))

    def _confidence(self, k: int) -> Plot:
        raw, smooth = (
            _curve(track, track.scores[:, k], [k]) for track in (self.whole.raw, self.whole.smooth)
        )
        return Plot("Confidence", "", raw, smooth, always=(0.0, 1.0))

    def _column(self, column: str) -> Plot:
        of_smooth = self.whole.kinematics
        unit = of_smooth.units[column]
        turn = _turn(column) if unit == "deg" else None
        parts = _keypoints_of().get(column)
        ks = None if parts is None else [self.whole.skeleton.index(part) for part in parts]
        raw, smooth = (
            _curve(track, found.columns[column], ks, turn)
            for track, found in ((self.whole.raw, self._of_raw), (self.whole.smooth, of_smooth))
        )
        return Plot(
            spoken(column),
            UNITS[unit],
            raw,
            smooth,
            always=_ALWAYS[unit],
            is_yes_no=unit == "bool",
        )


def _curve(
    track: TrackArrays,
    values: Float32 | Float64,
    keypoints: Sequence[int] | None,
    turn: float | None = None,
) -> Curve:
    """Return (F,) `values` of `track` with breaks; `turn` is after how much they begin anew."""
    broken = np.diff(track.indices) > 1
    if turn is not None:
        with np.errstate(invalid="ignore"):
            broken |= np.abs(np.diff(values)) > turn / 2
    after = np.flatnonzero(broken) + 1
    return Curve(
        np.insert(track.indices, after, track.indices[after - 1]),
        np.insert(track.times, after, track.times[after - 1]),
        np.insert(np.asarray(values, np.float64), after, np.nan),
        np.insert(_origin(track, keypoints), after, np.uint8(Provenance.MEASURED)),
    )


def _origin(track: TrackArrays, keypoints: Sequence[int] | None) -> UInt8:
    """Return (F,) where a value that comes from some `keypoints` (None: all) is from.

    Of some, the least certain tells; a whole person is made up where all of them are.
    """
    origin = track.provenance
    origin = np.where(origin == Provenance.MEASURED_FAST, np.uint8(Provenance.MEASURED), origin)
    if keypoints is not None:
        return np.asarray(origin[:, list(keypoints)].max(axis=1))
    least, most = origin.min(axis=1), origin.max(axis=1)
    return np.asarray(np.where(most == Provenance.EDITED, most, least))


def _turn(column: str) -> float:
    """Return the degrees after which an angle is the same again."""
    lines = {f"{angle.name}_deg" for angle in SEGMENTS if angle.is_line}
    return 180.0 if column in lines else 360.0


@cache
def _keypoints_of() -> dict[str, tuple[str, ...]]:
    """Return the keypoints that each column comes from; those of the whole person are left out."""
    return dict(_parts())


def _parts() -> Iterator[tuple[str, tuple[str, ...]]]:
    for angle in (*JOINTS, *SEGMENTS):
        yield f"{angle.name}_deg", tuple(n for place in angle.places for n in place.names)
    for bone in BONES:
        yield f"length_{bone.name}_px", tuple(n for place in bone.ends for n in place.names)
    for keypoint in SPEEDS:
        yield f"speed_{keypoint}_bh_s", (keypoint,)
    yield "speed_centre_bh_s", CENTRE.names
