"""Files that nobody would make on purpose: bombs, lies and things that are no files at all.

Every one is a few bytes that promise much. What the program does with them, the tests know.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
from clips import Coding, Stamps, drifting, encode
from PIL import Image

SIDE = 65535
"""Of pictures that would fill the memory."""
YEARS = 10**12
"""Milliseconds between two frames."""


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    """Return a PNG that is all black; `extra` are chunks before its pixels."""
    samples = {0: 1, 2: 3, 6: 4}[colour]
    row = bytes(1 + width * samples * depth // 8)
    packer = zlib.compressobj(9)
    rows = min(height, 16_384)
    data = b"".join(packer.compress(row) for _ in range(rows if width < SIDE else 0))
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", data + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + pixels + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def jpeg(size: tuple[int, int] | None = None) -> bytes:
    """Return a JPEG whose header claims `size`; None for what it has."""
    out = io.BytesIO()
    Image.fromarray(drifting(1)[0]).save(out, "JPEG")
    data = bytearray(out.getvalue())
    if size is not None:
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", *size)
    return bytes(data)


def animation(kind: str, **options: object) -> bytes:
    """Return four small frames as Pillow's format `kind`."""
    out = io.BytesIO()
    first, *rest = [Image.new("RGBA", (64, 48), (60 * i, 0, 0, 255)) for i in range(4)]
    first.save(out, kind, save_all=True, append_images=rest, duration=40, **options)
    return out.getvalue()


def gif(canvas: tuple[int, int], inner: tuple[int, int]) -> bytes:
    """Return a GIF of one frame of claimed size `inner`."""
    head = b"GIF89a" + struct.pack("<HH", *canvas) + b"\xf0\0\0" + bytes(6)
    return head + b"\x2c" + struct.pack("<HHHH", 0, 0, *inner) + b"\0\x02\x02\x4c\x01\0;"


def tiff(width: int, height: int, following: int = 0) -> bytes:
    """Return a grey TIFF that names its next directory at byte `following`; 0 for none."""
    tags = (
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 200),
        (277, 1),
        (278, height),
        (279, 1000),
    )
    listed = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + listed + struct.pack("<I", following)
    return head.ljust(200, b"\0") + bytes(1000)


def frames_without_end() -> bytes:
    """Return an animated PNG of four frames that announces two thousand million."""
    data = bytearray(animation("PNG"))
    at = data.index(b"acTL") + 4
    data[at : at + 4] = struct.pack(">I", 2**31 - 1)
    data[at + 8 : at + 12] = struct.pack(">I", zlib.crc32(bytes(data[at - 4 : at + 8])))
    return bytes(data)


def bombs() -> dict[str, bytes]:
    """Return small files that would be huge pictures, by name."""
    webp = bytearray(animation("WEBP"))
    at = webp.index(b"VP8X") + 12
    webp[at : at + 6] = b"\xff\xff\x00\xff\xff\x00"
    avif = bytearray(animation("AVIF"))
    at = avif.index(b"ispe") + 8
    avif[at : at + 8] = struct.pack(">II", SIDE, SIDE)
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(20_000_000), 9))
    targa = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, SIDE, SIDE, 24, 0) + bytes(99)
    bitmap = struct.pack("<IHHIIiiHH", 999, 0, 0, 54, 40, SIDE, SIDE, 1, 24) + bytes(999)
    return {
        "side.png": png(SIDE, SIDE),
        "none.png": png(0, 0),
        "text.png": png(8, 8, extra=text),
        "side.jpg": jpeg((SIDE, SIDE)),
        "none.jpg": jpeg((0, 0)),
        "side.gif": gif((SIDE, SIDE), (SIDE, SIDE)),
        "canvas.gif": gif((SIDE, SIDE), (1, 1)),
        "side.tif": tiff(SIDE, SIDE),
        "side.webp": bytes(webp),
        "side.avif": bytes(avif),
        "side.tga": targa,
        "side.bmp": b"BM" + bitmap,
        "side.ppm": b"P6\n65535 65535\n255\n" + bytes(99),
        "wide.ppm": b"P6\n12000 12000\n255\n" + bytes(99),
    }


