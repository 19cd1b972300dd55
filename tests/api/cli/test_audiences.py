"""`listening customers` and `listening audience`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from api.cli.audiences import _written
from listening.store.schema import migrate
from listening.store.session import Store
from tests.api.cli.conftest import Run
from tests.flagged import flagged_brand


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_customers_become_an_audience(listening: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    store = Store(f"sqlite:///{tmp_path / 'data' / 'listening.db'}")
    migrate(store)
    flagged_brand(store)
    store.close()
    crm = tmp_path / "crm.csv"
    crm.write_bytes(b"\xef\xbb\xbfsource,handle,email\nfile,fan1,Fan@Example.org\nfile,fan2,none\n")
    done = listening("customers", "import", str(crm))
    assert done.stdout == "1 customer records kept, 1 rows left out.\n"
    assert "line 3: neither an e-mail address" in done.stderr

    written = listening("audience", "--brand", "JetBlue", "--for", "google")
    assert written.stdout.splitlines() == [
        "Email,Phone,First Name,Last Name,Country,Zip", hashed("fan@example.org") + ",,,,,",
    ]  # fmt: skip
    assert written.stderr == "1 of 2 advocates are in the file.\n"
    out = tmp_path / "meta.csv"
    listening("audience", "--brand", "JetBlue", "--for", "meta", "--list", "detractors",
              "--out", str(out))  # fmt: skip
    assert out.read_text() == "EMAIL,PHONE,FN,LN,ZIP,COUNTRY\n"

    assert listening("customers", "forget").stdout == "1 customer records deleted.\n"
    missing = listening("customers", "import", "nowhere.csv", check=False)
    assert missing.returncode == 1
    assert "nowhere.csv cannot be read" in missing.stderr


def test_what_meta_does_not_take_at_once_is_written_in_parts(tmp_path: Path) -> None:
    lines = ["EMAIL\n", *(f"{number}\n" for number in range(20_001))]
    out = tmp_path / "meta.csv"
    count, files = _written(iter(lines), out, split=True)
    assert files == [str(tmp_path / name) for name in ("meta.csv", "meta-2.csv", "meta-3.csv")]
    assert count == 20_001 + 3
    parts = [Path(name).read_text().splitlines() for name in files]
    assert [(part[0], part[1], part[-1], len(part)) for part in parts] == [
        ("EMAIL", "0", "9999", 10_001), ("EMAIL", "10000", "19999", 10_001),
        ("EMAIL", "20000", "20000", 2),
    ]  # fmt: skip
    assert _written(iter(lines), out, split=False) == (20_002, [str(out)])
