"""Media that name other media: FFmpeg and Pillow open what the user chose, and nothing else."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from command import called, refused
from strangers import Bait, watched
from streams import PageServer, RawServer

from sdpose_track.capture import CaptureSettings, open_live
from sdpose_track.errors import SourceError
from sdpose_track.export.media.sound import Sound
from sdpose_track.sources import open_source
from sdpose_track.sources.container import FORMATS

Tried = Callable[[str, int], None]

FILES, STREAMS, PICTURES = (
    "media that name other media: files given to track",
    "media that name other media: streams and what they redirect to",
    "media that name other media: pictures that are programs",
)
LIST = "application/vnd.apple.mpegurl"


def hard(value: str) -> Any:
    """Return a parameter that only make harden tries."""
    return pytest.param(value, marks=pytest.mark.hardening)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A video that nobody chose."""
    return made(tmp_path / "secret.ts")


@pytest.fixture
def bait() -> Iterator[Bait]:
    """A server that nobody chose."""
    with closing(Bait()) as one:
        yield one


def made(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in range(10):
            grey = np.full((48, 64, 3), 20 * level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(stream.encode())
    return path


def hls(*lines: str) -> str:
    return "\n".join(("#EXTM3U", "#EXT-X-TARGETDURATION:1", *lines, "#EXT-X-ENDLIST", ""))


def dash(address: str) -> str:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles='
        '"urn:mpeg:dash:profile:isoff-live:2011" mediaPresentationDuration="PT1S"><Period>'
        '<AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="0" width="64"'
        f' height="48" bandwidth="9"><BaseURL>{address}</BaseURL></Representation></AdaptationSet>'
        "</Period></MPD>"
    )


def sdp(port: int) -> str:
    return (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    )


def addresses(secret: Path, port: int) -> tuple[str, ...]:
    """Return ways to name `secret`, and a `port` of this computer."""
    here = f"127.0.0.1:{port}"
    return (
        secret.name, str(secret), f"file:{secret}", secret.as_uri(), f"concat:{secret}|{secret}",
        f"subfile,,start,0,end,0,,:{secret}", f"crypto:{secret}", f"crypto+file:{secret}",
        f"async:file:{secret}", f"cache:file:{secret}", "data:video/mp2t;base64,R0AREABC",
        "pipe:0", "fd:0", f"tcp://{here}", f"tls://{here}", f"ftp://{here}/x",
        f"gopher://{here}/x", f"rtmp://{here}/x", f"rtsp://{here}/x", f"httpproxy://{here}/x",
    )  # fmt: skip


def playlists(secret: Path, port: int) -> Iterator[str]:
    """Yield files that would have FFmpeg open `secret`, or call `port`."""
    for address in (*addresses(secret, port), f"http://127.0.0.1:{port}/x.ts"):
        yield hls("#EXTINF:1,", address)
    yield hls(f'#EXT-X-KEY:METHOD=AES-128,URI="{secret.as_uri()}"', "#EXTINF:1,", secret.name)
    yield hls(f'#EXT-X-MAP:URI="{secret.as_uri()}"', "#EXTINF:1,", secret.name)
    yield hls("#EXT-X-STREAM-INF:BANDWIDTH=1", secret.name)
    for address in (secret.name, str(secret), secret.as_uri(), f"http://127.0.0.1:{port}/x.ts"):
        yield f"ffconcat version 1.0\nfile '{address}'\n"
        yield dash(address)
        yield f"[playlist]\nNumberOfEntries=1\nFile1={address}\n"
        yield f"[Reference]\r\nRef1={address}?MSWMExt=.asf\r\n"
        yield f'<asx version="3.0"><entry><ref href="{address}"/></entry></asx>\n'
    yield "\N{BYTE ORDER MARK}" + hls("#EXTINF:1,", secret.name)
    yield sdp(port)
    yield "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n"
    yield f"rtsp://127.0.0.1:{port}/x\n"


@pytest.mark.parametrize(
    "suffix", [".mp4", *map(hard, (".m3u8", ".ffconcat", ".sdp", ".mpd", ".ts", ""))]
)
def test_a_playlist_given_as_a_video_opens_nothing(
    secret: Path, bait: Bait, suffix: str, tried: Tried
) -> None:
    path = secret.with_name(f"clip{suffix}")
    with watched(secret) as watch:
        for text in playlists(secret, bait.port):
            path.write_text(text, encoding="utf-8")
            with pytest.raises(SourceError, match=r"is a playlist|is not a video"):
                open_source(str(path)).close()
            assert not watch.was_opened(), text
            tried(FILES, 1)
        assert not bait.callers


def test_a_playlist_that_names_a_pipe_does_not_wait_for_it(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.ts")
    path = tmp_path / "clip.mp4"
    path.write_text(hls("#EXTINF:1,", "pipe.ts"))
    for order in (("info", path), ("track", path, "--out", tmp_path / "out")):
        assert "is a playlist" in refused(called(*order), 3)


def atoms(data: bytes, reference: bytes) -> bytes:
    """Return the MP4 `data` with `reference` as the place where its pictures are."""
    out, at = b"", 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            body = atoms(body, reference)
        elif kind == b"dref":
            body = struct.pack(">II", 0, 1) + reference
        out += struct.pack(">I4s", len(body) + 8, kind) + body
        at += size
    return out


def alias(path: str) -> bytes:
    """Return QuickTime's reference to another file."""
    name = path.rpartition("/")[2].encode()
    body = bytes(10) + b"\3" + b"vol".ljust(27, b"\0") + bytes(12)
    body += bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16) + bytes(4) + bytes(16)
    for tag, text in ((2, b"vol:" + path.replace("/", ":").encode()), (18, path.encode())):
        body += struct.pack(">hH", tag, len(text)) + text + bytes(len(text) % 2)
    body += struct.pack(">hH", -1, 0)
    return struct.pack(">I4sI", len(body) + 12, b"alis", 0) + body


def test_a_film_whose_pictures_are_elsewhere_does_not_fetch_them(
    secret: Path, bait: Bait, tried: Tried
) -> None:
    clip = made(secret.with_name("clip.mp4")).read_bytes()
    address = f"http://127.0.0.1:{bait.port}/x.mov".encode() + b"\0"
    links = [alias(str(secret)), alias(secret.name)]
    links.append(struct.pack(">I4sI", len(address) + 12, b"url ", 0) + address)
    path = secret.with_name("linked.mov")
    with watched(secret) as watch:
        for link in links:
            path.write_bytes(atoms(clip, link))
            with suppress(SourceError):
                open_source(str(path)).close()
            assert not watch.was_opened()
            tried(FILES, 1)
    assert not bait.callers


def test_the_sound_of_an_export_is_read_as_carefully_as_the_pictures(secret: Path) -> None:
    path = secret.with_name("clip.mp4")
    path.write_text(hls("#EXTINF:1,", secret.name))
    with watched(secret) as watch:
        with pytest.raises(av.FFmpegError):
            Sound(path, Fraction(0), whole=True)
        assert not watch.was_opened()


def test_no_format_that_opens_other_files_may_be_read() -> None:
    """Every one of FFmpeg's whose reader opens by itself what a file or a name tells it to."""
    openers = {
        "hls", "concat", "dash", "webm_dash_manifest", "imf", "sdp", "rtsp", "rtp", "sap", "image2",
        "vobsub", "mlv", "lavfi", "avisynth", "vapoursynth", "asf_o", "tty",
    }  # fmt: skip
    allowed = set(FORMATS.split(","))
    assert not allowed & openers
    known = {name for formats in av.formats_available for name in formats.split(",")}
    assert allowed <= known


@pytest.mark.parametrize("name", ["clip.png", "clip.jpg", "clip.tif", "clip.webp"])
def test_a_picture_that_is_a_program_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, tried: Tried
) -> None:
    """Pillow starts Ghostscript for PostScript, whatever the file is called."""
    if os.name != "posix":
        pytest.skip("the stand-in for Ghostscript is a shell script")
    folder, trace = tmp_path / "bin", tmp_path / "it ran"
    folder.mkdir()
    program = folder / "gs"
    program.write_text(f"#!/bin/sh\ntouch '{trace}'\necho 10.0\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    path = tmp_path / name
    path.write_text(
        "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 40\n%%EndComments\nshowpage\n%%EOF\n"
    )
    refused(called("info", path), 3)
    assert not trace.exists()
    tried(PICTURES, 1)


def test_a_list_on_a_server_opens_no_files_and_calls_nobody_else(
    secret: Path, bait: Bait, tried: Tried
) -> None:
    pages = [(LIST, hls("#EXTINF:1,", address)) for address in addresses(secret, bait.port)]
    pages += [("application/dash+xml", dash(secret.as_uri()))]
    pages += [("video/x-ms-asf", f"[Reference]\r\nRef1={secret.as_uri()}?MSWMExt=.asf\r\n")]
    pages += [("text/plain", f"ffconcat version 1.0\nfile '{secret}'\n")]
    pages += [("application/sdp", sdp(bait.port))]
    with watched(secret) as watch:
        for kind, text in pages:
            with PageServer(kind, text.encode()) as server, pytest.raises(SourceError):
                open_live(server.address, CaptureSettings(), print).close()
            assert not watch.was_opened(), text
            assert not bait.callers, text
            tried(STREAMS, 1)


def test_a_redirection_leads_to_no_file_and_to_no_other_kind_of_server(
    secret: Path, bait: Bait, tried: Tried
) -> None:
    with watched(secret) as watch:
        for address in addresses(secret, bait.port)[1:]:
            answers = {
                "http": f"HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\n\r\n",
                "rtsp": f"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: {address}\r\n\r\n",
            }
            for scheme, answer in answers.items():
                with RawServer(answer.encode()) as server:
                    place = f"{scheme}://127.0.0.1:{server.port}/x"
                    with pytest.raises(SourceError):
                        open_live(place, CaptureSettings(), print).close()
                assert not watch.was_opened(), (scheme, address)
                assert not bait.callers, (scheme, address)
                tried(STREAMS, 1)
