"""What can be chosen of an export, and how a choice is written as text: `layout=body_25`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

from sdpose_track.errors import SettingsError
from sdpose_track.export.clock import Between
from sdpose_track.export.presets import PRESETS
from sdpose_track.kinematics.angles import Facing
from sdpose_track.render.letterbox import Size
from sdpose_track.render.overlay import Style
from sdpose_track.skeletons import LAYOUTS

LEAST = 0.3
"""Confidence from which Sports2D and DWPose believe a keypoint."""
LEAST_FPS, MOST_FPS = Fraction(1, 1000), 1000


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What can be chosen of an export. A format looks at what concerns it.

    Raises SettingsError if a value cannot be.
    """

    layout: str | None = None
    """OpenPose: order of the body's keypoints, a name in `skeletons.LAYOUTS`; None is `body_25`
    where there are feet, else `body_18`."""
    threshold: float | None = None
    """Confidence (0..1) from which a keypoint counts as seen where a format has no confidences;
    None for `LEAST`, or what the look of a drawing has."""
    facing: Facing = "auto"
    """Kinematics: which way everybody looks."""
    camera_moves: bool = False
    """Kinematics: the background moves, so nobody's feet can be said to stand."""
    style: Style = field(default_factory=Style)
    """Video: what is drawn of each person."""
    progress: Callable[[int, int], None] | None = None
    """Called now and then with the frames done and all frames; what it raises ends the export."""
    rate: Fraction | None = None
    """Frames per second of what is written; None keeps the source's own times where the format can
    hold them, and else the rate of the source."""
    between: Between = "linear"
    """What is said of a moment between two frames."""
    frames: int | None = None
    """Most frames that are written; None for all."""
    preset: str | None = None
    """Control video: a name in `presets.PRESETS`, which fills in what else is not chosen."""
    look: str = "openpose"
    """Control video: `openpose`, `xinsir` or `wan`."""
    size: Size | None = None
    """Width and height of pictures in pixels; None for the source's, or what a preset has."""
    codec: str = "h264"
    """Video: `h264`, `h265` or `av1`."""
    quality: int | None = None
    """Video: the encoder's constant rate factor, lower is better; None suits the codec."""
    height_cm: float = 170.0
    """Formats in metres: how tall everybody is."""
    mm_per_px: float | None = None
    """Formats in metres: this scale instead of a body height."""
    bridge: float = 0.0
    """Rigs: a limb whose picture is shorter than this share (0..0.9) of its bone points at the
    camera, and its direction is bridged; 0 believes every direction."""
    version: str = "8.0"
    """After Effects: of the keyframe text, `8.0` or `9.0`."""

    def __post_init__(self) -> None:
        if self.rate is not None and not LEAST_FPS <= self.rate <= MOST_FPS:
            raise SettingsError(
                f"--fps {self.rate}: expected frames per second from {LEAST_FPS} to {MOST_FPS}"
            )
        for name, choice in CHOICES.items():
            for member in choice.members_of(name):
                value = None if "." in member else getattr(self, member)
                if value is not None:
                    _check(name, value)

    def threshold_or(self, usual: float) -> float:
        """Return the confidence from which a keypoint counts as seen; `usual` if none is chosen."""
        return usual if self.threshold is None else self.threshold

    @property
    def least(self) -> float:
        """The same where a format has no reason for another than `LEAST`."""
        return self.threshold_or(LEAST)


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen of a format, by name."""

    takes: str
    """What values look like, for people: `yes or no`."""
    read: Callable[[str], Any]
    """Turns the text of a value into the value. Raises ValueError, KeyError otherwise."""
    says: str
    """What it is, in a few words."""
    members: tuple[str, ...] = ()
    """Its names in `ExportOptions`, where it has others; `style.` is of `Style`."""
    values: tuple[str, ...] = ()
    """All values there are, where they can be listed."""

    def members_of(self, name: str) -> tuple[str, ...]:
        """Return the members that the choice called `name` sets."""
        return self.members or (name,)


def chosen(
    options: ExportOptions, wishes: Mapping[str, str], known: Iterable[str]
) -> ExportOptions:
    """Return `options` with what `wishes` say, such as `{"layout": "body_25"}`.

    Args:
        options: What holds otherwise.
        wishes: Names in `CHOICES`, and their values as text.
        known: The names that some format of the export has, beside those of every format.

    Raises:
        SettingsError: there is no such choice, no format looks at it, or the value is none.
    """
    possible = tuple(name for name in CHOICES if name in {*known, *COMMON})
    for name, text in wishes.items():
        if name not in possible:
            near = difflib.get_close_matches(name, possible, n=1)
            there = ", ".join(possible)
            hint = f"did you mean {near[0]}?" if near else f"these formats have {there}"
            raise SettingsError(f"--set {name}={text}: {name} cannot be chosen; {hint}")
        choice = CHOICES[name]
        try:
            value = choice.read(text)
        except (KeyError, ValueError) as error:
            raise SettingsError(f"--set {name}={text}: expected {name}={choice.takes}") from error
        for member in choice.members_of(name):
            options = _with(options, member, value)
    return options


def _check(name: str, value: Any) -> None:
    """Raise SettingsError if a choice could not be written as text and be read as `value`."""
    text = "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
    try:
        CHOICES[name].read(text)
    except (KeyError, ValueError) as error:
        raise SettingsError(f"{name} {value}: choose {CHOICES[name].takes}") from error


def _with(options: ExportOptions, member: str, value: Any) -> ExportOptions:
    if member.startswith("style."):
        style = replace(options.style, **{member.removeprefix("style."): value})
        return replace(options, style=style)
    return replace(options, **{member: value})


def _one_of(names: tuple[str, ...], text: str) -> str:
    return dict(zip(names, names, strict=True))[text]


def _number(low: float, high: float, text: str) -> float:
    value = float(text)
    if not low <= value <= high:
        raise ValueError(text)
    return value


def _whole(low: int, high: int, text: str) -> int:
    value = int(text)
    if not low <= value <= high:
        raise ValueError(text)
    return value


def _size(text: str) -> Size:
    width, height = (_whole(16, 16384, part) for part in text.lower().split("x"))
    return width, height


def _listed(says: str, *names: str) -> Choice:
    takes = " or ".join((", ".join(names[:-1]), names[-1]))
    return Choice(takes, partial(_one_of, names), says, values=names)


def _switch(says: str, member: str) -> Choice:
    return Choice(
        "yes or no", {"yes": True, "no": False}.__getitem__, says, (member,), ("yes", "no")
    )


_READ_QUALITY = partial(_whole, 0, 63)
CHOICES: dict[str, Choice] = {
    "layout": _listed("order of the body's keypoints", *LAYOUTS),
    "threshold": Choice(
        "a confidence from 0 to 1", partial(_number, 0, 1), "from where a keypoint counts as seen",
        ("threshold", "style.threshold"),
    ),
    "between": _listed("at another rate, what lies between two frames", "linear", "nearest"),
    "frames": Choice("a whole number", partial(_whole, 1, 10**7), "most frames to write"),
    "preset": _listed("rate, size and length for a model", *PRESETS),
    "look": _listed("how the skeleton is drawn", "openpose", "xinsir", "wan"),
    "size": Choice("WIDTHxHEIGHT in pixels", _size, "of the pictures"),
    "codec": _listed("of the video", "h264", "h265", "av1"),
    "quality": Choice("a number from 0, best, to 63", _READ_QUALITY, "of the video"),
    "skeleton": _switch("draw the keypoints", "style.skeleton"),
    "boxes": _switch("draw the boxes", "style.boxes"),
    "ids": _switch("draw the numbers", "style.ids"),
    "trails": _switch("draw where people came from", "style.trails"),
    "height": Choice(
        "centimetres from 10 to 1000", partial(_number, 10, 1000), "how tall everybody is",
        ("height_cm",),
    ),
    "scale": Choice(
        "millimetres per pixel", partial(_number, 1e-3, 1e4), "instead of a height", ("mm_per_px",)
    ),
    "bridge": Choice(
        "a share from 0 to 0.9", partial(_number, 0, 0.9), "bridge limbs that are seen as short"
    ),
    "version": _listed("of the keyframe text", "8.0", "9.0"),
}  # fmt: skip
"""Everything that can be chosen by name, in the order in which it is told."""
COMMON = ("between",)
"""The choices that every format has."""
