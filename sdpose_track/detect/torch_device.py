"""The device that the networks run on, or why it cannot be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sdpose_track.errors import DeviceError

if TYPE_CHECKING:
    import torch

_MEBI = 2**20


def torch_device(name: str) -> torch.device:
    """Return the device `cpu` or `cuda[:N]`.

    Raises DeviceError if it is absent or has no memory to speak of.
    """
    import torch

    if name == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DeviceError(f"--device {name}: torch finds no CUDA GPU here; use --device cpu")
    last = torch.cuda.device_count() - 1
    if int(name.partition(":")[2] or 0) > last:  # torch.device takes the number modulo 256
        raise DeviceError(f"--device {name}: the last GPU here is cuda:{last}")
    device = torch.device(name)
    free = torch.cuda.mem_get_info(device)[0]
    if free < 512 * _MEBI:
        raise DeviceError(
            f"--device {name}: only {free // _MEBI} MiB of its memory are free; close what uses it"
            " or use --device cpu"
        )
    return device


def memory_in_use(name: str) -> int | None:
    """Return the bytes of a GPU's memory that are taken, by anybody; None for a CPU."""
    if not name.startswith("cuda"):
        return None
    import torch

    free, whole = torch.cuda.mem_get_info(torch.device(name))
    return int(whole - free)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether torch found no memory: for that of the machine it has no error of its own."""
    import torch

    kinds = (torch.OutOfMemoryError, MemoryError)
    return isinstance(error, kinds) or "can't allocate memory" in str(error)
