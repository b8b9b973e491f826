"""After Effects: its keyframe texts by a strict reader, its script run by node and read as text."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import named
import numpy as np
import pytest
import sessions
import test_wholebody
from sessions import FRAMES, LEFT_WRIST, K, exported, strict
from standing import standing, still

from sdpose_track.errors import SourceError
from sdpose_track.export import ExportOptions
from sdpose_track.skeletons import COCO17, WHOLEBODY133

ALL = ExportOptions(threshold=0.1)
Rows = list[tuple[int, float, float]]
"""Frame, x and y of every keyframe of a layer."""


@dataclass(frozen=True)
class Keyframes:
    """A text as After Effects reads it."""

    version: str
    facts: dict[str, str]
    layers: list[Rows]


def read(path: Path) -> Keyframes:
    """Read a text, and refuse whatever After Effects does not write itself."""
    raw = path.read_bytes().decode("ascii")
    assert raw.count("\n") == raw.count("\r\n") == raw.count("\r")
    lines = iter(raw.split("\r\n"))
    title = re.fullmatch(r"Adobe After Effects (8\.0|9\.0) Keyframe Data", next(lines))
    assert title is not None
    assert next(lines) == ""
    facts = dict(line.strip("\t").split("\t") for line in iter(lambda: next(lines), ""))
    layers = list(_layers(lines, has_names=title[1] == "9.0"))
    assert list(lines) == [""]
    return Keyframes(title[1], facts, layers)


def _layers(lines: Iterator[str], *, has_names: bool) -> Iterator[Rows]:
    """Yield the layers up to the line that ends them; version 8.0 has one, and does not name it."""
    for line in lines:
        if line == "End of Keyframe Data":
            return
        if has_names:
            assert line == "Layer"
        assert (next(lines) if has_names else line) == "Transform\tPosition"
        assert next(lines) == "\tFrame\tX pixels\tY pixels\tZ pixels"
        rows = [_row(row) for row in iter(lambda: next(lines), "")]
        assert [frame for frame, _, _ in rows] == sorted({frame for frame, _, _ in rows})
        yield rows


def _row(line: str) -> tuple[int, float, float]:
    found = re.fullmatch(r"\t(\d+)\t(-?\d+\.\d{3})\t(-?\d+\.\d{3})\t0", line)
    assert found is not None, line
    return int(found[1]), float(found[2]), float(found[3])


def true_rows(track_id: int, keypoint: int) -> Rows:
    """Return what a keypoint of fixture A does, to three decimals."""
    first = 0 if track_id == 1 else 10
    gone = (20, 21) if (track_id, keypoint) == (1, LEFT_WRIST) else ()
    where = {i: sessions.points(track_id, i)[keypoint] for i in range(first, FRAMES)}
    return [(i, float(p[0]), float(p[1])) for i, p in where.items() if i not in gone]


# -- texts -----------------------------------------------------------------------------------------


def test_a_text_for_each_person_and_keypoint(tmp_path: Path) -> None:
    folder = exported(tmp_path, "after-effects", sessions.fixture_a(), ALL)

    assert {p.name for p in folder.iterdir()} == {
        f"clip_p{track_id}_{name}.txt" for track_id in (1, 2) for name in COCO17.keypoints
    }
    for track_id in (1, 2):
        for k, name in enumerate(COCO17.keypoints):
            text = read(folder / f"clip_p{track_id}_{name}.txt")
            assert text.version == "8.0"
            assert text.facts == {
                "Units Per Second": "30.000", "Source Width": "640", "Source Height": "480",
                "Source Pixel Aspect Ratio": "1", "Comp Pixel Aspect Ratio": "1",
            }  # fmt: skip
            (rows,) = text.layers
            assert np.array(rows) == pytest.approx(np.array(true_rows(track_id, k)), abs=5.1e-4)


def test_a_missing_keypoint_has_no_row(tmp_path: Path) -> None:
    folder = exported(tmp_path, "after-effects", sessions.fixture_a(), ALL)
    (rows,) = read(folder / "clip_p1_left_wrist.txt").layers

    assert [frame for frame, _, _ in rows] == [i for i in range(FRAMES) if i not in (20, 21)]


def test_version_9_has_all_keypoints_of_a_person_in_one_text(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.1, version="9.0")
    folder = exported(tmp_path, "after-effects", sessions.fixture_a(), options)
    meta = strict(folder.with_name("clip_raw_after_effects.meta.json"))

    assert sorted(p.name for p in folder.iterdir()) == ["clip_p1.txt", "clip_p2.txt"]
    for track_id in (1, 2):
        text = read(folder / f"clip_p{track_id}.txt")
        assert text.version == "9.0"
        assert len(text.layers) == K
        for k, rows in enumerate(text.layers):
            assert np.array(rows) == pytest.approx(np.array(true_rows(track_id, k)), abs=5.1e-4)
        assert meta["layers"]["people"][str(track_id)] == list(COCO17.keypoints)


@pytest.mark.parametrize("version", ["8.0", "9.0"])
def test_a_keypoint_that_is_never_seen_has_no_layer(tmp_path: Path, version: str) -> None:
    options = ExportOptions(threshold=0.4, version=version)
    folder = exported(tmp_path, "after-effects", sessions.fixture_a(), options)
    meta = strict(folder.with_name("clip_raw_after_effects.meta.json"))

    seen = list(COCO17.keypoints[: COCO17.index("right_hip")])
    assert meta["layers"]["people"] == {"1": seen, "2": seen}
    assert sum(len(read(path).layers) for path in folder.iterdir()) == 2 * len(seen)


def test_uneven_frames_come_at_a_constant_rate_of_three_decimals(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.1, rate=Fraction(30000, 1001))
    folder = exported(tmp_path, "after-effects", sessions.fixture_b(), options)
    text = read(folder / "clip_p1_nose.txt")

    assert text.facts["Units Per Second"] == "29.970"
    at = np.array(sessions.UNEVEN_MS) / 1000
    x = np.interp([frame * 1001 / 30000 for frame, _, _ in text.layers[0]], at,
                  [sessions.points(1, i)[0, 0] for i in range(FRAMES)])  # fmt: skip
    assert [row[1] for row in text.layers[0]] == pytest.approx(x.tolist(), abs=1e-3)


@pytest.mark.parametrize("version", ["8.0", "9.0"])
@pytest.mark.parametrize("script", [sessions.fixture_c(), sessions.Script(
    sessions.source_info(count=0), ())], ids=["nobody", "nothing"])  # fmt: skip
def test_nobody_leaves_an_empty_folder(
    tmp_path: Path, version: str, script: sessions.Script
) -> None:
    folder = exported(tmp_path, "after-effects", script, ExportOptions(version=version))

    assert list(folder.iterdir()) == []


def test_positions_outside_the_picture_are_kept(tmp_path: Path) -> None:
    folder = exported(tmp_path, "after-effects", sessions.fixture_e(), ALL)

    assert read(folder / "clip_p3_left_eye.txt").layers == [[(0, -12.346, 20)]]
    assert read(folder / "clip_p3_right_eye.txt").layers == [[(0, 5000, -1e6)]]


def test_a_whole_body_has_a_text_for_every_keypoint_seen(tmp_path: Path) -> None:
    people = test_wholebody.walk()
    options = ExportOptions(threshold=0)
    folder = test_wholebody.exported(tmp_path, "after-effects", people, options)

    found = {p.name.removeprefix("clip_p1_").removesuffix(".txt") for p in folder.iterdir()}
    assert found == set(WHOLEBODY133.keypoints[:112])


# -- script ----------------------------------------------------------------------------------------


def run(path: Path) -> Any:
    """Return what a script makes of an After Effects that has nothing but what it needs."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the script cannot be run")
    mock = Path(__file__).parent / "readers" / "after_effects.js"
    done = subprocess.run(
        [node, str(mock), str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Calls:
    """What a script calls with which numbers, as its text says."""

    comp: list[Any]
    times: list[float]
    paths: dict[str, list[tuple[int, list[float]]]]
    """By layer, the frame at which a stretch begins, and `x, y, x, y, ...`."""


def calls(path: Path) -> Calls:
    """Read the calls of a script without running it."""
    text = path.read_bytes().decode("ascii")
    comp = re.search(r"addComp\((.*)\);", text)
    assert comp is not None
    times: list[float] = []
    paths: dict[str, list[tuple[int, list[float]]]] = {}
    layer = ""
    for name, arguments in re.findall(r"^ {8}(moments|point|path)\((.*)\);$", text, re.MULTILINE):
        values = json.loads(f"[{arguments}]")
        if name == "moments":
            times += values[0]
        elif name == "point":
            layer = values[0]
            paths[layer] = []
        else:
            paths[layer].append((values[0], values[1]))
    return Calls(json.loads(f"[{comp[1]}]"), times, paths)


def test_the_composition_is_like_the_source(tmp_path: Path) -> None:
    path = exported(tmp_path, "after-effects-script", sessions.fixture_a(), ALL)

    assert calls(path).comp == ["clip", 640, 480, 1, 1.5, 30]
    (comp,) = run(path)["comps"]
    assert (comp["name"], comp["width"], comp["height"]) == ("clip", 640, 480)
    assert (comp["pixelAspect"], comp["duration"], comp["frameRate"]) == (1, 1.5, 30)


def test_people_have_the_sixteen_colours_of_layers_in_turn(tmp_path: Path) -> None:
    people = {0: tuple(sessions.person(track_id, 0) for track_id in (1, 16, 17))}
    script = sessions.Script(sessions.source_info(count=1), range(1), people)
    text = exported(tmp_path, "after-effects-script", script, ALL).read_text("ascii")

    assert re.findall(r'point\("track_(\d+)/nose", (\d+)\)', text) == [
        ("1", "1"), ("16", "16"), ("17", "1"),
    ]  # fmt: skip


def test_the_composition_of_a_part_is_as_long_as_the_whole_source(tmp_path: Path) -> None:
    script = sessions.Script(sessions.source_info(count=45), range(10))

    assert calls(exported(tmp_path, "after-effects-script", script)).comp[4] == 1.5


def test_every_null_follows_its_keypoint(tmp_path: Path) -> None:
    made = run(exported(tmp_path, "after-effects-script", sessions.fixture_a(), ALL))
    layers = made["comps"][0]["layers"]

    assert [layer["name"] for layer in layers] == [
        f"track_{track_id}/{name}" for track_id in (1, 2) for name in COCO17.keypoints
    ]
    for number, layer in enumerate(layers):
        true = true_rows(1 + number // K, number % K)
        assert [key["time"] for key in layer["position"]] == pytest.approx(
            [frame / 30 for frame, _, _ in true], abs=1e-9
        )
        found = np.array([key["value"] for key in layer["position"]])
        assert found == pytest.approx(np.array(true)[:, 1:], abs=5.1e-4)


def test_the_numbers_in_the_text_are_those_of_the_session(tmp_path: Path) -> None:
    found = calls(exported(tmp_path, "after-effects-script", sessions.fixture_a(), ALL))

    assert found.times == pytest.approx([i / 30 for i in range(FRAMES)], abs=1e-9)
    for track_id in (1, 2):
        for k, name in enumerate(COCO17.keypoints):
            rows: list[tuple[int, float, float]] = []
            for first, xy in found.paths[f"track_{track_id}/{name}"]:
                rows += zip(range(first, first + len(xy) // 2), xy[::2], xy[1::2], strict=True)
            assert np.array(rows) == pytest.approx(np.array(true_rows(track_id, k)), abs=5.1e-4)


def test_a_null_stands_still_and_is_not_there_while_its_keypoint_is_missing(tmp_path: Path) -> None:
    made = run(exported(tmp_path, "after-effects-script", sessions.fixture_a(), ALL))
    layers = {layer["name"]: layer for layer in made["comps"][0]["layers"]}
    wrist, late, always = (
        layers[name] for name in ("track_1/left_wrist", "track_2/nose", "track_1/nose")
    )

    assert shown(wrist) == [(0, 100), (20, 0), (22, 100)]
    assert holding(wrist) == [19]
    assert shown(late) == [(0, 0), (10, 100)]
    assert shown(always) == [(0, 100)]
    assert holding(late) == holding(always) == []


def shown(layer: Any) -> list[tuple[int, int]]:
    """Return the frames at 30 per second at which a layer appears and goes, all at once."""
    assert all(key["holds"] for key in layer["opacity"])
    return [(round(key["time"] * 30), key["value"]) for key in layer["opacity"]]


def holding(layer: Any) -> list[int]:
    """Return the frames after which a layer stays where it is."""
    return [round(key["time"] * 30) for key in layer["position"] if key["holds"]]


def test_a_null_goes_with_its_person(tmp_path: Path) -> None:
    people: sessions.People = {i: (sessions.person(1, i),) for i in (2, 3, 6)}
    script = sessions.Script(sessions.source_info(count=10), range(10), people)
    made = run(exported(tmp_path, "after-effects-script", script, ALL))
    (layer, *_) = made["comps"][0]["layers"]

    assert shown(layer) == [(0, 0), (2, 100), (4, 0), (6, 100), (7, 0)]
    assert holding(layer) == [3, 6]


def test_uneven_frames_keep_their_times(tmp_path: Path) -> None:
    made = run(exported(tmp_path, "after-effects-script", sessions.fixture_b(), ALL))
    (layer, *_) = made["comps"][0]["layers"]

    assert [key["time"] for key in layer["position"]] == pytest.approx(
        [ms / 1000 for ms in sessions.UNEVEN_MS], abs=1e-9
    )


def test_uneven_frames_make_a_composition_of_a_common_rate(tmp_path: Path) -> None:
    pts = [i for i in range(60) if i < 30 or not i % 2]  # at 24 per second, later every other one
    info = sessions.source_info(
        time_base=Fraction(1, 24), rate=Fraction(24 * len(pts), 60), count=len(pts), is_vfr=True
    )
    people: sessions.People = {i: (sessions.person(1, i),) for i in range(len(pts))}
    found = calls(
        exported(tmp_path, "after-effects-script", sessions.Script(info, pts, people), ALL)
    )

    assert found.comp[-1] == 24
    assert found.times == pytest.approx([at / 24 for at in pts], abs=1e-9)


def test_long_paths_come_in_arrays_that_extendscript_takes(tmp_path: Path) -> None:
    path = exported(tmp_path, "after-effects-script", still(standing(1, 100, 50, 300), frames=1200))
    found = calls(path)

    assert {len(xy) // 2 for stretches in found.paths.values() for _, xy in stretches} == {500, 200}
    assert len(found.times) == 1200
    (layer, *_) = run(path)["comps"][0]["layers"]
    assert len(layer["position"]) == 1200
    assert shown(layer) == [(0, 100)]
    assert holding(layer) == []


NAMES = (
    'Zoë "the cat"', "back\\slash", "two\nlines", "*/ alert(1) /*", "'); app.quit(); ('", "動画 🎬",
    "\u2028", "//@include evil",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_name_whatever_it_says(tmp_path: Path, name: str) -> None:
    script = sessions.fixture_a()
    path = named.exported(tmp_path, "after-effects-script", script, {2: name}, ALL)
    layers = run(path)["comps"][0]["layers"]

    assert layers[K]["name"] == f"track_2 {name}/nose"
    assert f"track_2 {name}/nose" in calls(path).paths


def test_all_is_one_step_to_undo_and_leaves_nothing_behind(tmp_path: Path) -> None:
    made = run(exported(tmp_path, "after-effects-script", sessions.fixture_a(), ALL))

    assert made["undo"] == ["begin sdpose-track", "end"]
    assert made["globals"] == []
    assert made["opened"] == 1


def test_the_language_is_that_of_1999(tmp_path: Path) -> None:
    text = exported(tmp_path, "after-effects-script", sessions.fixture_a(), ALL).read_text("ascii")
    code = re.sub(r'"(\\.|[^"\\])*"|//[^\n]*', '""', text)

    later = r"\b(let|const|class|of|JSON|forEach|map|get|set)\b|=>|`|,\s*[\]})]|\.\.\."
    assert re.search(later, code) is None


@pytest.mark.parametrize("frames", [0, 5])
def test_nobody_is_a_composition_without_layers(tmp_path: Path, frames: int) -> None:
    script = sessions.Script(sessions.source_info(count=frames), range(frames))
    (comp,) = run(exported(tmp_path, "after-effects-script", script))["comps"]

    assert comp["layers"] == []
    assert comp["duration"] == pytest.approx(max(frames, 1) / 30)


def test_a_keypoint_that_is_never_seen_has_no_null(tmp_path: Path) -> None:
    options = ExportOptions(threshold=0.4)
    path = exported(tmp_path, "after-effects-script", sessions.fixture_a(), options)
    meta = strict(path.with_name("clip_raw.jsx.meta.json"))

    hidden = list(COCO17.keypoints[COCO17.index("right_hip") :])
    assert meta["nulls"]["never_seen"] == {"1": hidden, "2": hidden}
    assert len(calls(path).paths) == 2 * (K - len(hidden))


def test_a_high_speed_clip_has_the_highest_rate_of_a_composition_and_its_own_times(
    tmp_path: Path,
) -> None:
    info = sessions.source_info(time_base=Fraction(1, 240), rate=Fraction(240), count=10)
    people: sessions.People = {i: (sessions.person(1, i),) for i in range(10)}
    found = calls(
        exported(tmp_path, "after-effects-script", sessions.Script(info, range(10), people))
    )

    assert found.comp[-1] == 99
    assert found.times == pytest.approx([i / 240 for i in range(10)], abs=1e-9)


def test_a_clip_longer_than_a_composition_is_refused_in_a_sentence(tmp_path: Path) -> None:
    info = sessions.source_info(count=2, time_base=Fraction(1))
    script = sessions.Script(info, (0, 4 * 3600))

    with pytest.raises(SourceError, match=r"lasts 4\.0 hours and After Effects .* 3 at most"):
        exported(tmp_path, "after-effects-script", script)
