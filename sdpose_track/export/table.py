"""Which formats there are: names, files, choices. A new one is a line here and a module."""

from __future__ import annotations

import glob
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from sdpose_track.export.job import Job

Writer = Callable[[Job, Path], None]
"""What a format's module offers as its `write`: the part to fill is a new file or empty folder."""

_MODULES = "sdpose_track.export.formats"
_CONTROL = ("preset", "look", "size", "frames", "threshold")
_DRAWN = ("skeleton", "boxes", "ids", "trails", "threshold")


@dataclass(frozen=True, slots=True)
class Format:
    """A format that sessions can be exported in."""

    name: str
    summary: str
    """One line on what it is for."""
    module: str
    """Which module of `formats` writes it."""
    pattern: str
    """File name of `{stem}` and `{label}`, such as `raw_p1`; `{drawn}` leaves `smooth` unsaid.
    Folders end in a `/`."""
    choices: tuple[str, ...] = ()
    """Which of `options.CHOICES` concern it, beside those of every format."""
    needs_rate: bool = False
    """It has no times but a number of frames per second."""
    writer: str = "write"
    """The function of the module, where several formats share one."""
    needs: str | None = None
    """A package that is not installed with the program, but as its extra of the format's name."""
    owns: tuple[str, ...] = ()
    """Of a folder: which files are in it, as `own_files` tells."""
    meta: str = "{name}.meta.json"
    """File name of the description beside it."""

    @property
    def is_folder(self) -> bool:
        """The export is a folder of files."""
        return self.pattern.endswith("/")

    def path(self, folder: Path, stem: str, label: str) -> Path:
        """Return where an export of this format goes."""
        drawn = "" if label == "smooth" else f"_{label}"
        return folder / self.pattern.rstrip("/").format(stem=stem, label=label, drawn=drawn)

    def meta_path(self, folder: Path, stem: str, label: str) -> Path:
        """Return where the description of an export of this format goes."""
        name = self.path(folder, stem, label).name
        return folder / self.meta.format(name=name, stem=stem, label=label)

    def own_files(self, stem: str) -> tuple[str, ...]:
        """Return patterns of the files that an export has in its folder, relative to it.

        A folder with others in it is not ours to replace.
        """
        return tuple(pattern.format(stem=glob.escape(stem)) for pattern in self.owns)

    def load(self) -> Writer:
        """Import the format's module and return its writer."""
        return cast("Writer", getattr(import_module(f"{_MODULES}.{self.module}"), self.writer))


