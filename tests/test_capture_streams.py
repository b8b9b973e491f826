from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import Stamps, encode
from streams import (
    LOOPBACK,
    Coding,
    ElementaryServer,
    HlsServer,
    HttpServer,
    MjpegServer,
    PageServer,
    RawServer,
    RtspServer,
    Server,
    TcpServer,
    UdpServer,
    burn,
    grey_pictures,
    number_of,
)

from sdpose_track.capture import (
    LIVE_TIME_BASE,
    CaptureSettings,
    LiveSource,
    lasting,
    live_source,
    open_live,
    stream,
)
from sdpose_track.errors import SourceError
from sdpose_track.records import Frame

LONG_S = 60
KINDS = [UdpServer, TcpServer, HttpServer, MjpegServer, RtspServer, HlsServer]
SECRET = "hidden"


class Notices:
    """What was told while a source ran."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.told: list[str] = []

    def __call__(self, sentence: str) -> None:
        with self._changed:
            self.told.append(sentence)
            self._changed.notify_all()

    def wait_for(self, part: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(part in t for t in self.told), LONG_S)


@pytest.fixture
def notices() -> Notices:
    return Notices()


Opens = Callable[..., LiveSource]


@pytest.fixture
def opens(notices: Notices) -> Iterator[Opens]:
    """Opens sources, and closes them before the servers of a test would have to."""
    opened: list[LiveSource] = []

    def open_it(server: Server, settings: CaptureSettings | None = None) -> LiveSource:
        opened.append(open_live(server.address, settings or CaptureSettings(), notices))
        return opened[-1]

    yield open_it
    for source in opened:
        source.close()


def take(source: LiveSource, count: int) -> list[Frame]:
    return list(islice(source.frames(), count))


def check_order(frames: list[Frame]) -> None:
    assert all(a.index < b.index for a, b in pairwise(frames))
    assert all(a.pts < b.pts for a, b in pairwise(frames))
    assert all(frame.time == frame.pts * LIVE_TIME_BASE for frame in frames)
    assert all((a.arrived or 0) <= (b.arrived or 0) for a, b in pairwise(frames))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_come_in_order_with_their_times(kind: type[Server], opens: Opens) -> None:
    with kind() as server:
        source = opens(server)
        frames = take(source, 20)
        source.close()
    check_order(frames)
    assert (frames[0].index, frames[0].pts) == (0, 0)
    numbers = [number_of(frame.image) for frame in frames]
    gone = [number - numbers[0] for number in numbers]
    assert gone == [frame.index for frame in frames]
    assert all((f.arrived or 0) > server.sent[n] for f, n in zip(frames, numbers, strict=True))
    info = source.info
    assert (info.kind, info.name, info.width, info.height) == ("stream", server.address, 320, 240)
    assert (info.rate, info.time_base) == (Fraction(25), LIVE_TIME_BASE)
    assert not frames[0].image.flags.writeable


def test_media_times_are_those_of_the_stream_and_not_those_of_the_network(opens: Opens) -> None:
    with TcpServer() as server:
        frames = take(opens(server), 40)
    for a, b in pairwise(frames):
        assert b.pts - a.pts == pytest.approx(3600 * (b.index - a.index), rel=0.002)


def test_a_picture_that_nobody_took_is_replaced_by_the_next(opens: Opens) -> None:
    with TcpServer() as server:
        source = opens(server)
        frames = source.frames()
        first = next(frames)
        server.wait_until_sent(number_of(first.image) + 15)
        second = next(frames)
        assert second.index > 5
        assert number_of(second.image) - number_of(first.image) == second.index
        assert source.left_out >= second.index - 1
        assert source.arrived > second.index
        frames.close()


def test_what_came_before_the_first_frame_is_not_counted(opens: Opens) -> None:
    with TcpServer() as server:
        source = opens(server)
        assert (source.arrived, source.left_out) == (0, 0)
        server.wait_until_sent(20)
        frame = next(source.frames())
        assert number_of(frame.image) > 5
        assert (frame.index, frame.pts) == (0, 0)


def test_live_frames_begin_with_the_first(opens: Opens) -> None:
    with TcpServer() as server, pytest.raises(SourceError, match="it has no frame 3"):
        next(opens(server).frames(3))


@pytest.mark.parametrize("kind", [UdpServer, TcpServer, MjpegServer, RtspServer])
def test_interrupting_ends_frames_although_the_server_says_nothing(
    kind: type[Server], opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "READ_S", 10.0 * LONG_S)
    with kind() as server:
        source = opens(server)
        frames = source.frames()
        next(frames)
        server.hush()
        ended = threading.Event()

        def run() -> None:
            for _ in frames:
                pass
            ended.set()

        runner = threading.Thread(target=run)
        runner.start()
        source.interrupt()
        assert ended.wait(LONG_S)
        runner.join()
        source.interrupt()
        server.hush(on=False)
        source.close()


def test_interrupted_before_it_began_it_yields_nothing(opens: Opens) -> None:
    with TcpServer() as server:
        source = opens(server)
        source.interrupt()
        assert list(source.frames()) == []


@pytest.mark.parametrize("kind", [TcpServer, HttpServer, MjpegServer, RtspServer, HlsServer])
def test_a_server_that_comes_back_is_read_on(
    kind: type[Server], opens: Opens, notices: Notices
) -> None:
    server = kind()
    server.start()
    source = opens(server)
    frames = source.frames()
    before = list(islice(frames, 5))
    server.stop()
    notices.wait_for("trying again in 0.5 s.")
    server.start()
    notices.wait_for(f"{server.address} is back.")
    newest = max(server.sent)
    after = list(islice(frames, 10))
    source.close()
    server.stop()
    check_order([*before, *after])
    numbers = [number_of(frame.image) for frame in (*before, *after)]
    assert all(a < b for a, b in pairwise(numbers))
    assert numbers[-1] > newest - 30


def test_datagrams_that_cease_for_a_while_are_read_on(
    opens: Opens, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "READ_S", 0.5)
    with UdpServer() as server:
        frames = opens(server).frames()
        before = list(islice(frames, 5))
        server.hush()
        notices.wait_for("has sent no picture for 0.5 s; trying again in 0.5 s.")
        server.hush(on=False)
        notices.wait_for("is back")
        check_order([*before, *islice(frames, 10)])


def test_pauses_grow_until_patience_is_over(opens: Opens, notices: Notices) -> None:
    server = TcpServer()
    server.start()
    source = opens(server, CaptureSettings(patience_s=2.5))
    frames = source.frames()
    next(frames)
    server.stop()
    with pytest.raises(SourceError, match=r"is given up after 2.5 s without a picture: it ref"):
        list(frames)
    pauses = [float(told.split()[-2]) for told in notices.told]
    assert pauses[:2] == [0.5, 1.0]
    assert notices.told[1] == (f"{server.address} refuses the connection; trying again in 1 s.")


def test_without_patience_the_first_loss_is_the_end(opens: Opens, notices: Notices) -> None:
    server = TcpServer()
    server.start()
    source = opens(server, CaptureSettings(patience_s=0))
    frames = source.frames()
    next(frames)
    server.stop()
    with pytest.raises(SourceError, match=r"has ended; check that it still sends\.$"):
        list(frames)
    assert notices.told == []


def test_interrupting_ends_a_pause(
    opens: Opens, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sdpose_track.capture.lasting._FIRST_PAUSE_S", 10.0 * LONG_S)
    server = TcpServer()
    server.start()
    source = opens(server, CaptureSettings(patience_s=100.0 * LONG_S))
    server.stop()
    notices.wait_for("trying again in")
    source.interrupt()
    assert list(source.frames()) == []


def test_a_picture_of_another_size_is_brought_to_the_first_size(
    opens: Opens, notices: Notices
) -> None:
    server = TcpServer()
    server.start()
    source = opens(server)
    frames = source.frames()
    next(frames)
    server.stop()
    server.pictures = [np.full((480, 480, 3), 200, np.uint8)]
    server.start()
    notices.wait_for("is back")
    images = [frame.image for frame in islice(frames, 30)]
    source.close()
    server.stop()
    assert {image.shape for image in images} == {(240, 320, 3)}
    assert images[-1][120, :30].max() < 20
    assert images[-1][120, 160].min() > 150


def test_damage_on_the_way_is_not_the_end(opens: Opens) -> None:
    with TcpServer() as server:
        frames = opens(server).frames()
        first = next(frames)
        for _ in range(5):
            server.hub.send(np.random.default_rng(0).bytes(5000))
            next(frames)
        check_order([first, *islice(frames, 20)])


def test_pictures_out_of_order_in_the_stream_come_in_order(opens: Opens) -> None:
    options = (("preset", "veryfast"), ("bf", "2"), ("rc-lookahead", "5"))
    with TcpServer(coding=Coding(gop=25, options=options)) as server:
        frames = take(opens(server), 40)
    check_order(frames)
    assert [number_of(f.image) - number_of(frames[0].image) for f in frames] == [
        f.index for f in frames
    ]


def test_stamps_at_another_rate_than_the_pictures_do_not_stop_anything(opens: Opens) -> None:
    coding = replace(Coding(), stamp_rate=Fraction(50))
    with TcpServer(coding=coding) as server:
        check_order(take(opens(server), 20))


def check_numbers(server: Server, opens: Opens) -> None:
    with server:
        source = opens(server)
        frames = take(source, 20)
        source.close()
    check_order(frames)
    for frame in frames:
        assert number_of(frame.image) - number_of(frames[0].image) == frame.index


def test_pictures_without_a_container_are_told_apart(opens: Opens) -> None:
    check_numbers(ElementaryServer(), opens)


@pytest.mark.parametrize(
    "server",
    [ElementaryServer(), TcpServer(coding=Coding(codec="mpeg2video", options=(("qmax", "8"),)))],
    ids=["h264", "mpeg2"],
)
def test_a_camera_that_takes_one_connection_and_no_second_is_read(
    server: TcpServer, opens: Opens
) -> None:
    server.takes_one = True
    check_numbers(server, opens)


def test_a_sender_that_begins_anew_with_other_channels_is_read_on(opens: Opens) -> None:
    server = UdpServer()
    server.start()
    source = opens(server)
    frames = source.frames()
    before = list(islice(frames, 5))
    server.stop()
    server.coding = replace(server.coding, channel=300)
    server.start()
    patience = threading.Timer(LONG_S, source.interrupt)
    patience.start()
    after = list(islice(frames, 10))
    patience.cancel()
    server.stop()
    assert len(after) == 10
    check_order([*before, *after])
    assert number_of(after[-1].image) > number_of(before[-1].image)


def test_a_picture_above_the_limit_of_size_is_not_decoded(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MAX_PIXELS", 320 * 240)
    large = bytes(cv2.imencode(".jpg", np.full((480, 480, 3), 200, np.uint8))[1])
    with MjpegServer() as server:
        frames = opens(server).frames()
        first = next(frames)
        for _ in range(3):
            server.hub.send(large)
            next(frames)
        last = next(frames)
        assert number_of(last.image) - number_of(first.image) == last.index
        frames.close()


def test_pictures_whose_length_is_not_told_are_told_apart(opens: Opens) -> None:
    server = MjpegServer()
    server.tells_length = False
    check_numbers(server, opens)


def test_a_list_is_known_by_what_it_is(opens: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HlsServer, "path", "/live")
    check_numbers(HlsServer(), opens)


@pytest.mark.parametrize("host", ["", "@", "0.0.0.0"])
def test_datagrams_are_taken_from_anywhere(host: str) -> None:
    with UdpServer() as server:
        address = f"udp://{host}:{server.port}"
        with open_live(address, CaptureSettings(), print) as source:
            assert source.info.name == address.replace("@", "")
            check_order(take(source, 5))
            source.close()


def test_opening_can_be_interrupted_from_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "OPEN_S", 10.0 * LONG_S)
    with RawServer(b"") as server:
        source = live_source(server.address, CaptureSettings(), print)

        def press() -> None:
            assert server.connected.wait(LONG_S)
            source.interrupt()

        hand = threading.Thread(target=press)
        hand.start()
        with pytest.raises(SourceError, match="was stopped before its first picture came"):
            source.open()
        hand.join()


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let Ctrl-C interrupt: a shell that starts something in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_ends_the_wait_for_a_server_that_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "OPEN_S", 10.0 * LONG_S)
    server = RawServer(b"")
    server.start()

    def press() -> None:
        assert server.connected.wait(LONG_S)
        _thread.interrupt_main()

    hand = threading.Thread(target=press)
    hand.start()
    with pytest.raises(KeyboardInterrupt):
        open_live(server.address, CaptureSettings(), print)
    hand.join()
    server.stop()


def numbered_clip(path: Path, count: int) -> Path:
    picture = grey_pictures()[0]
    return encode(path, [burn(picture, i) for i in range(count)], stamps=Stamps())


def test_a_finished_file_on_a_server_is_played_to_its_end(tmp_path: Path, opens: Opens) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 20)
    with PageServer("video/mp4", clip.read_bytes()) as server:
        frames = list(opens(server).frames())
    assert number_of(frames[0].image) == 0
    assert number_of(frames[-1].image) == 19
    for frame in frames:
        assert frame.index == number_of(frame.image)
        assert frame.pts == pytest.approx(3600 * frame.index, rel=0.002)
    arrivals = [frame.arrived or 0 for frame in frames]
    assert arrivals[-1] - arrivals[0] >= 0.9 * 19 / 25


def test_a_finished_file_that_always_breaks_off_is_given_up(
    tmp_path: Path, opens: Opens, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting, "_FIRST_PAUSE_S", 0.01)
    clip = numbered_clip(tmp_path / "clip.mkv", 40)
    with PageServer("video/x-matroska", clip.read_bytes()) as server:
        server.sent_share = 0.6
        source = opens(server, CaptureSettings(patience_s=LONG_S))
        with pytest.raises(SourceError, match=r"broke off 3 times, .*; download the file"):
            list(source.frames())
    assert len(server.asked) == 3
    assert sum("broke off; trying again" in told for told in notices.told) == 2


def test_a_finished_file_that_gets_farther_each_time_is_not_given_up(
    tmp_path: Path, opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lasting, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(stream, "FARTHER_S", 0.1)
    monkeypatch.setattr(stream, "MOST_FALLS", 2)
    clip = numbered_clip(tmp_path / "clip.mkv", 40)
    with PageServer("video/x-matroska", clip.read_bytes()) as server:
        shares = iter([0.6, 0.8, 1.0])
        wanted = PageServer.get

        def get(request: object) -> None:
            server.sent_share = next(shares)
            wanted(server, request)  # type: ignore[arg-type]

        monkeypatch.setattr(server, "get", get)
        *_, last = opens(server).frames()
    assert number_of(last.image) == 39


def test_a_list_of_segments_may_not_name_local_files(tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.ts", 20)
    with PageServer("application/vnd.apple.mpegurl", hls_list(clip.as_uri())) as server:
        server.path = "/live.m3u8"
        with pytest.raises(SourceError, match=r"answers, but not with a video"):
            open_live(server.address, CaptureSettings(), print)
        allowed = stream._OPTIONS["http"] | {"protocol_whitelist": "file,http,tcp"}
        with av.open(server.address, options=allowed) as container:
            assert container.streams.video, "the list works where local files are allowed"


def hls_list(address: str) -> bytes:
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:1", "#EXTINF:0.8,", address, "#EXT-X-ENDLIST", "")
    return "\n".join(lines).encode()


def test_no_proxy_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, opens: Opens
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with PageServer("text/plain", b"proxy", 404) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://{LOOPBACK}:{proxy.port}")
        for kind in (MjpegServer, HlsServer):
            with kind() as server:
                source = opens(server)
                assert len(take(source, 3)) == 3
                source.close()
    assert proxy.asked == []


def test_a_name_and_password_in_the_address_are_used_and_not_shown(notices: Notices) -> None:
    server = RtspServer()
    server.login = f"joe:{SECRET}"
    with server:
        address = server.address.replace("//", f"//joe:{SECRET}@")
        with open_live(address, CaptureSettings(), notices) as source:
            assert source.info.name == server.address
            assert len(take(source, 3)) == 3
