"""Bytes of a file, whatever it is packed in: gzip, byte order marks, UTF-16, old encodings."""

from __future__ import annotations

import codecs
import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

import charset_normalizer

from listening.errors import ImportFileError

SAMPLE_BYTES = 1 << 20
_CHUNK = 1 << 18

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"{\\rtf", "a rich text document"),
)
_PACKED: tuple[tuple[bytes, str], ...] = (
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = frozenset(("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))
# What exports are really written in, likeliest first; any other can be named.
_CANDIDATES = [
    "cp1252", "latin_1", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r",
    "cp932", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman",
]  # fmt: skip

# Python's codecs of single host names: they fail on ordinary text, in ways of their own.
_HOST_NAMES = frozenset(("idna", "punycode"))


class Readable(Protocol):
    """What the readers of rows need of a file."""

    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How the text of a file is packed.

    `encoding` is of the bytes in the file; what `unpacked` delivers is in `delivered`, the same
    or UTF-8 where lines cannot be found in the encoding's bytes (UTF-16, UTF-32).
    """

    path: Path
    compression: Literal["gzip"] | None
    encoding: str
    mark: int  # bytes of the byte order mark
    bytes_total: int  # on disk

    @property
    def delivered(self) -> str:
        """The encoding of the lines that come out."""
        return "utf-8" if self.encoding in _WIDE else self.encoding


def look_into(path: Path, encoding: str | None = None) -> tuple[Packing, bytes]:
    """Find out how a file is packed, and give its first MiB as `unpacked` delivers it.

    Raises ImportFileError where it is no text file that can be read here.
    """
    compression = _compression(path)
    head = _head(path, compression)
    if not head:
        raise ImportFileError(f"{path} is empty: there is nothing to import")
    mark, marked = next(
        ((len(bom), name) for bom, name in _MARKS if head.startswith(bom)), (0, None)
    )
    if encoding is not None:
        encoding = _named(path, encoding)
        if encoding in ("utf-16", "utf-32"):  # they mean: by the mark; Windows writes the little
            encoding = marked if marked in _WIDE else f"{encoding}-le"
        if encoding != marked:
            mark = 0
    packing = Packing(
        path, compression, encoding or marked or _guess(path, head), mark, path.stat().st_size
    )
    sample = head[packing.mark :]
    if packing.encoding in _WIDE:
        sample = _transcode(sample, codecs.getincrementaldecoder(packing.encoding)("surrogatepass"))
    if not sample.strip():
        raise ImportFileError(f"{path} holds only blanks: there is nothing to import")
    return packing, sample


@contextmanager
def unpacked(packing: Packing) -> Iterator[tuple[Readable, BinaryIO]]:
    """Open the file; give its unpacked bytes, and the file on disk (whose tell() is progress)."""
    try:
        file = packing.path.open("rb")
    except OSError as error:
        raise ImportFileError(f"{packing.path} cannot be read: {error.strerror}") from error
    with file:
        stream: Readable = file
        if packing.compression:
            stream = _Unzipped(file)
        stream.read(packing.mark)
        if packing.encoding in _WIDE:
            stream = _AsUtf8(stream, packing.encoding)
        yield stream, file


class _Unzipped:
    """A gzip stream that gives all there is before it fails on a cut file."""

    def __init__(self, file: BinaryIO) -> None:
        self._gzip = gzip.GzipFile(fileobj=file, mode="rb")

    def read(self, size: int, /) -> bytes:
        # read() would throw away what it has when the next block is missing; read1() does not.
        return self._gzip.read1(size)


class _AsUtf8:
    """A UTF-16 or UTF-32 stream as UTF-8; what is invalid stays invalid, for its line to tell."""

    def __init__(self, stream: Readable, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")

    def read(self, size: int, /) -> bytes:
        while True:
            chunk = self._stream.read(size)
            delivered = _transcode(chunk, self._decoder, last=not chunk)
            if delivered or not chunk:
                return delivered


def _transcode(chunk: bytes, decoder: codecs.IncrementalDecoder, last: bool = False) -> bytes:
    done = b""
    while True:
        try:
            return done + decoder.decode(chunk, last).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:  # half a character at the end, or no character
            good = error.object[: error.start].decode(error.encoding, "surrogatepass")
            done += good.encode("utf-8", "surrogatepass") + b"\xff"
            chunk = error.object[error.end :]
            decoder.reset()


def _compression(path: Path) -> Literal["gzip"] | None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ImportFileError(f"{path} is a folder: name a file in it")
        if not stat.S_ISREG(mode):
            raise ImportFileError(f"{path} is not an ordinary file: save it to one first")
        with path.open("rb") as file:
            magic = file.read(4096)
    except FileNotFoundError:
        raise ImportFileError(f"{path} does not exist: check the name") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise ImportFileError(f"{path} cannot be read: {reason}") from error
    if magic.startswith(b"\x1f\x8b"):
        return "gzip"
    if magic.startswith(b"PK\x03\x04"):
        if b"xl/" in magic or b"[Content_Types].xml" in magic:
            raise ImportFileError(f"{path} is an Excel workbook: save it as CSV (UTF-8) first")
        raise ImportFileError(f"{path} is a ZIP archive: unpack it and import the CSV in it")
    for start, name in _PACKED:
        if magic.startswith(start):
            raise ImportFileError(f"{path} is packed with {name}: unpack it, or pack it with gzip")
    for start, name in _KINDS:
        if magic.startswith(start):
            raise ImportFileError(f"{path} is {name}: save it as CSV first")
    return None


def _head(path: Path, compression: str | None) -> bytes:
    """The first MiB, decompressed; of a broken gzip, what can be had."""
    head = io.BytesIO()
    with path.open("rb") as file:
        stream: Readable = _Unzipped(file) if compression else file
        try:
            while head.tell() < SAMPLE_BYTES and (chunk := stream.read(_CHUNK)):
                head.write(chunk)
        except (EOFError, OSError, zlib.error) as error:
            if not head.tell():
                raise ImportFileError(
                    f"{path} is a broken gzip file ({error}): fetch it again"
                ) from error
    return head.getvalue()


def _named(path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # refuses codecs from bytes to bytes (hex, zip)
        if name in _HOST_NAMES:
            raise LookupError
    except (LookupError, ValueError):
        raise ImportFileError(
            f"{path}: there is no encoding called {encoding!r}; usual ones are utf-8, utf-16, "
            "cp1252 and latin-1"
        ) from None
    return "utf-8" if name == "utf-8-sig" else name


def _guess(path: Path, head: bytes) -> str:
    """Name the encoding of a file without a mark, from its first MiB."""
    if wide := _wide(head):
        return wide
    controls = sum(map(head[:65536].count, _BINARY))
    if controls > len(head[:65536]) // 20 + 4:
        raise ImportFileError(f"{path} is a binary file, not text: save it as CSV first")
    broken, letters = _utf8_health(head)
    # A few broken bytes in a file full of good UTF-8 are broken lines, not another encoding.
    if not broken or letters >= 10 * broken:
        return "utf-8"
    best = charset_normalizer.from_bytes(
        head[:65536], cp_isolation=_CANDIDATES, preemptive_behaviour=False
    ).best()
    name = best.encoding if best else None
    # Latin alphabets are hardly told apart by counting letters; of those cp1252 is what
    # Windows exports are written in, wherever all its bytes exist.
    if name in (None, "latin_1", "cp1250", "cp1254", "mac_roman", "cp1252"):
        for latin in ("cp1252", "latin-1"):
            try:
                head.decode(latin)
            except UnicodeDecodeError:
                continue
            if latin == "cp1252" or name is not None or controls == 0:
                return latin
    if name is None:
        raise ImportFileError(
            f"{path}: its encoding cannot be told; name it with --encoding (cp1252, utf-16...)"
        )
    return codecs.lookup(name).name


_BINARY = tuple(bytes((code,)) for code in range(32) if code not in (9, 10, 12, 13, 27))


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of mostly Latin text is NUL."""
    start = head[:4096]
    half = len(start) // 2
    if half >= 8:
        even, odd = start[0::2].count(0), start[1::2].count(0)
        if odd > 0.6 * half and even < 0.05 * half:
            return "utf-16-le"
        if even > 0.6 * half and odd < 0.05 * half:
            return "utf-16-be"
    return None


def _utf8_health(head: bytes) -> tuple[int, int]:
    """Count broken places and letters beyond ASCII, were it UTF-8. A cut end is no break."""
    decoder = codecs.getincrementaldecoder("utf-8")
    try:
        decoder("strict").decode(head, False)
        return 0, 0
    except UnicodeDecodeError:
        text = decoder("surrogateescape").decode(head, False)
    broken = sum("\udc80" <= letter <= "\udcff" for letter in text)
    return broken, sum(letter > "\x7f" for letter in text) - broken
