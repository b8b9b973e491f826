"""GLB of points and of rigs, read back with pygltflib and trimesh, and held to glTF's rules."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pygltflib
import pytest
import sessions
import trimesh
import whole_people
from flat_people import NEXT, PICTURE, body, direction, off, script_of, seen_directions
from other_programs import READERS, SCRIPTS
from sessions import FRAMES, LEFT_WRIST, K, exported, points, strict

from sdpose_track.errors import OutputError
from sdpose_track.export import ExportOptions, export, glb
from sdpose_track.export.glb import Glb, rising
from sdpose_track.export.rig_joints import NAMES
from sdpose_track.records import Float32, Float64
from sdpose_track.session.view import View
from sdpose_track.skeletons import COCO17, WHOLEBODY133
from sdpose_track.smooth.choices import Smoothing

SWING = 70 * np.sin(np.arange(60) / 9)
BOTH = pytest.mark.parametrize("name", ["glb", "glb-rig"])
TYPES = {5121: "<u1", 5123: "<u2", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Asset:
    """A .glb as pygltflib reads it."""

    def __init__(self, path: Path) -> None:
        self.gltf = pygltflib.GLTF2().load(str(path))
        self.nodes = {node.name: node for node in self.gltf.nodes}

    def values(self, number: int) -> npt.NDArray[Any]:
        accessor = self.gltf.accessors[number]
        view = self.gltf.bufferViews[accessor.bufferView]
        width = WIDTHS[accessor.type]
        data = self.gltf.binary_blob()[view.byteOffset : view.byteOffset + view.byteLength]
        found = np.frombuffer(data, TYPES[accessor.componentType])
        assert found.size == accessor.count * width
        return found.reshape(-1, width) if width > 1 else found

    def channels(self) -> dict[tuple[int, str], tuple[Float32, Float32]]:
        """Return times and values by node and path."""
        (animation,) = self.gltf.animations
        found = {}
        for channel in animation.channels:
            sampler = animation.samplers[channel.sampler]
            at = (channel.target.node, channel.target.path)
            found[at] = (self.values(sampler.input), self.values(sampler.output))
        return found

    def point(self, name: str) -> tuple[Float32, Float32]:
        return self.channels()[self.gltf.nodes.index(self.nodes[name]), "translation"]


def chunks_of(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return JSON and binary part of a .glb, after looking at what holds them."""
    data = path.read_bytes()
    magic, version, size = struct.unpack_from("<4sII", data)
    assert (magic, version, size) == (b"glTF", 2, len(data))
    at, found = 12, []
    while at < size:
        length, kind = struct.unpack_from("<I4s", data, at)
        assert length % 4 == 0
        found.append((kind, data[at + 8 : at + 8 + length]))
        at += 8 + length
    assert [kind for kind, _ in found] in ([b"JSON", b"BIN\0"], [b"JSON"])

    def refuse(token: str) -> None:
        raise AssertionError(f"{path} has {token}")

    text = json.loads(found[0][1].decode("ascii"), parse_constant=refuse)
    return text, found[1][1] if len(found) > 1 else b""


