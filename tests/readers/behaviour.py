"""Prints as JSON what movement, xarray and sleap-io read in an export: `behaviour.py KIND PATH`."""

import json
import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import sleap_io
import xarray
from movement.io import load_poses
from movement.kinematics import compute_speed

warnings.filterwarnings("ignore")


def numbers(values: npt.NDArray[np.floating[Any]]) -> object:
    """Return an array as lists, NaN as None."""
    return json.loads(json.dumps(values.tolist()).replace("NaN", "null"))


def of_dataset(dataset: xarray.Dataset) -> dict[str, object]:
    order = ("time", "individuals", "keypoints")
    return {
        "individuals": dataset.individuals.values.tolist(),
        "keypoints": dataset.keypoints.values.tolist(),
        "space": dataset.space.values.tolist(),
        "time": dataset.time.values.tolist(),
        "attributes": {k: str(v) for k, v in dataset.attrs.items()},
        "position": numbers(dataset.position.transpose(*order, "space").values),
        "confidence": numbers(dataset.confidence.transpose(*order).values),
    }


def of_labels(path: str) -> dict[str, object]:
    labels = sleap_io.load_slp(path)
    return {
        "keypoints": labels.skeleton.node_names,
        "edges": labels.skeleton.edge_inds,
        "tracks": [track.name for track in labels.tracks],
        "video": labels.video.filename,
        "frames": [
            {
                "frame_idx": int(frame.frame_idx),
                "tracks": [instance.track.name for instance in frame],
                "scores": [float(instance.score) for instance in frame],
                "points": [numbers(instance.numpy()) for instance in frame],
                "point_scores": [instance.points["score"].tolist() for instance in frame],
                "kinds": sorted({type(instance).__name__ for instance in frame}),
            }
            for frame in labels
        ],
    }


def speeds(path: str) -> dict[str, object]:
    speed = compute_speed(xarray.load_dataset(path).position)
    return {"finite": int(np.isfinite(speed.values).sum())}


READ = {
    "deeplabcut": lambda path: of_dataset(load_poses.from_dlc_file(path, fps=30)),
    "sleap": lambda path: of_dataset(load_poses.from_sleap_file(path, fps=30)),
    "labels": of_labels,
    "netcdf": lambda path: of_dataset(xarray.load_dataset(path)),
    "speed": speeds,
}
kind, path = sys.argv[1:]
sys.stdout.write(json.dumps(READ[kind](path)))
