"""Every error that this library raises on purpose.

SdposeError
├── SettingsError         an option has a value that cannot work                        exit code 2
├── SourceError           the picture, video or camera could not be opened or read      exit code 3
├── CheckpointError       weights are missing, damaged, or of another architecture      exit code 4
├── DeviceError           the chosen device cannot run the model                        exit code 4
├── SessionError          a session is unreadable, in use, or from a newer version      exit code 3
├── OutputError           the destination cannot be written                             exit code 5
└── StageError            a pipeline stage failed; `cause` is what it raised            as its cause

A caller that shows messages to a person catches `SdposeError` and shows `str(error)`: each
message says what happened, to which file or option, and what to do. Anything else that escapes
is a bug in this library and keeps its traceback.
"""

from __future__ import annotations


class SdposeError(Exception):
    """Base class of every error that this library raises on purpose."""

    exit_code: int = 1
    """What the command line ends with when this error stops it."""


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


class DeviceError(SdposeError):
    """The chosen device cannot run the model: it is absent or out of memory."""

    exit_code = 4


class OutputError(SdposeError):
    """A file or folder cannot be written."""

    exit_code = 5


class StageError(SdposeError):
    """A pipeline stage failed; `cause` is what it raised and decides the exit code."""

    def __init__(self, stage: str, cause: BaseException) -> None:
        told = str(cause) or type(cause).__name__
        super().__init__(told if isinstance(cause, SdposeError) else f"the {stage} stage: {told}")
        self.stage = stage
        self.cause = cause
        self.__cause__ = cause
        self.exit_code = getattr(cause, "exit_code", SdposeError.exit_code)
