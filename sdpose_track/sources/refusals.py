"""Why a file cannot be used, said in one plain sentence: what it is, and what to do."""

from __future__ import annotations

from pathlib import Path

from sdpose_track.errors import SourceError

_HEAD = 4096
_MARK = b"\xef\xbb\xbf"
_PLAYLISTS = (b"#EXTM3U", b"ffconcat ", b"v=0", b"[playlist]", b"[Reference]", b"<asx")
"""How files begin that only name others. Nobody chose those, and they may lie on the network."""


def unreadable(name: str, path: Path, error: Exception) -> SourceError:
    """Return the error for a file that FFmpeg refuses to open with `error`."""
    if isinstance(error, PermissionError):
        return SourceError(f"{name} may not be read by this user; change its permissions.")
    if isinstance(error, FileNotFoundError):
        return SourceError(f"{name} does not exist; check the path.")
    head = _head(path)
    if head[4:8] == b"ftyp":
        return SourceError(
            f"{name} is cut off: the index at its end is missing, so nothing in it can be found; "
            "copy or download it again."
        )
    if head.removeprefix(_MARK).lstrip().startswith(_PLAYLISTS) or b"<MPD " in head:
        return SourceError(
            f"{name} is a playlist, which only names other files; choose the video file itself."
        )
    found = "a text file" if _is_text(head) else "no format that is known here, or damaged"
    return SourceError(f"{name} is not a video: it is {found}; choose a video or a picture.")


def vanished(name: str) -> SourceError:
    """Return the error for what was opened before and cannot be read like that any more."""
    return SourceError(
        f"{name} is not there any more, or is another file now; put it back and try again."
    )


def no_video(name: str, *, has_audio: bool, has_cover: bool) -> SourceError:
    """Return the error for a media file without a video stream."""
    if has_audio:
        found = "only sound and a cover picture" if has_cover else "only sound"
        return SourceError(f"{name} has no video stream: it holds {found}; choose a video file.")
    return SourceError(
        f"{name} has no video stream: the file is incomplete or holds none; "
        "copy or download it again, or choose another."
    )


def undecodable(name: str, codec: str) -> SourceError:
    """Return the error for a video none of whose frames could be decoded."""
    return SourceError(
        f"{name} is damaged: not one frame of its {codec or 'unknown'} video could be decoded; "
        "copy or download it again."
    )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", errors="strict" if len(head) < _HEAD else "ignore")
    except UnicodeDecodeError:
        return False
    return bool(text) and all(c.isprintable() or c in "\n\r\t\f" for c in text)
