"""Text as the models want it, its language, and which texts are copies."""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from nlp.types import Target

_URL = re.compile(r"https?://\S+|www\.\S+")
_HANDLE = re.compile(r"(?<![\w@])@[\w.]*\w")
_REPOST = re.compile(r"^\s*(?:RT|MT|via)\s+@user:?\s*", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
_NOT_LETTERS = re.compile(r"[\W\d_]+")

# Below this many letters langid guesses; such a text has no language of its own.
_MIN_LETTERS = 16
_MIN_CONFIDENCE = 0.5
_MIN_CONFIDENCE_AGAINST = 0.8  # of what the source declares
# Rare languages attract English slang; these cover what brands are spoken of in.
LANGUAGES = (
    "ar bg bn ca cs da de el en es fa fi fr he hi hr hu id it ja ko lt lv"
    " ms nl no pl pt ro ru sk sl sr sv ta te th tr uk ur vi zh"
).split()
_LATIN = re.compile(r"[a-zA-ZÀ-ɏ]")


def for_model(text: str) -> str:
    """The text as the sentiment heads were trained: handles as @user, addresses as http.

    Emoji and hashtags stay: they carry opinion.
    """
    text = unicodedata.normalize("NFC", html.unescape(text))
    text = _HANDLE.sub("@user", _URL.sub("http", text))
    return _SPACE.sub(" ", text).strip()


# Private characters around a target while a text is prepared; no text has them.
_OPEN, _CLOSE = "\ue000", "\ue001"
_SIGN = re.compile("[\ue000\ue001]")


def marked(text: str, targets: Sequence[Target]) -> tuple[str, list[Target]]:
    """A text as `for_model` gives it, with the places where each target stands in it.

    Args:
        text: as it was written.
        targets: per target its (start, end) places in `text`; a place in a handle grows to the
            whole handle, one in an address is lost, as addresses are.

    Returns:
        The prepared text and, per target, its places there; empty where none is left.
    """
    clean = _SIGN.sub(" ", text)
    handles = [match.span() for match in _HANDLE.finditer(clean)]
    found: list[Target] = []
    for target in targets:
        places = sorted({_whole(span, handles) for span in target})
        pieces, at = [], 0
        for start, end in places:
            if start < at or end <= start or end > len(clean):
                continue  # overlaps the one before, or lies outside
            pieces += [clean[at:start], _OPEN, clean[start:end], _CLOSE]
            at = end
        found.append(_places("".join([*pieces, clean[at:]])))
    return for_model(clean), found


def _whole(span: tuple[int, int], handles: Sequence[tuple[int, int]]) -> tuple[int, int]:
    for start, end in handles:
        if start < span[1] and span[0] < end:
            return start, end
    return span


def _places(signed: str) -> list[tuple[int, int]]:
    """Where the signs stand once the text is prepared and they are taken out."""
    prepared = for_model(signed)
    places: list[tuple[int, int]] = []
    opened = None
    for shift, match in enumerate(_SIGN.finditer(prepared)):
        at = match.start() - shift
        if match.group() == _OPEN:
            opened = at
        elif opened is not None:
            if at > opened:
                places.append((opened, at))
            opened = None
    return places


def bare(text: str) -> str:
    """The words of a text, without addresses, handles, repost marks: for keywords, language."""
    text = _REPOST.sub("", for_model(text))
    text = re.sub(r"\bhttp\b|@user", " ", text)
    return _SPACE.sub(" ", text).strip()


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier


def detect_language(text: str, declared: str | None = None) -> str | None:
    """Two-letter code of the text's language, or None where nothing tells.

    What the source declares is often the account's language and not the text's, so a
    confident finding outweighs it; a short or mixed text takes the declared one.

    Args:
        text: as it was written.
        declared: BCP-47 code given by the source.

    Source of the model: py3langid (LangID.py by Lui and Baldwin, 2012).
    """
    said = declared.split("-")[0].lower() if declared else None
    words = _NOT_LETTERS.sub(" ", bare(text).replace("#", " ")).strip()
    letters = len(words.replace(" ", ""))
    if letters == 0:
        return said
    latin = len(_LATIN.findall(words)) >= letters / 2
    if latin and letters < _MIN_LETTERS:
        return said
    code, probability = _identifier().classify(words)
    needed = _MIN_CONFIDENCE_AGAINST if said not in {None, code} else _MIN_CONFIDENCE
    return str(code) if probability >= needed or not latin else said


def has_words(text: str) -> bool:
    """Whether anything is left to have an opinion with once addresses and handles are gone."""
    return any(not ch.isspace() and ch not in ".,:;-_/|" for ch in bare(text))


def copy_key(text: str, *, min_words: int = 5) -> str | None:
    """A key that copies of a text share, whatever their links, handles, case and punctuation.

    Args:
        text: the post.
        min_words: texts with fewer words ("thank you so much") are nobody's copy.
    """
    words = _WORD.findall(bare(text).casefold())
    if len(words) < min_words:
        return None
    return hashlib.blake2b(" ".join(words).encode(), digest_size=12).hexdigest()


def near_duplicates(texts: Sequence[str], *, threshold: float = 0.8) -> list[int]:
    """Group near-copies: the position of the first text of each one's group.

    Args:
        texts: (n,) in the order in which the first one of a group is the original.
        threshold: Jaccard similarity of word triples from which a pair is a copy; candidates
            come from MinHash bands (rensa), each pair is then checked exactly.

    Returns:
        (n,) positions; a text without a near-copy holds its own.
    """
    from rensa import RMinHash, RMinHashLSH

    groups = list(range(len(texts)))
    shingles = [_shingles(text) for text in texts]
    index = RMinHashLSH(threshold=threshold, num_perm=64, num_bands=16)
    for position, own in enumerate(shingles):
        if not own:
            continue
        sketch = RMinHash(num_perm=64, seed=42)
        sketch.update(sorted(own))
        for candidate in sorted(index.query(sketch)):
            other = shingles[candidate]
            if len(own & other) >= threshold * len(own | other):
                groups[position] = groups[candidate]
                break
        if groups[position] == position:  # only originals are compared with
            index.insert(position, sketch)
    return groups


def _shingles(text: str) -> frozenset[str]:
    words = _WORD.findall(bare(text).casefold())
    if len(words) < 5:
        return frozenset()
    return frozenset(" ".join(words[i : i + 3]) for i in range(len(words) - 2))
