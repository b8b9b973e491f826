"""The one embedding that SDPose reads: from the text encoder once, then from a small file."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints_made import change, change_config, golden_copy
from golden_files import arrays
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from transformers.utils import logging as transformers_logging

from sdpose_track.errors import CheckpointError
from sdpose_track.pose.prompt import FILE, empty_prompt, published_prompt

WIDTH = 16
CONFIG = "text_encoder/config.json"
MODEL = "text_encoder/model.safetensors"
VOCABULARY = "tokenizer/vocab.json"
WORDS = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2, "a": 3}
Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The text half of a checkpoint: one layer of random numbers, and four words."""
    folder = tmp_path_factory.mktemp("sound") / "folder"
    config = CLIPTextConfig(
        vocab_size=len(WORDS),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_attention_heads=2,
        num_hidden_layers=1,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        encoder = CLIPTextModel(config).state_dict()
    (folder / "text_encoder").mkdir(parents=True)
    (folder / CONFIG).write_text(json.dumps(config.to_dict()))
    save_file(encoder, folder / MODEL)
    (folder / "tokenizer").mkdir()
    (folder / VOCABULARY).write_text(json.dumps(WORDS))
    (folder / "tokenizer/merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer/tokenizer_config.json").write_text('{"model_max_length": 77}')
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """The text half of a checkpoint, of which nothing was computed yet."""
    return Path(shutil.copytree(sound, tmp_path / "mine"))


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as refused:
        empty_prompt(folder, "refused")
    said = str(refused.value)
    assert str(folder) in said
    assert "\n" not in said
    assert not (folder / FILE).exists()
    return said


@pytest.mark.parametrize("name", ["body", "wholebody"])
def test_the_text_encoder_gives_the_references_embedding(name: str, tmp_path: Path) -> None:
    known = arrays(f"e2e_{name}.npz")
    folder = golden_copy(name, tmp_path)
    tokens = CLIPTokenizer.from_pretrained(folder / "tokenizer")("").input_ids
    assert [tokens] == known["empty_text_ids"].tolist()
    found = empty_prompt(folder, name)
    embedding = torch.from_numpy(known["empty_text_embed"])
    torch.testing.assert_close(found, embedding, rtol=0, atol=1e-5)
    assert found.dtype == torch.float32


def test_the_published_embedding_is_the_one_that_comes_with_this_program(folder: Path) -> None:
    shutil.rmtree(folder / "text_encoder")
    found = empty_prompt(folder, "none")
    assert torch.equal(found, published_prompt())
    assert (found.shape, found.dtype) == ((1, 2, 1024), torch.float32)
    figures = [found.min(), found.max(), found.mean(), *found[0, 0, :3], *found[0, 1, :2]]
    known = [-5.7566, 13.0235, -0.17456, -0.313425, -0.447569, -0.008241, 1.411363, 0.007577]
    np.testing.assert_allclose(figures, known, rtol=0, atol=5e-5)
    assert not (folder / FILE).exists()


def test_an_embedding_is_kept_beside_the_checkpoint_and_needs_no_text_encoder_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = empty_prompt(folder, "kept")
    assert first.shape == (1, 2, WIDTH)
    assert torch.equal(load_file(folder / FILE)["empty_prompt"], first)
    monkeypatch.setitem(sys.modules, "transformers", None)  # it cannot be imported any more
    assert torch.equal(empty_prompt(folder, "kept"), first)
    shutil.rmtree(folder / "text_encoder")
    shutil.rmtree(folder / "tokenizer")
    assert torch.equal(empty_prompt(folder, "kept"), first)
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_a_configuration_cannot_ask_for_code_from_elsewhere(
    folder: Path, sound: Path, tmp_path: Path
) -> None:
    shutil.copytree(sound, tmp_path / "plain")
    change_config(
        folder / CONFIG,
        attn_implementation="kernels-community/flash-attn2",
        _attn_implementation="somebody/else",
        auto_map={"AutoModel": "harm.Harm"},
        transformers_weights="../harm.bin",
        use_kernels=True,
    )
    (folder / "text_encoder" / "harm.py").write_text("raise SystemExit")
    (folder / "text_encoder" / "adapter_config.json").write_text(
        '{"base_model_name_or_path": "somebody/else", "peft_type": "LORA"}'
    )
    found = empty_prompt(folder, "asks")
    assert torch.equal(found, empty_prompt(tmp_path / "plain", "plain"))


def test_an_embedding_of_another_text_encoder_is_not_used(folder: Path) -> None:
    empty_prompt(folder, "kept")
    (folder / MODEL).write_bytes(b"no text encoder")
    with pytest.raises(CheckpointError, match="cannot be used"):
        empty_prompt(folder, "kept")


def test_an_embedding_that_cannot_lie_beside_the_checkpoint_is_kept_in_the_users_cache(
    folder: Path, own_cache: Path
) -> None:
    (folder / FILE).mkdir()  # in its place: the rights of a folder do not stop every user
    first = empty_prompt(folder, "0123")
    kept = own_cache / "prompts" / "0123.safetensors"
    assert torch.equal(load_file(kept)["empty_prompt"], first)
    shutil.rmtree(folder / "text_encoder")
    assert torch.equal(empty_prompt(folder, "0123"), first)
    assert torch.equal(empty_prompt(folder, "another"), published_prompt())
    assert sorted(path.name for path in folder.iterdir()) == [FILE, "tokenizer"]
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


def test_a_folder_without_the_right_to_write_is_left_as_it_is(
    folder: Path, own_cache: Path
) -> None:
    folder.chmod(0o555)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")
        empty_prompt(folder, "4567")
        assert not (folder / FILE).exists()
        assert (own_cache / "prompts" / "4567.safetensors").is_file()
    finally:
        folder.chmod(0o755)


def test_an_embedding_that_can_be_kept_nowhere_is_still_given(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = empty_prompt(folder, "89ab")
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    (tmp_path / "cache").write_text("no folder")
    monkeypatch.setenv("SDPOSE_TRACK_CACHE", str(tmp_path / "cache"))
    assert torch.equal(empty_prompt(folder, "89ab"), first)


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.write_bytes(p.read_bytes()[:100]),
        lambda p: p.write_bytes(b""),
        lambda p: save_file({"another": torch.ones(1, 2, WIDTH)}, p),
        lambda p: save_file({"empty_prompt": torch.ones(1, 77, WIDTH)}, p),
        lambda p: save_file({"empty_prompt": torch.full((1, 2, WIDTH), torch.nan)}, p),
    ],
    ids=["cut off", "empty", "another tensor", "another shape", "no numbers"],
)
def test_a_damaged_kept_embedding_is_computed_and_kept_anew(damage: Change, folder: Path) -> None:
    first = empty_prompt(folder, "damaged")
    damage(folder / FILE)
    assert torch.equal(empty_prompt(folder, "damaged"), first)
    assert torch.equal(load_file(folder / FILE)["empty_prompt"], first)


