"""What is shipped and built on: no secret in the files, every package pinned, licences known.

`python -m tests.supply` (part of `make check`). Whether a package has a known hole is not
looked up: that takes a list from elsewhere (`pip-audit -r constraints.txt`, on a machine that
reaches the internet).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parent.parent
# Keys by their shape; what only looks random is no key here (digests, ids).
SHAPES = (
    "ArtifactoryDetector", "AWSKeyDetector", "AzureStorageKeyDetector", "CloudantDetector",
    "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector",
    "MailchimpDetector", "NpmDetector", "OpenAIDetector", "PrivateKeyDetector",
    "PypiTokenDetector", "SendGridDetector", "SlackDetector", "SquareOAuthDetector",
    "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
# Beside them passwords by the name they go under; tests are full of made-up ones.
NAMED = ("BasicAuthDetector", "KeywordDetector")
# Looked at, and no secrets.
ALLOWED = {
    ("docs/deploying.md", "PASSWORD"),
    ("docs/deploying.md", "password"),
    ("listening/store/session.py", "password"),
    ("listening/sources/bluesky.py", "LISTENING_BLUESKY_HANDLE"),
    ("listening/sources/bluesky.py", "https://bsky.app/settings/app-passwords"),
}
_DATA = {".safetensors", ".png", ".csv", ".jsonl", ".gz", ".npz", ".npy", ".svg"}
# They come with Python or are this product.
_OWN = {"listening", "pip", "setuptools", "wheel"}
_STRICT = re.compile(r"\b(A?GPL|Affero|General Public)", re.IGNORECASE)
_WEAK = re.compile(r"LGPL|Lesser", re.IGNORECASE)


def secrets_in(files: Sequence[Path], root: Path = ROOT) -> list[str]:
    """Where a file holds what looks like a secret and was not looked at; not the secret."""
    found = []
    for named, group in (
        (False, [f for f in files if f.is_relative_to(root / "tests")]),
        (True, [f for f in files if not f.is_relative_to(root / "tests")]),
    ):
        plugins = [{"name": name} for name in (*SHAPES, *(NAMED if named else ()))]
        with transient_settings({"plugins_used": plugins}):
            for path in group:
                own = path.relative_to(root).as_posix()
                found += [
                    f"{own}:{one.line_number}: {one.type}"
                    for one in scan_file(str(path))
                    if (own, one.secret_value) not in ALLOWED
                ]
    return sorted(found)


def tracked() -> list[Path]:
    """The files of the repository that are text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    paths = [ROOT / name for name in listed if name]
    return [path for path in paths if path.suffix not in _DATA and path.is_file()]


def folded(name: str) -> str:
    """A package's name as all spellings of it are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, Distribution]:
    """Every package of this environment, but what Python brings."""
    found = {folded(d.name): d for d in distributions() if d.name}
    return {name: one for name, one in found.items() if name not in _OWN}


def pinned() -> dict[str, str]:
    """What constraints.txt says."""
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;#]+)", text, re.MULTILINE)
    return {folded(name): version for name, version in lines}


def unpinned() -> list[str]:
    """Packages that are here and not in constraints.txt at this version."""
    pins = pinned()
    return sorted(
        f"{name} {one.version} (pinned: {pins.get(name)})"
        for name, one in installed().items()
        if pins.get(name, "").partition("+")[0] != one.version.partition("+")[0]
    )


def licence_of(one: Distribution) -> str:
    """What a package says of its licence."""
    facts = one.metadata
    told = [facts.get("License-Expression") or "", facts.get("License") or ""]
    told += [c for c in facts.get_all("Classifier") or [] if c.startswith("License ::")]
    return "; ".join(line.strip().splitlines()[0] for line in told if line.strip())


def strict_licences() -> list[str]:
    """Packages whose licence is not told, or would bind whoever passes this product on."""
    found = []
    for name, one in installed().items():
        told = licence_of(one)
        texts = [
            f for f in one.files or [] if "licen" in f.name.lower() or "copying" in f.name.lower()
        ]
        if not told and not texts:
            found.append(f"{name}: not told")
        elif _STRICT.search(_WEAK.sub("", told)) and " OR " not in told.upper():
            found.append(f"{name}: {told[:80]}")
    return sorted(found)


def check() -> Iterator[str]:
    """What somebody should see to, line by line."""
    yield from (f"secret? {line}" for line in secrets_in(tracked()))
    yield from (f"not pinned: {line}" for line in unpinned())
    yield from (f"licence: {line}" for line in strict_licences())
    broken = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if broken.returncode:
        yield from (f"pip check: {line}" for line in broken.stdout.splitlines())


if __name__ == "__main__":
    problems = list(check())
    print("\n".join(problems) or "No secret, all pinned, licences known.")
    sys.exit(bool(problems))
