"""A watched folder: takes whatever `listening import` takes, and never touches a file."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from gzip import BadGzipFile
from itertools import islice
from pathlib import Path
from typing import Any, cast

from listening.errors import ImportFileError, SettingsError
from listening.importing import BadRow, open_table
from listening.sources.base import (
    ANYTHING,
    Batch,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.errors import UnavailableError
from listening.sources.marks import Mark, Place, ends_open, place_in, unreadable
from listening.sources.reading import READING, check_reading, in_settings, reading_options

BATCH = 2000  # rows
SETTLED = 2.0  # seconds since a file was last written to

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", "~")

_SPEC = SourceSpec(
    name="folder",
    help="Reads the files of a folder, and what is added to them.",
    settings=(
        SourceSetting(name="path", help="the folder", required=True),
        SourceSetting(name="pattern", help="which files, such as *.csv or **/*.jsonl", default="*"),
        *READING,
    ),
    gives="whatever the files say",
    lacks="what was changed in the middle of a file that grew as well",
    backfill=True,
    only_mentions=False,
)


class FolderSource:
    """The files of a folder, each read once and on from there when it grows.

    Args:
        settled: seconds a file must have been left alone before it is read.
    """

    def __init__(self, settled: float = SETTLED) -> None:
        self._settled = settled

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with the folder's whole path.

        Raises:
            SettingsError: there is no such folder, pattern, preset or field.
        """
        check_reading("folder", params)
        folder = Path(params["path"]).expanduser().resolve()
        if not folder.is_dir():
            raise SettingsError(
                f"folder: path: {folder} is no folder on this machine; make it, or name another."
            )
        pattern = params.get("pattern", "*")
        try:
            list(islice(folder.glob(pattern), 1))
        except (ValueError, NotImplementedError, IndexError):
            raise SettingsError(
                f"folder: pattern: {pattern!r} is no pattern within the folder; write one such "
                "as *.csv or **/*.jsonl."
            ) from None
        return {**params, "path": str(folder)}

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Read what is new; a back-fill reads all files again and takes the posts of its window.

        Raises:
            UnavailableError: the folder is gone or may not be read.
        """
        held = {name: Mark(*mark) for name, mark in (cursor or {}).get("files", {}).items()}
        gathered = _Gathered(held, window)
        young = yield from self._pass(params, gathered)
        if young is not None:
            # Whoever has just put a file there need not wait for the next sweep.
            time.sleep(min(young, self._settled))
            yield from self._pass(params, gathered)
        if gathered.changed:
            yield gathered.batch()

    def _pass(
        self, params: Mapping[str, Any], gathered: _Gathered
    ) -> Generator[Batch, None, float | None]:
        """Read every file that has settled; seconds until the youngest has, None: all have."""
        folder = Path(params["path"])
        files = _files(folder, params.get("pattern", "*"))
        gathered.keep({_shown(path.relative_to(folder)) for path, _ in files})
        young: float | None = None
        for path, found in files:
            age = time.time() - found.st_mtime
            if 0 <= age < self._settled:  # a time still to come is a clock that was put back
                young = max(young or 0.0, self._settled - age)
                continue
            yield from _read(path, _shown(path.relative_to(folder)), found, params, gathered)
        return young


@dataclass(slots=True)
class _Gathered:
    """Rows on their way into a batch, and how far each file is."""

    marks: dict[str, Mark]
    window: Window | None = None
    changed: bool = False
    _rows: int = 0
    _posts: list[RawPost] = field(default_factory=list)
    _places: list[tuple[str, int]] = field(default_factory=list)
    _bad: list[tuple[str, BadRow]] = field(default_factory=list)
    _again: dict[str, int] = field(default_factory=dict)

    def begin(self, origin: str, line: int | None) -> None:
        """A file is read, anew from a line on unless that is None."""
        if line is not None and self.window is None:
            self._again[origin] = line

    def take(self, row: RawPost | BadRow, origin: str, line: int) -> bool:
        """Take in a row that begins at a line; True when a batch is full."""
        self._rows += 1
        if isinstance(row, BadRow):
            if self.window is None:  # the pull itself has put it aside
                self._bad.append((origin, row))
        elif self.window is None or self.window.since <= row.published_at < self.window.until:
            self._posts.append(row)
            self._places.append((origin, line))
        return self._rows >= BATCH

    def mark(self, name: str, mark: Mark) -> None:
        """Note how far a file is."""
        self.changed |= self.marks.get(name) != mark
        self.marks[name] = mark

    def keep(self, names: set[str]) -> None:
        """Forget files that are gone."""
        gone = self.marks.keys() - names
        self.changed |= bool(gone)
        self.marks = {name: mark for name, mark in self.marks.items() if name not in gone}

    def batch(self) -> Batch:
        """Give out what was gathered, and begin anew."""
        batch = Batch(
            cursor={"files": {name: mark.as_json() for name, mark in self.marks.items()}},
            posts=self._posts,
            places=self._places,
            bad_rows=self._bad,
            again=self._again,
        )
        self._rows, self._posts, self._places, self._bad, self._again = 0, [], [], [], {}
        self.changed = False
        return batch


class _Reading:
    """One file being read: its rows, and where the latest of them leaves off."""

    def __init__(self, path: Path, place: Place, params: Mapping[str, Any]) -> None:
        self._path, self._params, self._mark = path, params, place.mark
        self._began = self._line = place.mark.line
        self._past = 0

    @property
    def mark(self) -> Mark:
        """The place after the latest row."""
        return replace(self._mark, line=self._line, past=self._past)

    def rows(self) -> Iterator[tuple[RawPost | BadRow, int]]:
        """The rows that are still to be read, each with the line it begins at or after.

        Raises:
            ImportFileError: the file, or the rest of it, cannot be read.
        """
        table = open_table(self._path, **reading_options(self._params))
        skip = self._mark.past
        rows = cast(Generator[RawPost | BadRow, None, None], table.rows(start_line=self._line))
        with closing(rows):
            for row in rows:
                line = table.progress().line
                self._began, self._line = self._line, line
                self._past = self._past + 1 if line == self._began else 0
                if skip:
                    skip -= 1
                    continue
                yield row, self._began

    def ended(self, found: os.stat_result) -> Mark:
        """The mark of a file read to its end; a last line that may grow is read again then."""
        now = self._path.stat()
        same = (now.st_size, now.st_mtime_ns) == (found.st_size, found.st_mtime_ns)
        if same and not ends_open(self._path):
            return replace(self.mark, done=True)
        return replace(self._mark, line=self._began, past=0, done=same)


def _read(
    path: Path,
    name: str,
    found: os.stat_result,
    params: Mapping[str, Any],
    gathered: _Gathered,
) -> Iterator[Batch]:
    """Read one file from where it was left; what is wrong with it is a row in quarantine."""
    origin, mark = _shown(path), gathered.marks.get(name)
    try:
        place = place_in(path, found, mark)
        if place is None:
            return
        gathered.begin(origin, place.again)
        reading = _Reading(path, place, params)
        mark = place.mark
        for row, line in reading.rows():
            full = gathered.take(row, origin, line)
            mark = reading.mark
            if full:
                gathered.mark(name, mark)
                yield gathered.batch()
        gathered.mark(name, reading.ended(found))
    except (ImportFileError, OSError) as error:
        if not path.exists():
            return  # taken away meanwhile
        until = 1 if _may_pass(error) else found.st_ctime_ns
        given_up = unreadable(found, mark, until)
        reason = in_settings(str(error))
        gathered.take(BadRow(given_up.line, reason, None, ""), origin, given_up.line)
        gathered.mark(name, given_up)


def _may_pass(error: Exception) -> bool:
    """Whether the disk or the network failed, and not what is in the file or its rights."""
    cause = error.__cause__ or error
    return isinstance(cause, OSError) and not isinstance(cause, BadGzipFile | PermissionError)


def _files(folder: Path, pattern: str) -> list[tuple[Path, os.stat_result]]:
    """The files of a folder, the oldest first: of a post in two of them the later counts.

    Raises:
        UnavailableError: it is not there, or may not be read.
    """
    try:
        with os.scandir(folder):  # a pattern passes over what may not be read
            pass
        found = []
        for path in folder.glob(pattern):
            parts = path.relative_to(folder).parts
            if any(part.startswith(".") for part in parts) or path.name.endswith(_UNFINISHED):
                continue
            with suppress(FileNotFoundError):
                state = path.stat()
                if stat.S_ISREG(state.st_mode) and state.st_size:
                    found.append((path, state))
    except OSError as error:
        raise UnavailableError(
            f"The folder {folder} cannot be read ({error.strerror}): is it mounted, and may this "
            "user read it?"
        ) from error
    return sorted(found, key=lambda one: (one[1].st_mtime_ns, str(one[0])))


def _shown(path: Path) -> str:
    """A path as it can be stored, whatever bytes are in it."""
    return str(path).encode("utf-8", "backslashreplace").decode()