def empties(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        if not value:
            yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from empties(inner)


def assert_sound(path: Path) -> None:
    """Hold a .glb to the rules of glTF that writers break most easily."""
    text, binary = chunks_of(path)
    views, accessors = text.get("bufferViews", []), text.get("accessors", [])
    assert [b["byteLength"] for b in text.get("buffers", [])] == ([len(binary)] if binary else [])
    assert all(v["byteOffset"] % 4 == 0 for v in views)
    assert all(v["byteOffset"] + v["byteLength"] <= len(binary) for v in views)
    assert list(empties({k: v for k, v in text.items() if k != "scenes"})) == []
    asset = Asset(path) if binary else None
    for number, accessor in enumerate(accessors):
        assert accessor["count"] >= 1
        if "min" in accessor and asset is not None:
            found = asset.values(number).reshape(accessor["count"], -1)
            assert accessor["min"] == found.min(axis=0).tolist()
            assert accessor["max"] == found.max(axis=0).tolist()
    for animation in text.get("animations", []):
        for sampler in animation["samplers"]:
            assert asset is not None
            assert {"min", "max"} <= accessors[sampler["input"]].keys()
            times = asset.values(sampler["input"])
            assert times[0] >= 0
            assert (np.diff(times) > 0).all()
            assert accessors[sampler["output"]]["count"] == len(times)
    held = [child for node in text.get("nodes", []) for child in node.get("children", [])]
    roots = text["scenes"][text["scene"]].get("nodes", [])
    assert sorted(held + roots) == list(range(len(text.get("nodes", []))))


@BOTH
@pytest.mark.parametrize(
    "script",
    [
        sessions.fixture_a(), sessions.fixture_b(), sessions.fixture_c(), sessions.fixture_e(),
        sessions.with_a_lost_frame(),
    ],
    ids=["A", "B", "C", "E", "lost"],
)  # fmt: skip
def test_every_file_keeps_the_rules_of_gltf(
    name: str, script: sessions.Script, tmp_path: Path
) -> None:
    assert_sound(exported(tmp_path, name, script))


@BOTH
def test_a_session_of_nobody_is_an_empty_scene(name: str, tmp_path: Path) -> None:
    text, binary = chunks_of(exported(tmp_path, name, sessions.fixture_c()))

    assert text["scenes"] == [{}]
    assert not binary
    assert text["asset"]["extras"]["fps"] == "30/1"


@BOTH
def test_the_same_session_is_the_same_file(name: str, tmp_path: Path) -> None:
    first = exported(tmp_path, name, sessions.fixture_a()).read_bytes()

    assert exported(tmp_path, name, sessions.fixture_a()).read_bytes() == first


@BOTH
def test_names_given_to_people_are_at_their_nodes(name: str, tmp_path: Path) -> None:
    with sessions.view_of(tmp_path / "clip.sdpose", sessions.fixture_a()) as view:
        repairs = replace(view.repairs, names={2: "Zoë 動"})
        named = View(view.recording, Smoothing.OFF, repairs=repairs)
        asset = Asset(export(named, name, tmp_path / "out", "clip"))

    assert asset.nodes["track_1"].extras == {"track_id": 1}
    assert asset.nodes["track_2"].extras == {"track_id": 2, "name": "Zoë 動"}


def complaints(path: Path) -> list[Any]:
    """Return what Khronos' validator says of a file: errors, warnings, informations and hints."""
    node, packages = shutil.which("node"), READERS / "node" / "node_modules"
    if node is None or not (packages / "gltf-validator").is_dir():
        pytest.skip("node or its package gltf-validator is not set up; make readers does")
    done = subprocess.run(
        [node, str(SCRIPTS / "gltf_validator.js"), str(path)],
        env={**os.environ, "NODE_PATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    issues: list[Any] = json.loads(done.stdout)["messages"]
    return issues


@BOTH
@pytest.mark.readers
def test_the_validator_of_khronos_finds_nothing(name: str, tmp_path: Path) -> None:
    scripts = (sessions.fixture_a(), sessions.fixture_b(), sessions.fixture_c(), script_of_two()[1])
    for number, script in enumerate(scripts):
        assert complaints(exported(tmp_path / str(number), name, script)) == []


# -- points ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [sessions.fixture_a(), sessions.fixture_b()], ids=["A", "B"])
def test_points_are_where_and_when_they_were_seen_to_the_last_bit(
    script: sessions.Script, tmp_path: Path
) -> None:
    asset = Asset(exported(tmp_path, "glb", script))
    seconds = [float(pts * script.source.time_base) for pts in script.pts]
    for track_id, first in ((1, 0), (2, 10)):
        for k, keypoint in enumerate(COCO17.keypoints):
            lost = (20, 21) if (track_id, k) == (1, LEFT_WRIST) else ()
            frames = [i for i in range(first, FRAMES) if i not in lost]
            times, where = asset.point(f"track_{track_id}/{keypoint}")
            truth = np.array([points(track_id, i)[k] for i in frames], np.float64)
            wanted = np.stack([truth[:, 0], 480 - truth[:, 1], 0 * truth[:, 0]], axis=1) * 0.01

            assert np.array_equal(times, np.array(seconds, np.float32)[frames])
            assert np.array_equal(where, wanted.astype(np.float32))


def test_points_that_are_seen_together_share_their_times(tmp_path: Path) -> None:
    asset = Asset(exported(tmp_path, "glb", sessions.fixture_a()))
    (animation,) = asset.gltf.animations
    inputs = [sampler.input for sampler in animation.samplers]

    assert len(inputs) == 2 * K
    assert len(set(inputs)) == 3  # person 1, the wrist of person 1, person 2


def test_a_point_is_at_its_first_place_before_anything_moves(tmp_path: Path) -> None:
    asset = Asset(exported(tmp_path, "glb", sessions.fixture_a()))
    _, where = asset.point("track_2/left_knee")

    assert asset.nodes["track_2/left_knee"].translation == where[0].tolist()
    assert asset.nodes["track_2/left_knee"].extras["coco_index"] == 13


def test_the_scale_can_be_chosen_and_is_told(tmp_path: Path) -> None:
    path = exported(tmp_path, "glb", sessions.fixture_a(), ExportOptions(mm_per_px=2.5))
    asset = Asset(path)

    assert asset.point("track_1/nose")[1][0].tolist() == pytest.approx([0.25, 1.1, 0])
    assert asset.gltf.asset.extras == {
        "fps": "30/1", "start_s": 0, "width": 640, "height": 480, "units_per_pixel": 0.0025,
    }  # fmt: skip
    assert strict(path.with_name(f"{path.name}.meta.json"))["points"]["metres_per_px"] == 0.0025


def test_a_keypoint_that_is_never_seen_is_left_out_and_told(tmp_path: Path) -> None:
    walk = body({"LeftArm": SWING})
    walk[:, COCO17.index("right_ear")] = np.nan
    path = exported(tmp_path, "glb", script_of({7: walk}))

    assert "track_7/right_ear" not in Asset(path).nodes
    assert strict(path.with_name(f"{path.name}.meta.json"))["points"]["never_seen"] == {
        "7": ["right_ear"]
    }


def test_all_133_points_of_a_whole_body_are_there(tmp_path: Path) -> None:
    gone = whole_people.RIGHT_HAND
    frames = [[whole_people.whole_person(i, gone if i % 2 else ())] for i in range(6)]
    path = whole_people.exported_whole(tmp_path, "glb", frames)
    asset = Asset(path)

    assert_sound(path)
    for k, keypoint in enumerate(WHOLEBODY133.keypoints):
        times, where = asset.point(f"track_1/{keypoint}")
        seen = [0, 2, 4] if k in gone else range(6)
        truth = np.array([whole_people.whole_points(i)[k] for i in seen], np.float64)
        assert times == pytest.approx(np.array(seen) / 30)
        assert np.array_equal(where[:, 0], (truth[:, 0] * 0.01).astype(np.float32))
        assert np.array_equal(where[:, 1], ((480 - truth[:, 1]) * 0.01).astype(np.float32))


def test_another_rate_puts_the_keys_there(tmp_path: Path) -> None:
    options = ExportOptions(rate=Fraction(60))
    times, _ = Asset(exported(tmp_path, "glb", sessions.fixture_a(), options)).point("track_1/nose")

    assert times == pytest.approx(np.arange(89) / 60, abs=1e-6)


def test_trimesh_reads_the_nodes_of_the_points(tmp_path: Path) -> None:
    scene = trimesh.load_scene(exported(tmp_path, "glb", sessions.fixture_a()))

    matrix, _ = scene.graph["track_2/nose"]
    first = points(2, 10)[0]
    assert matrix[:3, 3] == pytest.approx([first[0] / 100, (480 - first[1]) / 100, 0], abs=1e-6)


# -- rigs ------------------------------------------------------------------------------------------


def posed(path: Path, track_id: int) -> tuple[Float32, Mapping[str, Float64]]:
    """Return the times and by joint the (T, 3) places of a rig, by glTF's rules."""
    asset = Asset(path)
    channels = asset.channels()
    person = asset.nodes[f"track_{track_id}"]
    (hips,) = person.children
    times, moves = channels[hips, "translation"]
    found: dict[str, Float64] = {}

    def place(number: int, where: Float64, turn: Float64) -> None:
        node = asset.gltf.nodes[number]
        found[node.name] = where
        if (number, "rotation") in channels:
            x, y, z, w = channels[number, "rotation"][1].T.astype(np.float64)
            assert not x.any()
            assert not y.any()
            turn = turn + 2 * np.arctan2(z, w)
        for child in node.children:
            right, up, _ = asset.gltf.nodes[child].translation
            c, s = np.cos(turn), np.sin(turn)
            step = np.stack([c * right - s * up, s * right + c * up, 0 * c], axis=1)
            place(child, where + step, turn)

    place(hips, moves + np.array(person.translation), np.zeros(len(times)))
    return times, found


def script_of_two() -> tuple[dict[int, Float32], sessions.Script]:
    """Return a tall and a small person whose trunks stay upright."""
    hips = np.stack([150 + SWING, 220 + SWING / 4], axis=1)
    tall = body({"LeftArm": SWING, "RightForeArm": -SWING}, hips=hips)
    small = (body({"RightLeg": -90 - abs(SWING)}, hips=(400, 200), left=-1) / 2).astype(np.float32)
    return {1: tall, 2: small}, script_of({1: tall, 2: small})


def test_rigs_stand_where_the_people_stand_at_one_scale(tmp_path: Path) -> None:
    people, script = script_of_two()
    path = exported(tmp_path, "glb-rig", script)
    metres = Asset(path).gltf.asset.extras["units_per_pixel"]
    told = strict(path.with_name(f"{path.name}.meta.json"))["rig"]["people"]

    assert metres == pytest.approx(1.7 / np.median([told[i]["height_px"] for i in told]), rel=1e-5)
    for track_id, seen in people.items():
        _, where = posed(path, track_id)
        for joint, keypoint in (("LeftHand", "left_wrist"), ("RightFoot", "right_ankle")):
            truth = seen[:, COCO17.index(keypoint)] * (1, -1) + (0, PICTURE)
            assert where[joint][:, :2] / metres == pytest.approx(truth, abs=2e-3)


def test_rigs_have_the_directions_of_the_limbs_at_the_times_of_the_frames(tmp_path: Path) -> None:
    script = sessions.fixture_b()
    path = exported(tmp_path, "glb-rig", script, ExportOptions(threshold=0))
    for track_id, frames in ((1, range(FRAMES)), (2, range(10, FRAMES))):
        times, where = posed(path, track_id)
        wanted = seen_directions(np.stack([points(track_id, i) for i in frames]), 480)

        assert times == pytest.approx([script.pts[i] / 1000 for i in frames], abs=1e-6)
        for one, other in NEXT.items():
            found = direction(where[one][:, :2], where[other][:, :2])
            known = np.isfinite(wanted[one])
            assert off(found, wanted[one])[known].max() < 0.01


def test_a_whole_body_has_a_rig_too(tmp_path: Path) -> None:
    frames = [[whole_people.whole_person(i)] for i in range(4)]
    path = whole_people.exported_whole(tmp_path, "glb-rig", frames)

    assert_sound(path)
    times, where = posed(path, 1)
    assert len(times) == 4
    assert set(where) == set(NAMES)


def test_joints_at_rest_and_the_skin_agree(tmp_path: Path) -> None:
    asset = Asset(exported(tmp_path, "glb-rig", sessions.fixture_a()))
    for skin in asset.gltf.skins:
        assert [asset.gltf.nodes[j].name for j in skin.joints] == list(NAMES)
        back = asset.values(skin.inverseBindMatrices).reshape(-1, 4, 4).swapaxes(1, 2)
        world = {skin.joints[0]: np.array(asset.gltf.nodes[skin.joints[0]].translation)}
        for j, matrix in zip(skin.joints, back, strict=True):
            node = asset.gltf.nodes[j]
            for child in node.children:
                world[child] = world[j] + asset.gltf.nodes[child].translation
            assert matrix[:3, :3].tolist() == np.eye(3).tolist()
            assert matrix[:3, 3] == pytest.approx(-world[j], abs=1e-6)


def test_trimesh_reads_a_figure_of_closed_sticks(tmp_path: Path) -> None:
    scene = trimesh.load_scene(exported(tmp_path, "glb-rig", sessions.fixture_a()))

    assert set(scene.geometry) == {"track_1/figure", "track_2/figure"}
    for mesh in scene.geometry.values():
        sticks = mesh.split()
        assert len(sticks) == len(NAMES) - 1 + 5
        assert all(stick.is_watertight and stick.volume > 0 for stick in sticks)
    # A T-pose on the floor: hands out to both sides, feet a little below zero.
    low, high = mesh.bounds
    assert low[0] == pytest.approx(-high[0], rel=1e-3)


def test_every_corner_of_a_figure_goes_with_one_joint(tmp_path: Path) -> None:
    asset = Asset(exported(tmp_path, "glb-rig", sessions.fixture_a()))
    for mesh in asset.gltf.meshes:
        attributes = mesh.primitives[0].attributes
        weights, joints = asset.values(attributes.WEIGHTS_0), asset.values(attributes.JOINTS_0)
        assert (weights == (1, 0, 0, 0)).all()
        assert (joints[:, 1:] == 0).all()
        assert set(joints[:, 0]) == set(range(len(NAMES)))


def test_the_description_of_rigs_is_honest(tmp_path: Path) -> None:
    path = exported(tmp_path, "glb-rig", sessions.fixture_a())
    rig = strict(path.with_name(f"{path.name}.meta.json"))["rig"]

    assert "flat" in rig["planar"]
    assert rig["units"]["xyz"] == "m"
    assert rig["people"]["1"]["filled"] == {"LeftForeArm": [[20, 21]]}
    assert rig["people"]["1"]["joint_error_rms_cm"] > 0


# -- the container ---------------------------------------------------------------------------------


def test_times_that_gltf_cannot_tell_apart_lose_their_keys() -> None:
    seconds, usable = rising(np.array([0, 0.04, 0.04, 0.08, 1e6, 1e6 + 1e-3]))

    assert usable.tolist() == [True, True, False, True, True, False]
    assert seconds.dtype == np.float32


def test_a_file_that_is_too_large_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glb, "_MOST_BYTES", 1000)

    with pytest.raises(OutputError, match="holds up to 4 GB"):
        exported(tmp_path, "glb", sessions.fixture_a())
    assert list((tmp_path / "out").iterdir()) == []


def test_the_same_values_are_stored_once() -> None:
    numbers = io.BytesIO()
    asset = Glb(numbers)
    first = asset.accessor(np.arange(3, dtype=np.float32), bounded=True)

    assert asset.accessor(np.arange(3, dtype=np.float32), bounded=True) == first
    assert asset.accessor(np.arange(3, dtype=np.float32)) != first
    assert asset.accessor(np.zeros((2, 3), np.uint8)) == 2
    assert len(numbers.getvalue()) == 12 + 12 + 8
