"""Files that are known to be whole before anything of them is stored."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from listening.errors import ImportFileError
from listening.importing.opening import open_table
from listening.importing.table import Table

_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b"


class TooLargeError(ImportFileError):
    """It holds more than is taken at once."""


def open_file(path: Path, **options: object) -> Table:
    """Understand a file, and make sure that it can be read to its end before anything is stored.

    Raises:
        ImportFileError: one line that names the file, what is wrong and the fix.
    """
    table = open_table(path, **options)  # type: ignore[arg-type]
    if table.compression is not None:
        read_through(path)
    return table


def read_through(path: Path, most: int | None = None) -> bool:
    """Read a file to its end, unpacked; whether there is anything but blanks in it.

    Args:
        path: gzip or not; a cut gzip is refused before its first half is stored.
        most: bytes of content; None: however many there are.

    Raises:
        TooLargeError: it unpacks to more.
        ImportFileError: it is a gzip file that is not whole.
    """
    size, telling = 0, False
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
            file.seek(0)
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb")) if packed else file
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                telling = telling or not chunk.isspace()
                if most is not None and size > most:
                    raise TooLargeError(
                        f"{path} unpacks to more than {most:,} bytes: split it into several."
                    )
    except (EOFError, OSError, zlib.error) as error:
        raise ImportFileError(
            f"{path}: the gzip file is cut short or damaged after {size:,} bytes of content: "
            "fetch it again. Nothing was stored."
        ) from error
    return telling
