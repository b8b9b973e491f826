"""Every error that this library raises on purpose.

SdposeError
├── SettingsError         an option has a value that cannot work                        exit code 2
├── SourceError           the picture, video or camera could not be opened or read      exit code 3
├── CheckpointError       weights are missing, damaged, or of another architecture      exit code 4
│   └── UntrustedError    weights that could run code, and nobody said that they may    exit code 4
├── DeviceError           the chosen device cannot run the model                        exit code 4
├── SessionError          a session is unreadable, in use, or from a newer version      exit code 3
├── OutputError           the destination cannot be written                             exit code 5
└── StageError            a pipeline stage failed; `cause` is what it raised            as its cause

A caller that shows messages to a person catches `SdposeError` and shows `str(error)`: each
message says what happened, to which file or option, and what to do. Anything else that escapes
is a bug in this library and keeps its traceback.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""Unicode's bidirectional controls: they turn the writing of what follows."""


LONGEST = 1000
"""Characters of a sentence; of what somebody wrote into a file, the middle is left out."""


def one_line(text: str) -> str:
    r"""Return `text` with what would break its line, or command a terminal, written as `\x1b`."""
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(character: str) -> str:
    breaks = unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
    turns = unicodedata.bidirectional(character) in TURNING
    return character.encode("unicode_escape").decode() if breaks or turns else character


def _short(line: str) -> str:
    """Return `line` without its middle if it is too long: at its end it says what to do."""
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[: half - 1]}…{line[-half:]}"


class SdposeError(Exception):
    """Base class of every error that this library raises on purpose."""

    exit_code: int = 1
    """What the command line ends with when this error stops it."""

    def __init__(self, sentence: str = "") -> None:
        """Keep the sentence in one line: names of files and a stranger's texts are in it."""
        super().__init__(_short(one_line(sentence)))


class SettingsError(SdposeError):
    """An option has a value that cannot work, or a wish contradicts another."""

    exit_code = 2


class SourceError(SdposeError):
    """The picture, video, folder or camera could not be opened or read."""

    exit_code = 3


class SessionError(SdposeError):
    """A session file is unreadable, in use by another run, or from a newer version."""

    exit_code = 3


class CheckpointError(SdposeError):
    """Weights are missing, damaged, or of another architecture."""

    exit_code = 4


class UntrustedError(CheckpointError):
    """A checkpoint is a pickle of unknown origin: it is loaded only if somebody says so."""

    def __init__(self, sentence: str, path: Path, sha256: str) -> None:
        super().__init__(sentence)
        self.path = path
        self.sha256 = sha256


class DeviceError(SdposeError):
    """The chosen device cannot run the model: it is absent or out of memory."""

    exit_code = 4


class OutputError(SdposeError):
    """A file or folder cannot be written."""

    exit_code = 5


class StageError(SdposeError):
    """A pipeline stage failed; `cause` is what it raised and decides the exit code."""

    def __init__(self, stage: str, cause: BaseException) -> None:
        super().__init__(_told(stage, cause))
        self.stage = stage
        self.cause = cause
        self.__cause__ = cause
        is_memory = isinstance(cause, MemoryError)
        otherwise = DeviceError.exit_code if is_memory else SdposeError.exit_code
        self.exit_code = getattr(cause, "exit_code", otherwise)


def _told(stage: str, cause: BaseException) -> str:
    if isinstance(cause, SdposeError):
        return str(cause)
    if isinstance(cause, MemoryError):
        return f"the {stage} stage: the memory of this machine is full; close other programs"
    first_line = str(cause).strip().partition("\n")[0]
    return f"the {stage} stage: {first_line or type(cause).__name__}"
