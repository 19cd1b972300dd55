"""The check of what is shipped and built on finds what it is for."""

from __future__ import annotations

from pathlib import Path

from tests.supply import installed, secrets_in, strict_licences, unpinned


def test_a_secret_in_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    key = "-----BEGIN RSA " + "PRIVATE KEY-----\nx\n"
    (tmp_path / "tests" / "a.py").write_text(key + "password = 'made up for a test'\n")
    (tmp_path / "b.py").write_text("db_password = 'correct-horse-7'\n")
    (tmp_path / "c.py").write_text("password = settings.password\n")
    found = secrets_in(sorted(tmp_path.rglob("*.py")), tmp_path)
    assert found == ["b.py:1: Secret Keyword", "tests/a.py:1: Private Key"]


def test_every_package_that_is_installed_is_pinned() -> None:
    assert len(installed()) > 50
    assert unpinned() == []


def test_no_licence_is_unknown_or_binds_whoever_passes_this_on() -> None:
    assert strict_licences() == []
