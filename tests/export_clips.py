"""Small clips with sound whose every frame is known, and what is in the packets of a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.reformatter import ColorRange, Interpolation
from av.video.stream import VideoStream

from sdpose_track.records import UInt8

UNEVEN = (0, 40, 80, 160, 200, 320, 330, 500, 540, 1000)
MS = Fraction(1, 1000)
RATE = 48000
EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


@dataclass(frozen=True)
class Packets:
    """One track of a file, as its packets say."""

    times: list[Fraction]
    durations: list[Fraction]
    data: list[bytes]


def make_clip(
    path: Path,
    pts: Sequence[int] = UNEVEN,
    size: tuple[int, int] = (96, 64),
    sound: str | None = "aac",
    sound_from: Fraction = Fraction(0),
    codec: str = "libx264",
) -> Path:
    """Write pictures at `pts` milliseconds and a sine wave of 1.2 s from `sound_from` on."""
    with av.open(str(path), "w") as container:
        options = {"bf": "0", "crf": "4"} if codec == "libx264" else {}
        video = container.add_stream(codec, rate=25, options=options)
        assert isinstance(video, VideoStream)
        video.width, video.height = size
        video.pix_fmt = "yuv420p" if codec == "libx264" else "rgb24"
        video.time_base = video.codec_context.time_base = MS
        audio = container.add_stream(sound, rate=RATE, layout="mono") if sound else None
        assert audio is None or isinstance(audio, AudioStream)
        for i, time in enumerate(pts):
            picture = av.VideoFrame.from_ndarray(pattern(i, size), format="bgr24")
            picture.pts, picture.time_base = time, MS
            container.mux(video.encode(picture))
        container.mux(video.encode())
        if audio is not None:
            wave = np.sin(np.arange(RATE * 6 // 5) * 0.06)[None] * 0.3
            tone = av.AudioFrame.from_ndarray(
                (wave * 32767).astype(np.int16), format="s16", layout="mono"
            )
            tone.sample_rate, tone.time_base = RATE, Fraction(1, RATE)
            tone.pts = round(sound_from * RATE)
            container.mux(audio.encode(tone))
            container.mux(audio.encode())
    return path


def spoil(path: Path, found: Sequence[bytes]) -> None:
    """Overwrite packets in a file with what no decoder takes."""
    whole = bytearray(path.read_bytes())
    for data in found:
        at = whole.find(data)
        whole[at : at + len(data)] = bytes([0xFF]) * len(data)
    path.write_bytes(whole)


def pattern(index: int, size: tuple[int, int] = (96, 64)) -> UInt8:
    """Return a BGR picture of four flat colours, of which one changes with `index`."""
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (200, 60, 40)
    image[: height // 2, width // 2 :] = (50, 180, 70)
    image[height // 2 :, : width // 2] = (60, 50, 210)
    image[height // 2 :, width // 2 :] = 20 * index + 20
    return image


def packets(path: Path, kind: str) -> Packets:
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        base = stream.time_base
        assert base is not None
        found = [p for p in container.demux(stream) if p.pts is not None]
        return Packets(
            [(p.pts or 0) * base for p in found],
            [(p.duration or 0) * base for p in found],
            [bytes(p) for p in found],
        )


def pictures(path: Path) -> list[UInt8]:
    with av.open(str(path)) as container:
        return [
            np.asarray(
                frame.reformat(
                    format="bgr24", interpolation=EXACT, src_color_range=ColorRange.MPEG
                ).to_ndarray()
            )
            for frame in container.decode(video=0)
        ]


def kinds(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.type for stream in container.streams]
