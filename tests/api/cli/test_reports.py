"""`listening report`: what changed, digests, and their schedules."""

from __future__ import annotations

import json
from pathlib import Path

from tests.api.cli.conftest import Run


def test_a_digest_by_hand_and_on_a_schedule(listening: Run, tmp_path: Path) -> None:
    listening("brand", "add", "JetBlue")
    (tmp_path / "posts.csv").write_text(
        "id,author,text,date\n1,a,JetBlue is late,2026-09-01T10:00:00Z\n"
        "2,b,JetBlue again,2026-09-02T10:00:00Z\n"
    )
    listening("import", "posts.csv")
    said = listening("report", "show", "--brand", "JetBlue", "--window", "all").stdout
    assert "JetBlue, 2026-09-01 to 2026-09-02\n  2 mentions.\n" in said
    made = listening("report", "make", "--brand", "JetBlue", "--pdf", "now.pdf").stdout
    assert made == "Report 1: JetBlue: 27 Aug 2026 to 2 Sep 2026\n"
    assert (tmp_path / "now.pdf").read_bytes().startswith(b"%PDF")
    listening("report", "pdf", "--brand", "JetBlue", "1", "then.pdf")
    assert (tmp_path / "then.pdf").read_bytes().startswith(b"%PDF")
    (row,) = json.loads(listening("report", "list", "--brand", "JetBlue", "--json").stdout)
    assert (row["report"], row["mentions"], row["made_by"]) == (1, 2, "command line")
    wrong = listening("report", "schedule", "--brand", "JetBlue", "--cron", "x", check=False)
    assert (wrong.returncode, wrong.stderr.startswith("Error: cron")) == (1, True)
    added = listening("report", "schedule", "--brand", "JetBlue", "--timezone", "Europe/Berlin")
    assert added.stdout.startswith("Schedule 1, Weekly: next ")
    (row,) = json.loads(listening("report", "schedules", "--brand", "JetBlue", "--json").stdout)
    assert (row["cron"], row["timezone"]) == ("0 8 * * 1", "Europe/Berlin")
    assert listening("report", "due").stdout == "0 made.\n"
    listening("report", "unschedule", "--brand", "JetBlue", "1")
    assert listening("report", "recount").stdout == "Everything is counted.\n"
    assert listening("report", "make", "--brand", "nobody", check=False).returncode == 1