_AI_VIDEO = (
    Format("control-png", "skeleton pictures for ControlNet, Wan and other video models, exact",
           "control", "{stem}_{label}_control/", _CONTROL, needs_rate=True, writer="write_pictures",
           owns=("{stem}_pose_*.png",)),
    Format("control", "the same as a lossless video (.mkv)",
           "control", "{stem}_{label}.control.mkv", _CONTROL, needs_rate=True),
    Format("control-mp4", "the same as a video that everything plays, colours slightly changed",
           "control", "{stem}_{label}.control.mp4", (*_CONTROL, "quality"), needs_rate=True,
           writer="write_mp4"),
    Format("control-alpha", "the skeleton on nothing, to lay over other video (ProRes 4444)",
           "control", "{stem}_{label}.control.mov", _CONTROL, needs_rate=True,
           writer="write_alpha"),
    Format("control-alpha-png", "the same as pictures",
           "control", "{stem}_{label}_control_alpha/", _CONTROL, needs_rate=True,
           writer="write_alpha_pictures", owns=("{stem}_pose_*.png",)),
    Format("wan-animate", "pose and face videos of each person for Wan-Animate",
           "wan_animate", "{stem}_{label}_wan_animate/", ("preset", "size", "frames", "threshold"),
           needs_rate=True, owns=("p*/src_pose.mp4", "p*/src_face.mp4")),
    Format("comfyui", "POSE_KEYPOINT, what pose nodes and editors of ComfyUI load",
           "comfyui_json", "{stem}_{label}.comfyui.json", ("threshold",)),
    Format("openpose", "a folder of OpenPose JSON files, one a frame: Pose2Sim, editors",
           "openpose_json", "{stem}_{label}_json/", ("layout", "threshold"),
           owns=("{stem}_*_keypoints.json",)),
)  # fmt: skip
_ANIMATION = (
    Format("bvh", "a flat skeleton with joint angles for each person: Blender, MotionBuilder",
           "bvh", "{stem}_{label}_bvh/", ("height", "threshold", "bridge"), needs_rate=True,
           owns=("{stem}_p*.bvh",)),
    Format("glb", "every keypoint as a moving point, at its exact time: Blender, Unreal, Godot",
           "glb_points", "{stem}_{label}.points.glb", ("scale",)),
    Format("glb-rig", "the skeleton of bvh for all people in one file, with a stick figure",
           "glb_rig", "{stem}_{label}.rig.glb", ("height", "threshold", "bridge")),
    Format("after-effects", "keyframes to paste, one text for each person and keypoint",
           "after_effects", "{stem}_{label}_after_effects/", ("version", "threshold"),
           needs_rate=True, owns=("{stem}_p*.txt",)),
    Format("after-effects-script", "a script that makes a composition with a null a keypoint",
           "after_effects_script", "{stem}_{label}.jsx", ("threshold",)),
)  # fmt: skip
_MEASURING = (
    Format("trc", "marker positions of each person in metres: OpenSim, Sports2D, Blender add-ons",
           "trc", "{stem}_{label}_trc/", ("height", "scale", "threshold"), needs_rate=True,
           owns=("{stem}_p*.trc",)),
    Format("mot", "joint angles of each person: OpenSim",
           "mot", "{stem}_{label}_mot/", ("threshold",), needs_rate=True, owns=("{stem}_p*.mot",)),
    Format("c3d", "marker positions of everybody: motion capture software",
           "c3d", "{stem}_{label}.c3d", ("height", "scale", "threshold"), needs_rate=True),
    Format("kinematics", "a table of joint angles, bones, speeds and contacts by frame and person",
           "kinematics_csv", "{stem}_{label}.kinematics.csv", ("threshold",)),
    Format("kinematics-parquet", "the same table as a Parquet file",
           "kinematics_parquet", "{stem}_{label}.kinematics.parquet", ("threshold",)),
)  # fmt: skip
_DATA = (
    Format("csv", "a table with one row a frame, person and keypoint",
           "csv_rows", "{stem}_{label}.csv"),
    Format("parquet", "the same table as a Parquet file",
           "parquet_rows", "{stem}_{label}.parquet"),
    Format("npz", "numpy arrays over frames, people and keypoints: loses nothing",
           "npz_native", "{stem}_{label}.poses.npz", meta="{stem}_{label}.poses.json"),
    Format("coco", "COCO keypoint annotations with track ids",
           "coco_json", "{stem}_{label}.coco.json", ("threshold",)),
    Format("coco-results", "COCO results, to be scored against annotations",
           "coco_results", "{stem}_{label}.coco_results.json"),
    Format("mmpose", "the JSON of MMPose's demos",
           "mmpose_json", "{stem}_{label}.mmpose.json"),
    Format("alphapose", "the JSON of AlphaPose",
           "alphapose_json", "{stem}_{label}.alphapose.json"),
    Format("deeplabcut", "the CSV of DeepLabCut, which behaviour tools read",
           "deeplabcut_csv", "{stem}_{label}DLC_sdpose_track.csv", needs_rate=True),
    Format("sleap", "predictions for SLEAP",
           "sleap_slp", "{stem}_{label}.slp", needs="sleap_io"),
    Format("movement", "netCDF for the movement package",
           "movement_nc", "{stem}_{label}.movement.nc"),
)  # fmt: skip
_PICTURES = (
    Format("video", "the video with the people drawn into it, and its sound",
           "video", "{stem}_annotated{drawn}.mp4", (*_DRAWN, "codec", "quality")),
    Format("video-prores", "the same for editing programs (ProRes 422 HQ)",
           "video", "{stem}_annotated{drawn}.mov", _DRAWN, writer="write_prores"),
    Format("crops", "a video of each person, cut out and followed",
           "crops", "{stem}_{label}_crops/", ("size", "codec", "quality"), owns=("{stem}_p*.mp4",)),
)  # fmt: skip

GROUPS: dict[str, tuple[Format, ...]] = {
    "AI video": _AI_VIDEO,
    "3D and animation": _ANIMATION,
    "Measuring": _MEASURING,
    "Data": _DATA,
    "Pictures": _PICTURES,
}
"""By what they are for."""
FORMATS: dict[str, Format] = {f.name: f for group in GROUPS.values() for f in group}
"""By name, in the order in which they are told."""
