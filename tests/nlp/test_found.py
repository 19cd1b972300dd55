"""Models that settings name: found on this machine, or refused with what to do."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nlp.errors import ModelError
from nlp.found import find_classifier, find_encoder, find_folder

CONFIG = {
    "architectures": ["BertForSequenceClassification"],
    "id2label": {"0": "NEG", "1": "NEU", "2": "POS"},
}


def written(folder: Path, config: object = CONFIG) -> Path:
    """A folder with the files of a classifier; its weights are two numbers."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("gut\nschlecht\n")
    save_file({"w": np.ones(2, np.float32)}, str(folder / "model.safetensors"))
    return folder


def sentence_encoder(folder: Path, *modules: tuple[str, str]) -> Path:
    written(folder, {"architectures": ["BertModel"]})
    rows = [{"idx": n, "name": str(n), "path": p, "type": t} for n, (p, t) in enumerate(modules)]
    (folder / "modules.json").write_text(json.dumps(rows))
    return folder


TRANSFORMER = ("", "sentence_transformers.models.Transformer")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "german")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, and a network that fails the test when it is asked."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def asked(*_: object, **__: object) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    monkeypatch.setattr(socket.socket, "connect", asked)
    return tmp_path / "hub"


def cached(hub: Path, commit: str, *, newest: bool) -> Path:
    """As the hub's own client lays out a repository it has fetched."""
    root = hub / "models--house--german"
    if newest:
        (root / "refs").mkdir(parents=True, exist_ok=True)
        (root / "refs" / "main").write_text(commit)
    return written(root / "snapshots" / commit)


def test_a_folder_is_a_model(folder: Path) -> None:
    found = find_classifier(str(folder))
    assert (found.folder, found.labels) == (folder, ("NEG", "NEU", "POS"))
    assert found.columns == ((0,), (1,), (2,))
    assert found.warning is None


def test_a_hub_name_is_found_in_the_cache(hub: Path) -> None:
    old, new = "a" * 40, "b" * 40
    cached(hub, old, newest=False)
    newest = cached(hub, new, newest=True)
    assert find_folder("house/german") == newest
    assert find_folder(f"house/german@{old}") == newest.parent / old


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("house/german", r"fetch it once with `hf download house/german`"),
        ("house/german@v2", r"`hf download house/german --revision v2`"),
        ("german--model..x", "neither a folder nor in the Hugging Face cache"),
    ],
)
def test_what_is_not_there_is_not_fetched(hub: Path, name: str, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        find_folder(name)


@pytest.mark.parametrize("name", ["/no/such/folder", "./german", "~/no-such-model", "a/b/c", ""])
def test_a_missing_folder_is_named(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="There is no folder") as caught:
        find_folder(name)
    assert name in str(caught.value)


def test_pickled_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(ModelError, match=r"are pickled.* docs/models\.md"):
        find_classifier(str(folder))


def test_safetensors_are_taken_where_both_are_there(folder: Path) -> None:
    before = find_classifier(str(folder)).revision
    (folder / "pytorch_model.bin").write_bytes(b"never read")
    assert find_classifier(str(folder)).revision == before


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x00" * 64, None])
def test_a_damaged_file_is_refused(folder: Path, content: bytes | None) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] if content is None else content)
    with pytest.raises(ModelError, match=r"model\.safetensors of .* is damaged"):
        find_classifier(str(folder))