def lies() -> dict[str, bytes]:
    """Return files that are something else than their names say, by name."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
    post = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(x) (w) file\n"
    some = {
        "svg": svg,
        "html": b"<!DOCTYPE html><html>" + b"<p>hello</p>" * 400,
        "pdf": b"%PDF-1.4\n\xff%%EOF",
        "zip": b"PK\x03\x04" + bytes(99),
        "elf": b"\x7fELF" + bytes(999),
        "eps": post,
        "list": b"#EXTM3U\n#EXTINF:1,\nfifo.mp4\n",
        "concat": b"ffconcat version 1.0\nfile fifo.mp4\n",
        "keyed": b'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="fifo.mp4"\n#EXTINF:1,\nx.ts\n',
        "sdp": b"v=0\r\nm=video 5004 RTP/AVP 96\r\n",
        "sub": b"1\n00:00:00,000 --> 00:00:01,000\nhi\n" * 9,
    }
    return {f"{name}{end}": data for name, data in some.items() for end in (".mp4", ".jpg")}


def no_files(folder: Path) -> list[Path]:
    """Make what can be named and not read in `folder`, and return it."""
    os.mkfifo(folder / "fifo.mp4")
    for name, target in {
        "zero.mp4": "/dev/zero",
        "zero.png": "/dev/zero",
        "null.mp4": "/dev/null",
        "loop.mp4": "loop.mp4",
        "nowhere.mp4": "gone.mp4",
    }.items():
        (folder / name).symlink_to(target)
    (folder / "folder.mp4").mkdir()
    (folder / "pipes").mkdir()
    os.mkfifo(folder / "pipes" / "a1.jpg")
    (folder / "pipes" / "a2.jpg").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.mp4"))
    return sorted(folder.iterdir())


def odd_times(folder: Path) -> list[Path]:
    """Write small clips whose time stamps are absurd, and return them."""
    stamps: dict[str, tuple[list[int], Fraction, str]] = {
        "years.mkv": ([0, 40, 80, YEARS, YEARS + 40], Fraction(1, 1000), "libx264"),
        "far.mkv": ([2**62 + i for i in range(5)], Fraction(1, 1000), "libx264"),
        "before.mkv": ([-10_000 + 40 * i for i in range(5)], Fraction(1, 1000), "libx264"),
        "seconds.mp4": (list(range(5)), Fraction(1), "libx264"),
        "fine.mp4": ([i << 20 for i in range(5)], Fraction(1, 2**31 - 1), "libx264"),
        "minutes.nut": (list(range(5)), Fraction(60), "mpeg4"),
        "holes.avi": ([0, 1, 2, 1000, 1001], Fraction(1, 25), "mpeg4"),
    }
    for name, (pts, unit, codec) in stamps.items():
        coding = Coding(codec, {"bf": "0"} if codec == "libx264" else {})
        encode(folder / name, drifting(5), coding, stamps=Stamps(pts=pts, time_base=unit))
    return sorted(folder.iterdir())


def index_first(path: Path) -> bytes:
    """Return the MP4 at `path` with its index before its pictures, as it is streamed."""
    other = path.with_stem(f"{path.stem}_index_first")
    with (
        av.open(str(path)) as source,
        av.open(str(other), "w", options={"movflags": "faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return other.read_bytes()


def sound_files(folder: Path) -> dict[str, bytes]:
    """Write a small clip or picture in each format, and return their bytes by ending."""
    pictures = drifting(8)
    clips = {
        "mp4": Coding(),
        "mkv": Coding(),
        "webm": Coding("libvpx-vp9"),
        "avi": Coding("mpeg4"),
        "ts": Coding("mpeg2video"),
        "mov": Coding("mjpeg", pixel_format="yuvj420p"),
        "flv": Coding("flv"),
        "nut": Coding("ffv1"),
    }
    made = {
        ending: encode(folder / f"sound.{ending}", pictures, coding).read_bytes()
        for ending, coding in clips.items()
    }
    frames = [Image.fromarray(picture) for picture in pictures[:3]]
    kinds = {
        "jpg": "JPEG",
        "png": "PNG",
        "webp": "WEBP",
        "tif": "TIFF",
        "bmp": "BMP",
        "avif": "AVIF",
        "tga": "TGA",
        "jp2": "JPEG2000",
    }
    made |= {ending: _saved(frames[:1], kind) for ending, kind in kinds.items()}
    moving = {"gif": "GIF", "moving.webp": "WEBP", "moving.png": "PNG", "moving.avif": "AVIF"}
    return made | {ending: _saved(frames, kind) for ending, kind in moving.items()}


def _saved(frames: list[Image.Image], kind: str) -> bytes:
    out = io.BytesIO()
    more = {"save_all": True, "append_images": frames[1:]} if len(frames) > 1 else {}
    frames[0].save(out, kind, **more)
    return out.getvalue()
