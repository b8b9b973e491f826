"""Animated WebP, PNG and AVIF through Pillow: FFmpeg reads the first badly and the others oddly."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from pathlib import Path

from PIL import Image

from sdpose_track.closing import Closing
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame, LostFrame, SourceInfo, UInt8
from sdpose_track.sources.geometry import letterbox, sealed
from sdpose_track.sources.picture_file import (
    UNREADABLE,
    Header,
    opened,
    read_header,
    to_bgr,
    unreadable_picture,
    unwarned,
)
from sdpose_track.sources.refusals import vanished
from sdpose_track.sources.source import Damage
from sdpose_track.sources.timing import regular_rate

_MILLISECOND = Fraction(1, 1000)
_USUAL = tuple(Fraction(rate) for rate in (10, 12, 15, 20, 24, 25, 30, 50, 60))
_UNSET_MS = 100  # what browsers show a frame for whose duration is 0
_LEAST_BYTES = 16  # a frame takes more of the file than this, in every format


class Animation(Closing):
    """Reads an animation; every frame has its own duration.

    Opening decodes it once, because the durations stand beside the pixels.
    """

    def __init__(self, path: Path, *, name: str) -> None:
        """Open `path`, shown as `name` in messages.

        Raises:
            SourceError: not one frame can be decoded.
        """
        self._path = path
        self._name = name
        self._damage = Damage()
        self._reading: Generator[tuple[int, UInt8 | None, float], None, None] | None = None
        self._next = 0
        """Index of the frame that `_reading` yields next."""
        self._read_frame: Frame | None = None
        try:
            self._header = read_header(path, name)
        except UNREADABLE as error:
            raise unreadable_picture(name) from error
        starts: list[float] = [0.0]
        decoded = 0
        with closing(self._decoded()) as frames:
            for _, image, duration in frames:
                starts.append(starts[-1] + duration)
                decoded += image is not None
        if not decoded:
            raise unreadable_picture(name)
        self._stamps = [round(start) for start in starts[:-1]]
        self._info = self._described(self._header, round(starts[-1]))

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def damaged(self) -> Damage:
        return self._damage

    def names(self) -> dict[int, str]:
        return {}

    def times(self) -> list[int]:
        return list(self._stamps)

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        if start < 0:
            raise SourceError(f"{self._name} has no frame {start}; frames count from 0.")
        self._damage = Damage()
        lost: list[LostFrame] = []
        with closing(self._decoded()) as frames:
            for index, image, _ in frames:
                if index < start:
                    continue
                if image is None:
                    lost.append(LostFrame(index, self._stamps[index]))
                    self._damage = Damage(self._damage.lost + 1)
                    continue
                yield self._frame(index, image, tuple(lost))
                lost.clear()

    def read(self, index: int, looked: Callable[[], None] | None = None) -> Frame:
        if not 0 <= index < len(self._stamps):
            raise SourceError(
                f"{self._name} has no frame {index}; its frames are 0 to {len(self._stamps) - 1}."
            )
        here = self._read_frame
        if here is not None and here.index == index:
            return here
        image = self._reached(index, looked)
        if image is None:
            self.close()
            raise SourceError(
                f"Frame {index} of {self._name} is damaged and could not be decoded; "
                "choose another frame."
            )
        self._read_frame = self._frame(index, image)
        return self._read_frame

    def _reached(self, index: int, looked: Callable[[], None] | None) -> UInt8 | None:
        """Return the pixels of frame `index`, decoding from where the last search ended."""
        if self._reading is None or self._next > index:
            self.close()
            self._reading = self._decoded()
            self._next = 0
        image: UInt8 | None = None
        while self._next <= index:
            if looked is not None:
                looked()
            try:
                found = next(self._reading, None)
            except SourceError:
                self.close()  # the next search begins anew
                raise
            image = None if found is None else found[1]
            self._next += 1
        return image

    def entry(self, index: int) -> int:  # noqa: ARG002 decoding begins at the first
        return 0

    def close(self) -> None:
        self._read_frame = None
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _decoded(self) -> Generator[tuple[int, UInt8 | None, float], None, None]:
        """Yield index, (H, W, 3) BGR or None where damaged, and milliseconds of every frame.

        Nothing comes after the end of the data. Frames that are announced are lost then, unless
        they are more than the file could ever have held. Raises SourceError if the file is gone.
        """
        with _still_there(self._name), opened(self._path, self._name) as image:
            positions, is_true = _positions(image, self._path.stat().st_size)
            is_over = False
            for index, position in enumerate(positions):
                pixels, duration = None, float(_UNSET_MS)
                if not is_over:
                    try:
                        with unwarned():
                            image.seek(position)
                        pixels = self._upright(to_bgr(image))
                        duration = float(image.info.get("duration") or _UNSET_MS)
                    except EOFError:
                        is_over = True
                    except UNREADABLE:
                        is_over = not is_true
                if is_over and not is_true:
                    return
                yield index, pixels, duration

    def _upright(self, image: UInt8) -> UInt8:
        image = self._header.orientation.apply(image)
        size = (self._header.width, self._header.height)
        return sealed(image if image.shape[1::-1] == size else letterbox(image, size))

    def _frame(self, index: int, image: UInt8, lost: tuple[LostFrame, ...] = ()) -> Frame:
        stamp = self._stamps[index]
        return Frame(
            index=index, pts=stamp, time=stamp * _MILLISECOND, image=image, lost_before=lost
        )

    def _described(self, header: Header, end: int) -> SourceInfo:
        rate, is_vfr = regular_rate(self._stamps, _MILLISECOND, _USUAL)
        return SourceInfo(
            name=self._name,
            kind="animation",
            width=header.width,
            height=header.height,
            time_base=_MILLISECOND,
            first_pts=0,
            rate=rate,
            is_vfr=is_vfr,
            frame_count=len(self._stamps),
            duration=end * _MILLISECOND,
            codec=header.codec,
            pixel_format=header.mode,
            rotation=header.orientation.rotation,
            mirrored=header.orientation.mirrored,
            size_bytes=self._path.stat().st_size,
        )


@contextmanager
def _still_there(name: str) -> Iterator[None]:
    """Tell of a file that was taken away, or is another by now."""
    try:
        yield
    except UNREADABLE as error:
        raise vanished(name) from error


def _positions(image: Image.Image, size: int) -> tuple[range, bool]:
    """Return Pillow's frame numbers, and whether a file of `size` bytes may hold so many.

    The still that a PNG shows instead of moving is none.
    """
    first = 1 if image.info.get("default_image") else 0
    claimed, most = getattr(image, "n_frames", 1), max(1, size // _LEAST_BYTES)
    return range(first, min(claimed, most)), claimed <= most
