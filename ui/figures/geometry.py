"""Where a picture lies on the screen: fit, zoom and pan as one value. Pure arithmetic, no widgets.

A pixel of the picture is `(x, y)` as in every record: (0, 0) is the middle of the first pixel.
Lengths on the screen are points, of which each has `density` device pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

LARGEST = 32.0
"""Device pixels for one pixel of the picture, at most."""
STEP = 1.25
"""By which one step zooms."""


class Pane(NamedTuple):
    """A part of the canvas that shows the picture, in points."""

    x: float
    y: float
    width: float
    height: float

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point is inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def panes_of(width: float, height: float, count: int, gap: float) -> tuple[Pane, ...]:
    """Return `count` panes of one size beside each other, `gap` points apart."""
    wide = max((width - gap * (count - 1)) / count, 1.0)
    return tuple(Pane(k * (wide + gap), 0.0, wide, max(height, 1.0)) for k in range(count))


@dataclass(frozen=True, slots=True)
class Lens:
    """How a picture is looked at in a pane; positions on the screen are from the pane's corner."""

    picture: tuple[int, int]
    """Width and height in pixels."""
    pane: tuple[float, float]
    """Width and height in points."""
    density: float = 1.0
    """Device pixels in a point."""
    chosen: float | None = None
    """Points for one pixel of the picture; None as many as show it whole."""
    centre: tuple[float, float] = (0.5, 0.5)
    """What is in the middle of the pane, in widths and heights of the picture from its corner."""

    # -- where things are --------------------------------------------------------------------------

    @property
    def fitting(self) -> float:
        """Points for one pixel with which the picture is just seen whole."""
        return min(there / size for there, size in zip(self.pane, self.picture, strict=True))

    @property
    def scale(self) -> float:
        """Points for one pixel of the picture."""
        return self.fitting if self.chosen is None else self.chosen

    @property
    def ratio(self) -> float:
        """Device pixels for one pixel of the picture: 1 is 100 %."""
        return self.scale * self.density

    @property
    def corner(self) -> tuple[float, float]:
        """The point where the picture's corner is, on a whole device pixel."""
        return self._corner(0), self._corner(1)

    def _corner(self, axis: int) -> float:
        """Keep a picture smaller than the pane in its middle, a larger one over all of it."""
        there, size = self.pane[axis], self.picture[axis] * self.scale
        free = there - size
        wanted = there / 2 - self.centre[axis] * size
        corner = free / 2 if free >= 0 else min(max(wanted, free), 0.0)
        return round(corner * self.density) / self.density

    def to_pane(self, x: float, y: float) -> tuple[float, float]:
        """Return the point where a pixel of the picture is."""
        left, top = self.corner
        return left + (x + 0.5) * self.scale, top + (y + 0.5) * self.scale

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of the picture, with its fraction, that is at a point."""
        left, top = self.corner
        return (x - left) / self.scale - 0.5, (y - top) / self.scale - 0.5

    @property
    def can_pan(self) -> bool:
        """Some of the picture lies outside of the pane."""
        return self.scale > self.fitting * (1 + 1e-9)

    # -- looking otherwise -------------------------------------------------------------------------

    def fitted(self) -> Lens:
        """Show the picture whole, and go on doing so in a pane of another size."""
        return replace(self, chosen=None, centre=(0.5, 0.5))

    def zoomed(self, factor: float, x: float | None = None, y: float | None = None) -> Lens:
        """Zoom by a factor; what is at the point `x`, `y` (None: in the middle) stays there."""
        return self.at_scale(self.scale * factor, x, y)

    def full(self, x: float | None = None, y: float | None = None) -> Lens:
        """Show each pixel of the picture as one of the device: 100 %."""
        return self.at_scale(1 / self.density, x, y)

    def at_scale(self, scale: float, x: float | None = None, y: float | None = None) -> Lens:
        """Show a pixel as `scale` points, within limits; the point `x`, `y` stays where it is."""
        smallest = min(self.fitting, 1 / self.density)
        scale = min(max(scale, smallest), max(LARGEST / self.density, self.fitting))
        at = (self.pane[0] / 2 if x is None else x, self.pane[1] / 2 if y is None else y)
        centre = tuple(self._centre(axis, at[axis], scale) for axis in (0, 1))
        return replace(self, chosen=scale, centre=self._inside(scale, (centre[0], centre[1])))

    def _centre(self, axis: int, point: float, scale: float) -> float:
        """Return what must be in the middle at `scale` for `point` to show what it shows now."""
        fixed = (point - self.corner[axis]) / (self.picture[axis] * self.scale)
        return fixed + (self.pane[axis] / 2 - point) / (self.picture[axis] * scale)

    def panned(self, dx: float, dy: float) -> Lens:
        """Move the picture by so many points, as far as it reaches."""
        x, y = (
            c - move / (size * self.scale)
            for c, move, size in zip(self.centre, (dx, dy), self.picture, strict=True)
        )
        return replace(self, centre=self._inside(self.scale, (x, y)))

    def _inside(self, scale: float, centre: tuple[float, float]) -> tuple[float, float]:
        """Return `centre` where it can be at `scale`, so that the next move begins from there."""
        shares = (
            there / (2 * size * scale) for there, size in zip(self.pane, self.picture, strict=True)
        )
        x, y = (
            0.5 if share >= 0.5 else min(max(c, share), 1 - share)
            for c, share in zip(centre, shares, strict=True)
        )
        return x, y

    def over(self, picture: tuple[int, int], pane: tuple[float, float], density: float) -> Lens:
        """Look at a picture or pane of another size in the same way."""
        same = (picture, pane, density) == (self.picture, self.pane, self.density)
        return self if same else replace(self, picture=picture, pane=pane, density=density)
