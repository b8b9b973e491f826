"""The words of `sdpose-track live`, and what they wish for."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdpose_track.cli import complain
from sdpose_track.cli.grammar import Listing, command, json_option, number, runs, whole
from sdpose_track.cli.model_options import add_model_options, model_wish
from sdpose_track.errors import SettingsError
from sdpose_track.settings import DEFAULT_CONFIDENCE, LiveSettings

if TYPE_CHECKING:
    from sdpose_track.capture import CaptureSettings
    from sdpose_track.live.wish import LiveWish, RecordWish

OSC_LAYOUTS = ("pixels", "y-up", "arr")


class ListCameras(Listing):
    """Prints a line for each camera and ends the program."""

    def lines(self) -> Iterator[str]:
        from sdpose_track.capture import list_cameras

        cameras = list_cameras()
        yield from (f"{camera.spec}  {camera.name}" for camera in cameras)
        if not cameras:
            complain("no camera is connected")


def add_live(commands: Any) -> None:
    """Add the command to `commands`."""
    parser = command(
        commands,
        "live",
        "track the people before a camera or in a stream, now",
        "sdpose-track live 0 --record take.sdpose --osc 9000 --headless",
        runs("live"),
    )
    add = parser.add_argument
    add("source", metavar="SOURCE", help="camera, rtsp:// http:// udp:// ..., file (--realtime)")
    add("--headless", action="store_true", help="no window; a line tells how it goes")
    add("--latency", type=number, metavar="MS", default=LiveSettings().latency_ms,
        help="budget from picture to poses; default: 100")  # fmt: skip
    add("--conf", type=number, metavar="X", default=DEFAULT_CONFIDENCE,
        help=f"least confidence of a person; default: {DEFAULT_CONFIDENCE}")  # fmt: skip
    add("--max-people", type=whole, metavar="N", help="follow at most N people at once")
    add("--seconds", type=number, metavar="S", help="end after so long; headless only")
    json_option(parser)
    add = parser.add_argument_group("source").add_argument
    add("--cameras", action=ListCameras, help="list the cameras and leave")
    add("--size", metavar="WxH", help="picture size to ask a camera for")
    add("--rate", metavar="R", help="pictures per second to ask a camera for")
    add("--realtime", action="store_true", help="SOURCE is a file, at its own speed")
    add("--loop", action="store_true", help="again from its beginning; with --realtime")
    add("--insecure-tls", action="store_true",
        help="do not check certificates (https://, rtsps://)")  # fmt: skip
    add("--reconnect", type=number, metavar="S", default=60.0,
        help="seconds after which a lost stream is given up")  # fmt: skip
    add = parser.add_argument_group("record and send on").add_argument
    add("--record", metavar="SESSION", help="keep what is seen as a session")
    add("--video", action="store_true", help="with the pictures, as SESSION's .mp4")
    add("--osc", metavar="HOST:PORT", help="send poses as OSC; a port alone is here")
    add("--osc-layout", metavar="NAME", action="append", default=[], choices=OSC_LAYOUTS,
        help=f"{', '.join(OSC_LAYOUTS)}; may be repeated")  # fmt: skip
    add("--ws", metavar="HOST:PORT", help="offer poses as JSON by WebSocket")
    add("--ws-origin", metavar="ORIGIN", action="append", default=[],
        help="web pages that may have them, too")  # fmt: skip
    add("--virtual-camera", action="store_true", help="be a camera; needs pyvirtualcam")
    add_model_options(parser, live=True)


def wish_from(options: argparse.Namespace) -> LiveWish:
    """Return what the options wish for. Raises SettingsError."""
    from sdpose_track.broadcast.osc import OscLayout
    from sdpose_track.live.wish import LiveWish

    if options.seconds is not None and not 0 < options.seconds < float("inf"):
        raise SettingsError(f"--seconds {options.seconds:g}: expected a number above 0")
    for option, whose in (("osc_layout", "osc"), ("ws_origin", "ws")):
        if getattr(options, option) and getattr(options, whose) is None:
            raise SettingsError(
                f"--{option.replace('_', '-')}: nothing is sent that way; add --{whose} HOST:PORT"
            )
    return LiveWish(
        spec=options.source,
        capture=_capture(options),
        settings=LiveSettings(
            **model_wish(options),
            latency_ms=options.latency,
            max_people=options.max_people,
            confidence=options.conf,
        ),
        osc=options.osc,
        layout=OscLayout(**{name.replace("-", "_"): True for name in options.osc_layout}),
        websocket=options.ws,
        origins=tuple(options.ws_origin),
        virtual_camera=options.virtual_camera,
        record=_record(options),
    )


def _capture(options: argparse.Namespace) -> CaptureSettings:
    from sdpose_track.capture import CaptureSettings

    return CaptureSettings(
        size=_size(options.size),
        rate=_rate(options.rate),
        realtime=options.realtime,
        loop=options.loop,
        patience_s=options.reconnect,
        any_certificate=options.insecure_tls,
    )


def _size(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    sides = re.fullmatch(r"([0-9]{1,6})[xX×]([0-9]{1,6})", text)
    if sides is None:
        raise SettingsError(f"--size {text}: expected WIDTHxHEIGHT, such as 1280x720")
    return int(sides[1]), int(sides[2])


def _rate(text: str | None) -> Fraction | None:
    from sdpose_track.evaluation.mot_files import rate_of

    if text is None:
        return None
    rate = rate_of(text)
    if rate is None:
        raise SettingsError(f"--rate {text}: expected a number such as 30 or 30000/1001")
    return rate


def _record(options: argparse.Namespace) -> RecordWish | None:
    from sdpose_track.live.wish import RecordWish

    if options.record is None:
        if options.video:
            raise SettingsError("--video: the pictures go beside a session; name it with --record")
        return None
    if not options.record:
        raise SettingsError("--record: give the name of a session, such as take.sdpose")
    session = Path(options.record)
    if session.suffix != ".sdpose":
        session = session.with_name(session.name + ".sdpose")
    return RecordWish(session=session, video=options.video)
