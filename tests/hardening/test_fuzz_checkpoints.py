"""Checkpoint folders, single files, receipts, the manifest and what is cached: broken by chance."""

from __future__ import annotations

import json
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzzing import tried_out
from mutating import as_text, broken, broken_json, broken_text

from sdpose_track.cache import known_sha256, sha256_of
from sdpose_track.checkpoints import manifest as known
from sdpose_track.checkpoints import receipts
from sdpose_track.checkpoints.finding import find
from sdpose_track.errors import CheckpointError

Amount = Callable[[int, int], int]
Tried = Callable[[str, int], None]

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "golden" / "ckpt" / "tiny_body"
LENGTHS = (0, 1, 2**31, 2**40, 10**12, 2**63, 2**64 - 1)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the smallest sound checkpoint, its prompt at hand."""
    if not GOLDEN.is_dir():
        pytest.skip("the small checkpoints (../shared/golden/ckpt) are not beside this checkout")
    copy = Path(shutil.copytree(GOLDEN, tmp_path_factory.mktemp("sound") / "checkpoint"))
    _load(copy)
    return copy


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "checkpoint"))


def _load(folder: Path) -> None:
    from sdpose_track.pose.building import load

    weights = find(str(folder), "pose")
    load(weights.path, weights.sha256)


def _broken_tensors(data: bytes, dice: random.Random) -> bytes:
    """Return a safetensors file whose header is another, lies of its length, or is damaged."""
    (length,) = struct.unpack("<Q", data[:8])
    head, rest, way = data[8 : 8 + length], data[8 + length :], dice.random()
    if way < 0.6:
        head = as_text(broken_json(json.loads(head), dice))
        length = len(head) if dice.random() < 0.85 else dice.choice((*LENGTHS, len(head) + 1))
    elif way < 0.8:
        head = broken(head, dice)
    elif way < 0.9:
        rest = broken(rest, dice)
    else:
        return broken(data, dice)
    return struct.pack("<Q", length) + head + rest


def _broken_file(path: Path, dice: random.Random) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".safetensors":
        return _broken_tensors(data, dice)
    if path.suffix == ".json" and dice.random() < 0.7:
        return as_text(broken_json(json.loads(data), dice))
    return broken_text(data.decode(), dice)


def test_a_broken_checkpoint_folder_is_loaded_or_refused(
    folder: Path, amount: Amount, tried: Tried
) -> None:
    rooms = ("unet", "vae", "decoder")
    files = sorted(p for room in rooms for p in (folder / room).iterdir())
    count = amount(16, 1500)
    for seed in range(count):
        dice = random.Random(seed)
        file = dice.choice(files)
        sound = file.read_bytes()
        file.write_bytes(changed := _broken_file(file, dice))
        tried_out((seed, file.name), lambda: _load(folder), CheckpointError, str(folder))
        assert file.read_bytes() == changed, seed
        file.write_bytes(sound)
    tried("SDPose folders: safetensors, configurations", count)


def test_a_broken_text_encoder_is_used_or_refused(
    folder: Path, amount: Amount, tried: Tried
) -> None:
    files = sorted([*(folder / "text_encoder").iterdir(), *(folder / "tokenizer").iterdir()])
    count = amount(2, 150)
    for seed in range(count):
        dice = random.Random(seed)
        file = dice.choice(files)
        sound = file.read_bytes()
        for kept in folder.glob("empty-prompt*"):
            kept.unlink()
        file.write_bytes(_broken_file(file, dice))
        tried_out((seed, file.name), lambda: _load(folder), CheckpointError, str(folder))
        file.write_bytes(sound)
    tried("SDPose folders: text encoder and tokenizer", count)


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [
        ("unet/config.json", "layers_per_block", 10**9),
        ("unet/config.json", "transformer_layers_per_block", [1, 10**9, 1, 1]),
        ("unet/config.json", "block_out_channels", [2**40] * 4),
        ("unet/config.json", "down_block_types", ["DownBlock2D"] * 10**6),
        ("unet/config.json", "cross_attention_dim", 2**60),
        ("vae/config.json", "layers_per_block", 10**9),
        ("vae/config.json", "block_out_channels", [10**12] * 4),
        ("text_encoder/config.json", "num_hidden_layers", 10**9),
        ("text_encoder/config.json", "vocab_size", 10**9),
        ("text_encoder/config.json", "hidden_size", 10**8),
    ],
)
def test_a_configuration_that_would_fill_the_memory_is_refused(
    file: str, name: str, value: object, folder: Path
) -> None:
    for kept in folder.glob("empty-prompt*"):
        kept.unlink()
    told = json.loads((folder / file).read_text(encoding="utf-8"))
    (folder / file).write_text(json.dumps({**told, name: value}), encoding="utf-8")
    assert tried_out((file, name), lambda: _load(folder), CheckpointError, str(folder))


def test_a_broken_single_file_is_refused_or_loaded(
    folder: Path, tmp_path: Path, amount: Amount, tried: Tried
) -> None:
    from safetensors.torch import load_file, save_file

    parts = {"unet": "unet/diffusion_pytorch_model", "vae": "vae/diffusion_pytorch_model"}
    parts["decoder"] = "decoder/decoder"
    tensors = {
        f"{part}.{name}": tensor
        for part, file in parts.items()
        for name, tensor in load_file(folder / f"{file}.safetensors").items()
    }
    single = tmp_path / "single.safetensors"
    save_file(tensors, single)
    sound = single.read_bytes()
    count = amount(5, 500)
    for seed in range(count):
        single.write_bytes(_broken_tensors(sound, random.Random(seed)))
        tried_out(seed, lambda: _load(single), CheckpointError, str(single))
    tried("SDPose in a single file", count)


def test_broken_receipts_and_digests_are_as_if_there_were_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, amount: Amount, tried: Tried
) -> None:
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(tmp_path / "cache"))
    big = tmp_path / "big.bin"
    big.write_bytes(bytes(16 * 2**20))
    right = sha256_of(big)
    known_sha256(big)
    (memory,) = (tmp_path / "cache" / "digests").glob("*.json")
    file = receipts.FetchedFile(1, "a" * 64, "manifest")
    receipts.write(tmp_path, receipts.Receipt("a/b", "main", "c", "https://x", {"a.bin": file}))
    receipt, count = tmp_path / receipts.FILE_NAME, amount(60, 3000)
    told, digest = json.loads(receipt.read_text()), json.loads(memory.read_text())
    for seed in range(count):
        dice = random.Random(seed)
        is_text = dice.random() < 0.5
        receipt.write_bytes(
            broken_text(json.dumps(told), dice) if is_text else as_text(broken_json(told, dice))
        )
        tried_out(seed, lambda: receipts.read(tmp_path), CheckpointError)
        if seed % 10 == 0:  # a digest that is not believed costs a reading of the file
            memory.write_bytes(as_text(broken_json({**digest, "mtime_ns": 1}, dice)))
            assert known_sha256(big) == right, seed
    memory.write_text("[" * 100_000)
    assert known_sha256(big) == right
    tried("receipts and remembered digests", count)


def test_a_broken_manifest_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, amount: Amount, tried: Tried
) -> None:
    text = known.PATH.read_text(encoding="utf-8")
    path = tmp_path / "manifest.toml"
    monkeypatch.setattr(known, "PATH", path)

    def read() -> None:
        known.manifest.cache_clear()
        for entry in known.manifest().values():
            assert entry.file_name
            assert entry.bytes >= 0

    count = amount(60, 3000)
    try:
        for seed in range(count):
            path.write_bytes(broken_text(text, random.Random(seed)))
            tried_out(seed, read, CheckpointError, str(path))
    finally:
        known.manifest.cache_clear()
    tried("models/manifest.toml", count)