def test_weights_in_parts_are_all_looked_at(folder: Path) -> None:
    part = folder / "model-00001-of-00001.safetensors"
    (folder / "model.safetensors").rename(part)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"w": part.name}}))
    before = find_classifier(str(folder)).revision
    save_file({"w": np.zeros(2, np.float32)}, str(part))
    assert find_classifier(str(folder)).revision != before
    part.unlink()
    with pytest.raises(ModelError, match=r"00001-of-00001\.safetensors of .* is damaged"):
        find_classifier(str(folder))
    index.write_text("[]")
    with pytest.raises(ModelError, match="lists no weights"):
        find_classifier(str(folder))


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "is not a text classifier: its config.json says no architecture"),
        ({"architectures": ["BertModel"]}, "its config.json says BertModel"),
        (CONFIG | {"problem_type": "multi_label_classification"}, "multi-label"),
        (CONFIG | {"id2label": {"a": "NEG"}}, "id2label is not by number"),
        (CONFIG | {"id2label": {"1": "NEG", "2": "POS"}}, "must number its labels from 0"),
        ({"architectures": CONFIG["architectures"]}, r"cannot be told \(LABEL_0, LABEL_1\)"),
        ([], "is not a text classifier"),
    ],
)
def test_what_is_no_classifier_of_sentiment_is_refused(
    tmp_path: Path, config: object, told: str
) -> None:
    with pytest.raises(ModelError, match=told):
        find_classifier(str(written(tmp_path / "other", config)))


@pytest.mark.parametrize("content", [None, "{", "\xff"])
def test_a_config_that_cannot_be_read_is_named(folder: Path, content: str | None) -> None:
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(ModelError, match=r"config\.json"):
        find_classifier(str(folder))


def test_a_model_of_two_classes_is_taken_with_a_warning(tmp_path: Path) -> None:
    two = CONFIG | {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}}
    found = find_classifier(str(written(tmp_path / "two", two)))
    assert found.columns == ((0,), (), (1,))
    assert found.warning == "knows no neutral: every text is negative or positive"


def test_the_revision_is_of_the_files_and_not_of_their_place(folder: Path, tmp_path: Path) -> None:
    before = find_classifier(str(folder)).revision
    shutil.copytree(folder, tmp_path / "copy")
    assert find_classifier(str(tmp_path / "copy")).revision == before
    (folder / "README.md").write_text("notes")
    assert find_classifier(str(folder)).revision == before


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "vocab.txt"])
def test_the_revision_changes_with_every_file_that_matters(folder: Path, file: str) -> None:
    before = find_classifier(str(folder)).revision
    if file == "model.safetensors":
        save_file({"w": np.array([1, 2], np.float32)}, str(folder / file))
    else:
        (folder / file).write_text((folder / file).read_text() + "\n")
    assert find_classifier(str(folder)).revision != before


def test_the_revision_changes_with_the_meaning_of_labels(folder: Path) -> None:
    turned = {"NEG": "positive", "POS": "negative"}
    assert find_classifier(str(folder)).revision != find_classifier(str(folder), turned).revision


def test_a_sentence_encoder_is_its_modules(tmp_path: Path) -> None:
    dense = ("2_Dense", "sentence_transformers.models.Dense")
    folder = sentence_encoder(tmp_path / "encoder", TRANSFORMER, dense)
    before = find_encoder(str(folder)).revision
    written(folder / "2_Dense", {"out_features": 8})
    assert find_encoder(str(folder)).revision != before


def test_code_that_comes_with_an_encoder_is_refused(tmp_path: Path) -> None:
    folder = sentence_encoder(tmp_path / "encoder", ("", "modeling_evil.Evil"))
    with pytest.raises(ModelError, match=r"code of its own \(modeling_evil\.Evil\)"):
        find_encoder(str(folder))


def test_a_pickled_module_of_an_encoder_is_refused(tmp_path: Path) -> None:
    dense = ("2_Dense", "sentence_transformers.models.Dense")
    folder = sentence_encoder(tmp_path / "encoder", TRANSFORMER, dense)
    (folder / "2_Dense").mkdir()
    (folder / "2_Dense" / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(ModelError, match=r"2_Dense are pickled"):
        find_encoder(str(folder))


def test_what_is_no_encoder_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no modules\.json") as caught:
        find_encoder(str(folder))
    assert "is not a sentence-transformers encoder" in str(caught.value)
    (folder / "modules.json").write_text('{"a": 1}')
    with pytest.raises(ModelError, match="lists no modules"):
        find_encoder(str(folder))
    bare = sentence_encoder(tmp_path / "bare", TRANSFORMER)
    (bare / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights"):
        find_encoder(str(bare))
