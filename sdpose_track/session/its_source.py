"""The video or pictures that a session was made from, found again and opened."""

from __future__ import annotations

from pathlib import Path, PurePath

from sdpose_track.errors import SourceError
from sdpose_track.home import at_home, of_file_address
from sdpose_track.records import SourceInfo
from sdpose_track.session.schema import other_file
from sdpose_track.sources import Source, open_source

LIVE = ("camera", "stream", "rehearsal")
"""Kinds of sources whose pictures are gone, also where the name is that of a file: it was played,
and what was seen of it were not all of its frames."""


def find_source(name: str, folder: Path) -> Path:
    """Return where the source that a session calls `name` is now.

    It is looked for at its path and, since sessions are moved with their videos, in `folder`, the
    session's. A session may be a stranger's: no name makes this computer ask another one that the
    session itself is not on. Raises SourceError if it is in neither place, or was a live one.
    """
    local = of_file_address(name)
    if local is None and "://" in name:
        raise _gone(name)
    there = at_home(name) if local is None else local
    places = [folder / there.name]
    if not leads_away(there, folder.absolute()):
        places = [there, folder / there, *places]
    for path in places:
        if _is_there(path):
            return path
    raise SourceError(
        f"{name} is not there any more; its pictures are needed, so put it back or beside the"
        f" session in {folder}"
    )


def leads_away(path: PurePath, folder: PurePath) -> bool:
    r"""Tell whether `path` is on a computer, or a device, that `folder` is not on.

    Windows asks the computer of a name such as `\\HOST\SHARE\clip.mp4` as soon as somebody looks
    whether there is such a file, and tells it who the user is.
    """
    return path.drive.startswith("\\\\") and path.drive.lower() != folder.drive.lower()


def _is_there(path: Path) -> bool:
    try:
        return path.exists() or ("%" in path.name and path.parent.is_dir())
    except OSError:  # no file can have such a name
        return False


def reopened(then: SourceInfo, folder: Path, path: Path | None = None) -> Source:
    """Open the source of a session in `folder` again; its `info.name` is the path. Close it.

    `path` is where a user says that it is now. Raises SourceError if it is not there any more,
    cannot be read, or is another one.
    """
    if then.kind in LIVE:
        raise _gone(then.name)
    found = find_source(then.name, folder) if path is None else path
    if then.kind in ("pictures", "picture"):
        source = open_source(str(found), picture_rate=then.rate)
    else:
        source = open_source(str(found))
    difference = other_file(then, source.info)
    if difference is not None:
        source.close()
        raise SourceError(
            f"{found} is not the video that the session was made from ({difference}); put that back"
            " or run track again"
        )
    return source


def check_unchanged(then: SourceInfo) -> None:
    """Raise SourceError if what is read was taken away meanwhile, or is another file by now.

    To be asked where frames are lost: those are then no damage, and there another time.
    """
    try:
        with open_source(then.name) as source:
            is_same = other_file(then, source.info) is None
    except SourceError:
        is_same = False
    if not is_same:
        raise SourceError(
            f"{then.name} was removed or changed while it was read; put it back as it was and go on"
            " with --resume"
        )


def _gone(name: str) -> SourceError:
    return SourceError(
        f"{name} was live, so its pictures are gone; choose what needs none, and record with"
        " --video next time"
    )
