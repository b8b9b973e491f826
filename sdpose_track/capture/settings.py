"""How live pictures are wished, and how long a source that fell silent is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sdpose_track.errors import SettingsError
from sdpose_track.sources.geometry import MAX_SIDE

_MOST_RATE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """What is wished of a live source. Raises SettingsError if a value cannot work."""

    size: tuple[int, int] | None = None
    """(width, height) in pixels wished of a camera; None leaves it to the camera."""
    rate: Fraction | None = None
    """Pictures per second wished of a camera; None leaves it to the camera."""
    realtime: bool = False
    """The source is a file, played at its own speed."""
    loop: bool = False
    """The file begins again after its end."""
    patience_s: float = 60.0
    """Seconds without a picture after which a stream is given up; 0 at the first loss."""
    any_certificate: bool = False
    """Take what https:// and rtsps:// sources say of themselves unchecked: most cameras signed
    their certificates themselves."""

    def __post_init__(self) -> None:
        if self.size is not None and not all(0 < side <= MAX_SIDE for side in self.size):
            wished = "x".join(map(str, self.size))
            raise SettingsError(f"--size {wished}: expected sides from 1 to {MAX_SIDE} pixels")
        if self.rate is not None and not 0 < self.rate <= _MOST_RATE:
            raise SettingsError(
                f"--rate {float(self.rate):g}: expected a number above 0, up to {_MOST_RATE}"
            )
        if self.loop and not self.realtime:
            raise SettingsError("--loop: only a file begins again; it needs --realtime")
        if not 0 <= self.patience_s < float("inf"):
            raise SettingsError(f"--reconnect {self.patience_s:g}: expected 0 or more seconds")
