"""Which model files are used, and whether they are the right ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nlp.artifacts import find_base_encoder, opinion_file, read_manifest, revision_of
from nlp.errors import ModelError


def test_the_checkout_names_the_pinned_encoder() -> None:
    manifest = read_manifest()
    assert manifest.base.sha256 == (
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    )
    assert revision_of(manifest).startswith("53aa5117+")


def test_the_installed_package_brings_the_pinned_encoder() -> None:
    folder = find_base_encoder(read_manifest())
    assert (folder / "tokenizer.json").is_file()


def test_the_shipped_model_is_the_one_in_the_manifest() -> None:
    assert opinion_file(read_manifest()).name == "opinions.safetensors"


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    shutil.copytree(read_manifest().folder, tmp_path / "models")
    file = tmp_path / "models" / "opinions.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match="not the one the manifest names for opinions"):
        opinion_file(read_manifest(tmp_path / "models"))


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    shutil.copytree(read_manifest().folder, tmp_path / "models")
    (tmp_path / "models" / "opinions.safetensors").unlink()
    with pytest.raises(ModelError, match=r"opinions\.safetensors \(opinions\) is missing"):
        opinion_file(read_manifest(tmp_path / "models"))


def test_a_configured_encoder_must_be_the_pinned_one(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"another")
    with pytest.raises(ModelError, match="not the one the manifest names for base"):
        find_base_encoder(read_manifest(), tmp_path)


@pytest.mark.parametrize("content", [None, "no = toml = here", "[base]\nrepo = 'x'\n"])
def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "manifest.toml").write_text(content)
    with pytest.raises(ModelError, match=r"manifest\.toml|model manifest"):
        read_manifest(tmp_path)
