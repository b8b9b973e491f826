"""Pictures as a source: one, or a numbered sequence of them; a missing number is a lost frame."""

from __future__ import annotations

from collections.abc import Callable, Generator
from fractions import Fraction
from pathlib import Path

from sdpose_track.closing import Closing
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame, LostFrame, SourceInfo, UInt8
from sdpose_track.sources.geometry import letterbox, sealed
from sdpose_track.sources.numbering import Slots
from sdpose_track.sources.picture_file import (
    UNREADABLE,
    Header,
    read_header,
    read_picture,
    unreadable_picture,
)
from sdpose_track.sources.source import Damage


class Pictures(Closing):
    """Reads picture files one by one; nothing is held open between them."""

    def __init__(self, slots: Slots, *, name: str, kind: str, picture_rate: Fraction) -> None:
        """Look at every header; frames get times at `picture_rate` frames per second.

        `kind` is `picture` or `pictures`, see `SourceInfo`.

        Raises:
            SourceError: not one of the pictures can be read.
        """
        self._slots = slots
        self._name = name
        self._rate = picture_rate
        self._damage = Damage()
        headers = [self._header(path) for path in slots]
        self._read_frame: Frame | None = None
        self._first, index, image = self._first_readable(headers)
        self._read_frame = self._frame(index, sealed(image))
        self._info = self._described(headers, kind)

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def damaged(self) -> Damage:
        return self._damage

    def names(self) -> dict[int, str]:
        return {i: path.name for i, path in enumerate(self._slots) if path is not None}

    def times(self) -> list[int]:
        return list(range(len(self._slots)))

    def frames(self, start: int = 0) -> Generator[Frame, None, None]:
        if start < 0:
            raise SourceError(f"{self._name} has no frame {start}; frames count from 0.")
        self._damage = Damage()
        lost: list[LostFrame] = []
        for index in range(start, len(self._slots)):
            image = self._image(index)
            if image is None:
                lost.append(LostFrame(index, index))
                self._damage = Damage(self._damage.lost + 1)
                continue
            yield self._frame(index, image, tuple(lost))
            lost.clear()

    def read(self, index: int, looked: Callable[[], None] | None = None) -> Frame:
        if not 0 <= index < len(self._slots):
            raise SourceError(
                f"{self._name} has no frame {index}; its frames are 0 to {len(self._slots) - 1}."
            )
        if self._read_frame is None or self._read_frame.index != index:
            if looked is not None:
                looked()
            image = self._image(index)
            if image is None:
                raise SourceError(
                    f"Frame {index} of {self._name} is missing or damaged; choose another frame."
                )
            self._read_frame = self._frame(index, image)
        return self._read_frame

    def entry(self, index: int) -> int:
        return index

    def close(self) -> None:
        self._read_frame = None

    def _frame(self, index: int, image: UInt8, lost: tuple[LostFrame, ...] = ()) -> Frame:
        return Frame(index=index, pts=index, time=index / self._rate, image=image, lost_before=lost)

    def _header(self, path: Path | None) -> Header | None:
        if path is None:
            return None
        try:
            return read_header(path, str(path))
        except SourceError:
            if len(self._slots) == 1:
                raise
            return None
        except UNREADABLE:
            return None

    def _first_readable(self, headers: list[Header | None]) -> tuple[Header, int, UInt8]:
        """Return header, index and pixels of the first picture whose pixels can be read too."""
        for index, header in enumerate(headers):
            path = self._slots[index]
            if path is not None and header is not None:
                image = _pixels(path)
                if image is not None:
                    return header, index, image
        if len(self._slots) == 1:
            raise unreadable_picture(self._name)
        raise SourceError(
            f"{self._name} is damaged: not one of its pictures can be read; "
            "copy them again or choose others."
        )

    def _image(self, index: int) -> UInt8 | None:
        known = self._read_frame
        if known is not None and known.index == index:
            return known.image
        path = self._slots[index]
        image = _pixels(path) if path is not None else None
        if image is None:
            return None
        size = (self._first.width, self._first.height)
        return sealed(image if image.shape[1::-1] == size else letterbox(image, size))

    def _described(self, headers: list[Header | None], kind: str) -> SourceInfo:
        first, count = self._first, len(self._slots)
        sizes = {(h.width, h.height) for h in headers if h is not None}
        notes = []
        if kind == "pictures":
            notes.append(
                f"Pictures carry no times; {float(self._rate):g} frames per second are assumed."
            )
        if gaps := sum(path is None for path in self._slots):
            notes.append(f"{gaps} of the {count} numbers in the sequence have no picture.")
        if len(sizes) > 1:
            notes.append(
                "The pictures are of different sizes; all are scaled to the first one's "
                f"{first.width} × {first.height}."
            )
        return SourceInfo(
            name=self._name,
            kind=kind,
            width=first.width,
            height=first.height,
            time_base=1 / self._rate,
            first_pts=0,
            rate=self._rate,
            is_vfr=False,
            frame_count=count,
            duration=count / self._rate,
            codec=first.codec,
            pixel_format=first.mode,
            rotation=first.orientation.rotation,
            mirrored=first.orientation.mirrored,
            size_bytes=sum(path.stat().st_size for path in self._slots if path is not None),
            notes=tuple(notes),
        )


def _pixels(path: Path) -> UInt8 | None:
    """Return the upright BGR pixels of `path`; None where it cannot be read."""
    try:
        return read_picture(path, str(path))
    except (SourceError, *UNREADABLE):
        return None
