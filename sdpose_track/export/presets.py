"""What the models that follow a control video want: frames per second, size and length.

Sources: the reference workflows and code of Wan 2.1/2.2 (Fun-Control, VACE, Animate), CogVideoX-Fun
and LTX-2. Sizes are found by the rule of Wan's own preparation (`calculate_new_size`), most pixels
first, then the shape of the source; but it knows only widths that are multiples of 64.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from sdpose_track.render.letterbox import Size

TINY = 1e-9
"""What rounding may add to a whole number."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a model wants of a control video."""

    rate: Fraction | None
    """Frames per second; None for the source's."""
    most: int
    """Frames it makes at once."""
    step: int
    """It takes `step * n + 1` frames."""
    multiple: int
    """Width and height are multiples of this many pixels."""
    area: int
    """Most pixels of a picture."""

    def count(self, frames: int) -> int:
        """Return how many of `frames` it takes; 0 for none."""
        fitting = (min(frames, self.most) - 1) // self.step * self.step + 1
        return max(fitting, 0) if frames else 0

    def size(self, width: int, height: int) -> Size:
        """Return the largest size of about the shape of a source that it takes, in pixels.

        What is left over at two sides becomes black bars.
        """
        scale = (self.area / (width * height)) ** 0.5
        fitting = [
            (w, h)
            for w in self._around(width * scale)
            for h in self._around(height * scale)
            if w * h <= self.area
        ]
        shape, smallest = width / height, (self.multiple, self.multiple)
        return max(
            fitting,
            key=lambda size: (size[0] * size[1], -abs(size[0] / size[1] - shape)),
            default=smallest,
        )

    def _around(self, side: float) -> set[int]:
        """Return the multiples next to `side`, below and above: one where it is one itself."""
        steps = side / self.multiple
        return {
            max(1, whole) * self.multiple for whole in (floor(steps + TINY), ceil(steps - TINY))
        }


PRESETS: dict[str, Preset] = {
    "wan": Preset(Fraction(16), 81, 4, 16, 832 * 480),
    "wan-720p": Preset(Fraction(16), 81, 4, 16, 1280 * 720),
    "wan-5b": Preset(Fraction(24), 121, 4, 32, 1280 * 704),
    "wan-animate": Preset(Fraction(30), 10**7, 1, 16, 1280 * 720),
    "vace": Preset(Fraction(16), 81, 4, 16, 832 * 480),
    "cogvideox": Preset(Fraction(8), 49, 4, 16, 720 * 480),
    "ltx": Preset(Fraction(25), 121, 8, 32, 1280 * 720),
}
"""By name. LTX's `8n + 1` frames and multiples of 32 pixels are its documentation's, not tried."""
