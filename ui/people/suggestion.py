"""What the worth-a-look list suggests, turned from words into something that can be done."""

from __future__ import annotations

from collections.abc import Callable

from sdpose_track.repair.edits import Delete, Edit, Merge, Swap
from sdpose_track.repair.wording import in_words
from ui.document.edits import Edits

_EDITS: dict[str, Callable[..., Edit]] = {"swap": Swap, "merge": Merge, "delete": Delete}
"""By the first word: what is made from the numbers after it."""


class Suggestion:
    """A repair that would put a doubt right."""

    def __init__(self, says: str, apply: Callable[[Edits], None]) -> None:
        self.says = says
        """What it does, as the rest of a sentence."""
        self.apply = apply


def suggested(words: str) -> Suggestion | None:
    """Return what `Doubt.suggestion` asks for; None where there is nothing that can be done."""
    match words.split():
        case ["split", *numbers] if len(numbers) == 2:
            track_id, frame = map(int, numbers)
            says = f"person {track_id} becomes somebody new from frame {frame} on"
            return Suggestion(says, lambda edits: edits.split(track_id, frame))
        case [kind, *numbers] if kind in _EDITS:
            edit = _EDITS[kind](*map(int, numbers))
            return Suggestion(in_words(edit), lambda edits: edits.apply(edit))
    return None
