"""What can be chosen of an export, and the presets of video models."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from typing import Any

import pytest

from sdpose_track.cli.exporting import parse_rate
from sdpose_track.errors import SettingsError
from sdpose_track.export.options import CHOICES, ExportOptions, chosen
from sdpose_track.export.presets import PRESETS


@pytest.mark.parametrize(
    ("name", "text", "changed"),
    [
        ("layout", "coco_17", {"layout": "coco_17"}),
        ("size", "832x480", {"size": (832, 480)}),
        ("frames", "81", {"frames": 81}),
        ("height", "182.5", {"height_cm": 182.5}),
        ("scale", "10", {"mm_per_px": 10.0}),
        ("quality", "0", {"quality": 0}),
    ],
)
def test_a_choice_changes_what_it_names_and_nothing_else(
    name: str, text: str, changed: dict[str, object]
) -> None:
    before = ExportOptions()
    after = chosen(before, {name: text}, CHOICES)

    assert asdict(after) == asdict(before) | changed


def test_a_threshold_is_that_of_the_drawing_too() -> None:
    after = chosen(ExportOptions(), {"threshold": "0.5", "boxes": "yes", "ids": "no"}, CHOICES)

    assert (after.threshold, after.style.threshold) == (0.5, 0.5)
    assert (after.style.boxes, after.style.ids, after.style.skeleton) == (True, False, True)


@pytest.mark.parametrize("name", [name for name, choice in CHOICES.items() if choice.values])
def test_every_value_that_is_listed_is_taken(name: str) -> None:
    for value in CHOICES[name].values:
        chosen(ExportOptions(), {name: value}, [name])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("layout", "body_26"), ("layout", ""), ("size", "832"), ("size", "0x480"),
        ("size", "axb"), ("size", "1x2x3"), ("size", "15x480"), ("size", "480x16385"),
        ("frames", "0"), ("frames", "2.5"),
        ("threshold", "nan"), ("threshold", "1.1"), ("height", "inf"), ("boxes", "1"),
        ("quality", "-1"), ("preset", "sora"), ("version", "8"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_with_what_is_taken(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"^--set {name}={text}: expected {name}=") as refused:
        chosen(ExportOptions(), {name: text}, [name])
    assert CHOICES[name].takes in str(refused.value)


def test_a_choice_that_no_format_of_the_export_has_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"layout cannot be chosen; these formats have thresh"):
        chosen(ExportOptions(), {"layout": "body_25"}, ["threshold"])
    with pytest.raises(SettingsError, match=r"did you mean height\?"):
        chosen(ExportOptions(), {"heigth": "170"}, ["height"])


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("24", Fraction(24)), ("30000/1001", Fraction(30000, 1001)),
        ("29.97", Fraction(30000, 1001)), ("23.976", Fraction(24000, 1001)),
        ("59.94", Fraction(60000, 1001)), ("12.5", Fraction(25, 2)), ("30.0", Fraction(30)),
    ],
)  # fmt: skip
def test_rates_are_read_as_they_are_written(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-24",
        "1/0",
        "fast",
        "",
        "nan",
        "1001",
        "1e9",
        "1e-400",
        "1e-99999999",
        "0.0009",
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^--fps .*: expected frames per second such as 24"):
        parse_rate(text)


@pytest.mark.parametrize(
    "wish",
    [
        {"threshold": float("nan")}, {"frames": -3}, {"between": "cubic"}, {"preset": "sora"},
        {"look": "dots"}, {"size": (8, 8)}, {"quality": 99}, {"height_cm": 0}, {"bridge": 1},
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_from_python_too(wish: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=": choose "):
        ExportOptions(**wish)


def test_a_rate_that_cannot_be_is_refused_from_python_too() -> None:
    for rate in (Fraction(-1), Fraction(1, 10**400), Fraction(1001)):
        with pytest.raises(SettingsError, match="frames per second from 1/1000 to 1000"):
            ExportOptions(rate=rate)


# -- presets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_takes_as_many_frames_as_fit_its_model(name: str) -> None:
    preset = PRESETS[name]
    for frames in range(300):
        count = preset.count(frames)
        assert count <= min(frames, preset.most)
        assert count == 0 or (count - 1) % preset.step == 0
        assert count + preset.step > min(frames, preset.most)


FIGURES: dict[str, tuple[int, dict[int, int], tuple[int, int]]] = {
    "wan": (16, {100: 81, 80: 77, 3: 1}, (832, 480)),
    "vace": (16, {100: 81, 80: 77, 3: 1}, (832, 480)),
    "wan-720p": (16, {100: 81, 80: 77, 3: 1}, (1280, 720)),
    "wan-5b": (24, {500: 121, 120: 117, 4: 1}, (1280, 704)),
    "wan-animate": (30, {500: 500, 78: 78, 2: 2}, (1280, 720)),
    "cogvideox": (8, {100: 49, 48: 45, 4: 1}, (768, 448)),
    "ltx": (25, {500: 121, 120: 113, 8: 1}, (1280, 704)),
}
"""Frames per second, frames of so many that it takes, size of wide pictures."""


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_figures_of_its_model(name: str) -> None:
    preset, (rate, frames, size) = PRESETS[name], FIGURES[name]

    assert preset.rate == rate
    assert {given: preset.count(given) for given in frames} == frames
    assert preset.size(1920, 1080) == size


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("source", [(1280, 720), (720, 1280), (640, 480), (3840, 2160), (90, 60)])
def test_a_preset_makes_a_size_that_its_model_takes(name: str, source: tuple[int, int]) -> None:
    preset = PRESETS[name]
    width, height = preset.size(*source)

    assert width % preset.multiple == height % preset.multiple == 0
    assert 0.85 * preset.area < width * height <= preset.area
    assert width / height == pytest.approx(source[0] / source[1], rel=0.08)


def test_wide_pictures_become_what_wan_was_trained_on_whatever_their_size() -> None:
    assert PRESETS["wan"].size(1280, 720) == PRESETS["wan"].size(320, 180) == (832, 480)
    assert PRESETS["wan-720p"].size(1920, 1080) == (1280, 720)


def test_a_threshold_is_the_chosen_one_or_the_usual_one() -> None:
    assert ExportOptions().least == 0.3
    assert ExportOptions().threshold_or(0.5) == 0.5
    assert ExportOptions(threshold=0.3).threshold_or(0.5) == ExportOptions(threshold=0.3).least
