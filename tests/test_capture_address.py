from __future__ import annotations

import traceback
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sdpose_track.capture import CaptureSettings, cameras, open_live
from sdpose_track.capture.address import Address, read_spec
from sdpose_track.errors import SdposeError, SettingsError, SourceError


def address(spec: str) -> Address:
    meant = read_spec(spec, realtime=False)
    assert isinstance(meant, Address)
    return meant


@pytest.fixture
def no_cameras(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cameras, "_LINUX", tmp_path)
    monkeypatch.setattr(cameras, "_DEVICES", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("rtsp://camera.local/stream", "rtsp://camera.local/stream"),
        ("rtsp://joe:se@cret@camera.local:554/s", "rtsp://camera.local:554/s"),
        ("HTTP://joe:secret@camera/video?user=joe&pwd=secret", "http://camera/video?…"),
        (" rtsp://joe:secret@camera/s\n", "rtsp://camera/s"),
        ("rtsp://camera/user=joe&password=secret&channel=1/0.sdp?live", "rtsp://camera/…?…"),
        ("http://camera/a/key=secret/live.m3u8", "http://camera/a/…"),
        ("udp://@:5000", "udp://:5000"),
        ("udp://239.0.0.1:5000", "udp://239.0.0.1:5000"),
        ("tcp://[::1]:9000", "tcp://[::1]:9000"),
    ],
)
def test_an_address_is_shown_without_name_password_and_query(spec: str, shown: str) -> None:
    assert address(spec).shown == shown
    assert "secret" not in repr(address(spec))


def test_no_address_lets_ffmpeg_read_local_files() -> None:
    for scheme in ("rtsp", "rtsps", "http", "https", "udp", "tcp", "rtmp", "srt"):
        allowed = set(address(f"{scheme}://host:1/x").protocols.split(","))
        assert not allowed & {"file", "data", "concat", "subfile", "pipe", "fd", "cache", "async"}
        assert "httpproxy" not in allowed


@pytest.mark.parametrize(
    "spec",
    [
        "pipe://0",
        "ftp://host/clip.mp4",
        "concat://a|b",
        "rtsp://",
        "rtsp:///path",
        "udp://239.0.0.1",
        "tcp://host",
        "tcp://host:99999",
        "http://[::1/x",
        "http://host/a b",
        "http://host/a\r\nHeader: x",
        "",
        "   ",
    ],
)
def test_an_address_that_cannot_work_is_refused_in_a_sentence(spec: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_live(spec, CaptureSettings(), print)
    told = str(caught.value)
    assert told.endswith(".")
    assert "\n" not in told


@pytest.mark.parametrize("sign", ["/", "?", "#", "[", ":/"])
def test_a_password_with_signs_that_divide_addresses_is_not_shown(sign: str) -> None:
    with pytest.raises(SettingsError, match="rtsp:// address") as caught:
        open_live(f"rtsp://joe:12{sign}34@camera/s", CaptureSettings(), print)
    told = "".join(traceback.format_exception(caught.value)[-1:])
    assert "12" not in told
    assert "34" not in told


@pytest.mark.parametrize(
    "spec",
    [
        "data:video/mp4;base64,AAAA",
        "concat:a.mp4|b.mp4",
        "subfile,,start,0,end,9,,:/etc/passwd",
        "pipe:0",
        "cache:file:clip.mp4",
        "lavfi:testsrc",
        "nosuch",
    ],
)
@pytest.mark.usefixtures("no_cameras")
def test_what_ffmpeg_would_take_for_an_address_is_none(spec: str) -> None:
    with pytest.raises(SourceError, match="is no camera, no address of a stream and no file; "):
        open_live(spec, CaptureSettings(), print)


@pytest.mark.parametrize(
    "spec", ["rtsp:/joe:secret@camera/s", "//joe:secret@camera/s", "joe:secret@camera:554/s"]
)
@pytest.mark.usefixtures("no_cameras")
def test_a_password_in_what_is_no_address_is_not_shown(spec: str) -> None:
    with pytest.raises(SourceError, match=r"^What was given is no camera, no address") as caught:
        open_live(spec, CaptureSettings(), print)
    assert "secret" not in str(caught.value)


def test_a_file_must_be_asked_for(uneven_clip: Path) -> None:
    for spec in (str(uneven_clip), uneven_clip.as_uri()):
        with pytest.raises(SettingsError, match="is a file: --realtime plays it"):
            open_live(spec, CaptureSettings(), print)
        assert isinstance(read_spec(spec, realtime=True), Path)


@pytest.mark.parametrize("spec", ["rtsp://joe:secret@camera/s", "0", "/dev/video0"])
def test_what_is_live_anyway_is_not_rehearsed(spec: str) -> None:
    with pytest.raises(SettingsError, match="is live already; it is for files") as caught:
        open_live(spec, CaptureSettings(realtime=True), print)
    assert "secret" not in str(caught.value)


def test_a_file_called_like_a_camera_is_a_file_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uneven_clip: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("0").write_bytes(uneven_clip.read_bytes())
    assert read_spec("0", realtime=False) == "0"
    assert isinstance(read_spec("0", realtime=True), Path)


@pytest.mark.parametrize(
    ("wish", "option"),
    [
        ({"size": (0, 480)}, "--size 0x480"),
        ({"size": (640, 10**6)}, "--size 640x1000000"),
        ({"rate": Fraction(0)}, "--rate 0"),
        ({"rate": Fraction(2000)}, "--rate 2000"),
        ({"loop": True}, "--loop"),
        ({"patience_s": -1.0}, "--reconnect -1"),
        ({"patience_s": float("inf")}, "--reconnect inf"),
        ({"patience_s": float("nan")}, "--reconnect nan"),
    ],
)
def test_a_wish_that_cannot_work_names_its_option(wish: dict[str, Any], option: str) -> None:
    with pytest.raises(SdposeError, match=f"^{option}: "):
        CaptureSettings(**wish)
