"""What `open_source` makes of what a person types, and how it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest
from clips import Coding, drifting, encode
from PIL import Image

from sdpose_track.errors import SettingsError, SourceError
from sdpose_track.sources import open_source


@pytest.mark.parametrize(
    "spec", ["rtsp://camera/1", "http://host/a.mp4", "https://host/a.mp4", "0", "12", "/dev/video0"]
)
def test_live_sources_are_said_to_come_later(spec: str) -> None:
    with pytest.raises(SettingsError, match="follow it with sdpose-track live"):
        open_source(spec)


@pytest.mark.parametrize(
    "name",
    ["-dash.mp4", "concat:a.mp4", "100%.mp4", "a%04d.mp4", "pipe:0", "7", "spa ce.mp4", "ü.mp4"],
)
def test_a_file_name_is_only_a_file_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode(tmp_path / "clip.mp4", drifting(3)).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    with open_source(name) as source:
        assert len(list(source.frames())) == 3
        assert source.info.name == name


def test_a_file_address_is_a_path(uneven_clip: Path) -> None:
    with open_source(uneven_clip.as_uri()) as source:
        assert source.info.frame_count == 6


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    picture = tmp_path / "picture.mp4"
    Image.new("RGB", (60, 40)).save(picture, format="png")
    with open_source(str(picture)) as source:
        assert source.info.kind == "picture"


@pytest.mark.parametrize("ending", ["dds", "gif", "ico", "msp", "pcx", "sgi", "xbm"])
def test_a_picture_of_an_old_format_is_read_too(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{ending}"
    Image.new("1" if ending in ("msp", "xbm") else "RGB", (64, 40), 1).save(path)
    with open_source(str(path)) as source:
        assert len(list(source.frames())) == 1


@pytest.mark.parametrize(
    ("ending", "codec", "pixels"),
    [("3gp", "h263", "yuv420p"), ("avi", "mjpeg", "yuvj420p"), ("cpk", "cinepak", "rgb24"),
     ("flv", "flv", "yuv420p"), ("m2ts", "libx264", "yuv420p"), ("mkv", "ffv1", "yuv420p"),
     ("mov", "prores_ks", "yuv422p10le"), ("mp4", "libx265", "yuv420p"),
     ("mxf", "mpeg2video", "yuv420p"), ("nut", "mpeg4", "yuv420p"), ("ogv", "libvpx", "yuv420p"),
     ("rm", "rv20", "yuv420p"), ("vob", "mpeg2video", "yuv420p"),
     ("webm", "libvpx-vp9", "yuv420p"), ("wmv", "wmv2", "yuv420p"),
     ("wtv", "mpeg2video", "yuv420p"), ("y4m", "wrapped_avframe", "yuv420p")],
)  # fmt: skip
def test_a_video_is_read_whatever_it_is_kept_in(
    ending: str, codec: str, pixels: str, tmp_path: Path
) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg cannot write {codec}")
    grey = np.full((288, 352, 3), 99, np.uint8)  # a size that all of them know
    path = encode(tmp_path / f"clip.{ending}", [grey] * 3, Coding(codec, pixel_format=pixels))
    with open_source(str(path)) as source:
        assert len(list(source.frames())) == 3


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        for _ in range(4):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.rate = 48000
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_what_cannot_be_used_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a video\n" * 50)
    (tmp_path / "text.txt").write_text("not a video\n" * 50)
    (tmp_path / "noise.mp4").write_bytes(bytes(range(128, 256)) * 40)
    (tmp_path / "folder.mp4").mkdir()
    write_sound(tmp_path / "sound.m4a")
    clip = encode(tmp_path / "clip.mp4", drifting(20)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(clip[: len(clip) * 6 // 10])
    expected = {
        "missing.mp4": "does not exist",
        "empty.mp4": "is empty",
        "text.mp4": "is a text file",
        "text.txt": "is a text file",
        "noise.mp4": "no format that is known",
        "folder.mp4": "is a folder without pictures",
        "sound.m4a": "only sound",
        "cut.mp4": "is cut off",
    }
    for name, found in expected.items():
        with pytest.raises(SourceError, match=found) as caught:
            open_source(str(tmp_path / name))
        message = str(caught.value)
        assert name in message
        assert message.endswith(".")
        assert "\n" not in message


def test_a_playlist_does_not_reach_other_files(tmp_path: Path) -> None:
    encode(tmp_path / "clip.ts", drifting(3))
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nclip.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(SourceError, match="is a playlist"):
        open_source(str(playlist))
    joined = tmp_path / "list.ffconcat"
    joined.write_text("ffconcat version 1.0\nfile clip.ts\n")
    with pytest.raises(SourceError, match="is a playlist"):
        open_source(str(joined))


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match="not a regular file"):
        open_source(str(tmp_path / "pipe.mp4"))


@pytest.mark.parametrize("name", ["~nobody-here/clip.mp4", "a" * 300 + ".mp4"])
def test_a_name_that_cannot_be_looked_for_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match=r"does not exist|check its name") as caught:
        open_source(name)
    assert str(caught.value).startswith(name)


def test_a_file_none_of_whose_frames_decode_is_refused(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.avi", drifting(6), Coding("ffv1"))
    data = bytearray(path.read_bytes())
    start = data.index(b"movi") + 8
    data[start + 8 : -600] = np.random.default_rng(0).bytes(len(data) - 608 - start)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="not one frame of its ffv1 video"):
        open_source(str(path))


def test_a_picture_rate_must_be_above_zero(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="above 0"):
        open_source(str(tmp_path), picture_rate=0)  # type: ignore[arg-type]


# What ../shared/media/malformed/MANIFEST.md says must be refused, and with which finding.
REFUSED = {
    "zero_byte.mp4": "is empty",
    "text_renamed.mp4": "is a text file",
    "only_ftyp.mp4": "has no video stream",
    "truncated_no_moov.mp4": "is cut off",
    "audio_only.mp3": "holds only sound",
    "audio_with_cover_art.m4a": "only sound and a cover picture",
    "directory_named.mp4": "is a folder",
}


@pytest.mark.parametrize("name", REFUSED)
def test_unusable_files_are_refused_as_the_manifest_expects(name: str, media: Path) -> None:
    with pytest.raises(SourceError, match=REFUSED[name]) as caught:
        open_source(str(media / "malformed" / "video" / name))
    assert name in str(caught.value)
    assert caught.value.exit_code == 3


def test_the_dash_file_opens_by_its_bare_name(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(media / "malformed" / "video")
    with open_source("-leading-dash.mp4") as source:
        assert source.info.frame_count == 72
