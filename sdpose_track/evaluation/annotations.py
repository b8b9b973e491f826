"""People and keypoints as COCO annotates them, and as COCO-WholeBody does.

Formats: cocodataset.org/#format-data, "keypoint detection"; github.com/jin-s13/COCO-WholeBody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.errors import SourceError
from sdpose_track.export.formats.coco_people import MEMBERS
from sdpose_track.records import Float64
from sdpose_track.skeletons import COCO17, WHOLEBODY133

PARTS = tuple((MEMBERS[group], len(columns)) for group, columns in WHOLEBODY133.groups)
"""Where an annotation holds its keypoints, and how many; all but the first are COCO-WholeBody's."""
AREA_OF_BOX = 0.53
"""A person's share of their box, where the annotation does not give the area (mmpose's figure)."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An annotated picture."""

    id: Any
    """By which detection files refer to it."""
    file: str
    size: tuple[int, int] | None
    """(width, height) in pixels, where they are annotated."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """An annotated person."""

    picture: int
    """Number of the picture among `Annotations.pictures`."""
    box: tuple[float, float, float, float]
    """Left, top, width, height in pixels."""
    area: float
    """In square pixels; what a similarity is relative to."""
    is_crowd: bool
    """It is a group too dense to tell apart: nobody in it is missed or wrongly found."""
    keypoints: Float64
    """(K, 3) x, y, visibility; visibility 0 is a keypoint that nobody annotated."""

    def labelled(self, columns: range) -> int:
        """Return how many of the keypoints `columns` are annotated."""
        return int((self.keypoints[list(columns), 2] > 0).sum())

    @property
    def is_scored(self) -> bool:
        """Somebody must find this person's body: they are no crowd, and it is annotated."""
        return not self.is_crowd and self.labelled(range(len(COCO17))) > 0


@dataclass(frozen=True, slots=True)
class Annotations:
    """What an annotation file says of people."""

    pictures: tuple[Picture, ...]
    people: tuple[Person, ...]
    keypoints: int
    """K of every person: 17, or 133 with feet, face and hands."""
    category: int
    """Number of the category "person", 1 in COCO."""


def read_annotations(path: Path) -> Annotations:
    """Return the annotations in `path`.

    Raises SourceError if it cannot be read, is not in COCO's format or has no person's keypoints.
    """
    content = _content(path)
    pictures = [_picture(entry, i, path) for i, entry in enumerate(content["images"])]
    numbers = {picture.id: i for i, picture in enumerate(pictures)}
    category = _person_category(content.get("categories"), path)
    chosen = [
        (i, entry)
        for i, entry in enumerate(content["annotations"])
        if isinstance(entry, dict)
        and entry.get("category_id", category) == category
        and isinstance(entry.get("image_id"), int | str)
        and entry["image_id"] in numbers
    ]
    is_whole = any(PARTS[1][0] in entry for _, entry in chosen)
    parts = PARTS if is_whole else PARTS[:1]
    people = tuple(_person(entry, i, (path, numbers, parts)) for i, entry in chosen)
    if not any(person.is_scored for person in people):
        raise SourceError(
            f"{path} holds nobody with annotated keypoints; give a file such as"
            " person_keypoints_val2017.json"
        )
    return Annotations(tuple(pictures), people, sum(count for _, count in parts), category)


def _content(path: Path) -> dict[str, Any]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise SourceError(f"{path} does not exist; check the path.") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; check its name.") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is no JSON file ({error}); give COCO annotations.") from error
    for name in ("images", "annotations"):
        if not isinstance(content, dict) or not isinstance(content.get(name), list):
            raise SourceError(
                f"{path} holds no COCO annotations (there is no list {name!r}); give a file such as"
                " person_keypoints_val2017.json"
            )
    known: dict[str, Any] = content
    return known


def _person_category(categories: Any, path: Path) -> int:
    for i, entry in enumerate(categories if isinstance(categories, list) else ()):
        if isinstance(entry, dict) and entry.get("name") == "person" and "id" in entry:
            if not isinstance(entry["id"], int):
                raise _not_as_in_coco(path, "category", i, TypeError("its id is no whole number"))
            return entry["id"]
    return 1


def _picture(entry: Any, number: int, path: Path) -> Picture:
    try:
        file = entry["file_name"]
        if not isinstance(file, str) or not isinstance(entry["id"], int | str):
            raise TypeError("its file_name or id is of another kind")
        known = "width" in entry and "height" in entry
        size = (int(entry["width"]), int(entry["height"])) if known else None
        return Picture(entry["id"], file, size)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _not_as_in_coco(path, "image", number, error) from error


def _person(
    entry: dict[str, Any],
    number: int,
    of: tuple[Path, dict[Any, int], Sequence[tuple[str, int]]],
) -> Person:
    path, numbers, parts = of
    try:
        left, top, width, height = (float(v) for v in entry["bbox"])
        area = float(entry.get("area", AREA_OF_BOX * width * height))
        points = np.concatenate([_points(entry, name, count) for name, count in parts])
        if not np.isfinite([left, top, width, height, area, *points.ravel()]).all():
            raise ValueError("it holds a number that is none")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _not_as_in_coco(path, "annotation", number, error) from error
    is_crowd = bool(entry.get("iscrowd", 0))
    box = (left, top, width, height)
    return Person(numbers[entry["image_id"]], box, area, is_crowd, points)


def _points(entry: dict[str, Any], name: str, count: int) -> Float64:
    values = np.array(entry.get(name) or np.zeros(3 * count), dtype=np.float64)
    if values.shape != (3 * count,):
        raise ValueError(f"{name} has {values.size} numbers, expected {3 * count}")
    return values.reshape(count, 3)


def _not_as_in_coco(path: Path, what: str, number: int, error: Exception) -> SourceError:
    why = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
    return SourceError(f"{path}: {what} {number} is not as in COCO ({why:.100}); correct the file.")