def lacking(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def altered(how: Callable[[dict[str, Tensor]], object]) -> Change:
    return lambda folder: change(folder / MODEL, how)


def bias_of(tensors: dict[str, Tensor]) -> str:
    return next(name for name in tensors if name.endswith("final_layer_norm.bias"))


FIT = "final_layer_norm.bias, or has it in another shape"


@pytest.mark.parametrize(
    ("how", "found"),
    [
        (lacking(MODEL), "model.safetensors is missing; fetch"),
        (lacking(CONFIG), "config.json is missing; fetch"),
        (lacking(VOCABULARY), "vocab.json is missing; fetch"),
        (lacking("tokenizer/merges.txt"), "merges.txt is missing; fetch"),
        (lambda f: (f / MODEL).write_text("no weights"), "cannot be used ("),
        (lambda f: (f / MODEL).write_bytes((f / MODEL).read_bytes()[:9999]), "cannot be used ("),
        (lambda f: torch.save({}, f / MODEL), "cannot be used ("),
        (lambda f: (f / CONFIG).write_text("{"), "cannot be read as JSON ("),
        (lambda f: (f / CONFIG).write_text("[]"), "config.json is no model configuration; fetch"),
        (lambda f: (f / VOCABULARY).write_text("{"), "cannot be used ("),
        (lambda f: (f / VOCABULARY).write_text('{"<|endoftext|>": 9}'), "cannot be used ("),
        (lambda f: change_config(f / CONFIG, hidden_size=WIDTH * 2), "in another shape than its"),
        (lambda f: change_config(f / CONFIG, num_hidden_layers=2), "lacks encoder.layers.1"),
        (altered(lambda tensors: tensors.pop(bias_of(tensors))), FIT),
        (altered(lambda tensors: tensors.update({bias_of(tensors): torch.ones(5)})), FIT),
        (altered(lambda tensors: tensors[bias_of(tensors)].fill_(torch.nan)), "no sound embedding"),
    ],
)
def test_a_text_encoder_that_is_not_sound_is_refused_and_nothing_is_kept(
    how: Change, found: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Transformers would make up what is missing, and print a table."""
    how(folder)
    assert found in refusal(folder)
    assert capfd.readouterr() == ("", "")


def test_the_prompt_is_two_tokens_whatever_the_tokenizers_file_adds(
    sound: Path, folder: Path
) -> None:
    CLIPTokenizer.from_pretrained(sound / "tokenizer").save_pretrained(folder / "tokenizer")
    path = folder / "tokenizer/tokenizer.json"
    longer = Tokenizer.from_file(str(path))
    start, end = WORDS["<|startoftext|>"], WORDS["<|endoftext|>"]
    longer.post_processor = TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|> <|endoftext|>",
        special_tokens=[("<|startoftext|>", start), ("<|endoftext|>", end)],
    )
    longer.save(str(path))
    assert longer.encode("").ids == [start, end, end]
    assert empty_prompt(folder, "longer").shape == (1, 2, WIDTH)


def test_transformers_speaks_afterwards_as_it_did_before(folder: Path) -> None:
    before = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    empty_prompt(folder, "quiet")
    after = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    assert after == before
    assert after[1]
