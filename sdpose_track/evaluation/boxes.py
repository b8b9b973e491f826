"""The person boxes that an evaluation begins from: of the ground truth, or of a detection file.

Both are handed on as a boxes file of our own, which every part of the pipeline takes already.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sdpose_track.errors import SettingsError
from sdpose_track.evaluation.annotations import Annotations, Person
from sdpose_track.records import FARTHEST

Rows = dict[int, list[list[float]]]
"""`x1, y1, x2, y2, score` in pixels of each person, by number of the picture."""


def write_boxes(path: Path, rows: Mapping[int, list[list[float]]]) -> None:
    """Write `rows` as the boxes file that `--boxes` takes."""
    path.write_text(json.dumps({str(k): v for k, v in rows.items()}), encoding="utf-8")


def truth_rows(people: Iterable[Person], sizes: Mapping[int, tuple[int, int]]) -> Rows:
    """Return the boxes of the annotated people, score 1, as mmpose takes them.

    Cut at the last pixel of the picture, whose (width, height) is in `sizes`. Crowds, people
    without annotated keypoints and boxes that are empty then are left out.
    """
    rows: Rows = defaultdict(list)
    for person in people:
        if not person.is_scored:
            continue
        left, top, wide, high = person.box
        last = np.array(sizes[person.picture]) - 1
        x1, y1 = np.clip((left, top), 0, last).tolist()
        x2, y2 = np.clip((left + wide, top + high), 0, last).tolist()
        if x2 > x1 and y2 > y1:
            rows[person.picture].append([x1, y1, x2, y2, 1.0])
    return dict(rows)


def detection_rows(path: Path, annotations: Annotations) -> Rows | None:
    """Return the people of a COCO detection file; None if `path` is no list, so another format.

    Format: `[{"image_id", "category_id", "bbox": [left, top, width, height], "score"}, ...]`. Other
    pictures and categories and empty boxes are left out. Raises SettingsError if it is unreadable.
    """
    found = _listed(path)
    if found is None:
        return None
    numbers = {picture.id: i for i, picture in enumerate(annotations.pictures)}
    rows: Rows = defaultdict(list)
    for i, entry in enumerate(found):
        try:
            picture = numbers.get(entry["image_id"])
            if picture is None or entry.get("category_id", 1) != annotations.category:
                continue
            left, top, wide, high = (float(v) for v in entry["bbox"])
            row = [left, top, left + wide, top + high, float(entry["score"])]
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            raise SettingsError(
                f"--boxes {path}: entry {i} is no COCO detection; expected image_id, category_id,"
                " bbox [left, top, width, height] and score"
            ) from None
        if not all(abs(v) < FARTHEST for v in row) or not 0 <= row[4] <= 1:
            raise SettingsError(f"--boxes {path}: entry {i} has a bbox or score that cannot be")
        if row[2] > row[0] and row[3] > row[1]:
            rows[picture].append(row)
    if not rows:
        raise SettingsError(f"--boxes {path} has nobody in the pictures of the annotations")
    return dict(rows)


def _listed(path: Path) -> list[Any] | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if not text.lstrip().startswith("["):
            return None
        content: list[Any] = json.loads(text)
    except FileNotFoundError:
        raise SettingsError(f"--boxes {path}: there is no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"--boxes {path} cannot be read as JSON ({error})") from error
    return content
