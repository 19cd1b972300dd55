"""Tombstones: salted hashes of whom and what was erased, so that no later pull brings it back.

An erased author leaves four kinds: the author (source and native id), their posts (so that
copies of them stay away too), their handle at the source (masked in what others say), and
what would tell them in a row that cannot be read.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from listening.matching import handle_of
from listening.sources.base import PostKind, RawPost
from listening.store.bulk import chunked, upsert
from listening.store.tables import StoreFact, Tombstone
from listening.store.tables.types import now
from listening.store.watches.rawrows import fields_of, is_telling

K = TypeVar("K")

SALT = "salt"
OLDER_SALT = "salt:"  # of a store that this one took the place of; its tombstones still count
RESTORED = "restored"  # a backup came in: tombstones are still to be applied to it
_GATE = 0x6C697374  # any number, the same in every process
_HANDLE = re.compile(r"(?<![\w@])@(\w[\w.\-]*)")
_COPY = re.compile(r"RT @(\w[\w.\-]*)", re.IGNORECASE)
REFERENCES = ("reply_to", "thread", "repost_of")  # of a post, to others at the same source


def store_salt(session: Session) -> str:
    """The secret of this store's hashes, made when first asked for; it is never exported."""
    fact = session.get(StoreFact, SALT)
    if fact is None:
        # Of two workers that get here at once the first one's salt stands.
        upsert(session, StoreFact, [{"name": SALT, "value": secrets.token_hex(16)}], key=("name",))
        fact = session.exec(select(StoreFact).where(StoreFact.name == SALT)).one()
    return fact.value


def tombstone_digest(session: Session, source: str, native_id: str) -> str:
    """The salted hash that stands for an erased author."""
    return _digest(store_salt(session), "author", source, native_id)


def bury(
    session: Session,
    *,
    authors: Iterable[tuple[str, str]] = (),
    posts: Iterable[tuple[str, str]] = (),
    handles: Iterable[tuple[str, str]] = (),
    values: Iterable[str] = (),
) -> None:
    """Write tombstones; one that stands already stays as it is.

    Args:
        session: inside a unit of work.
        authors, posts: (source, native id); of posts also whatever else refers to them.
        handles: (source, handle), to be masked in other people's posts.
        values: what tells the author in a row that cannot be read.
    """
    salt = store_salt(session)
    digests = {_digest(salt, "author", *key) for key in authors}
    digests |= {_digest(salt, "post", *key) for key in posts}
    digests |= {_digest(salt, "handle", source, handle_of(h)) for source, h in handles}
    digests |= {_digest(salt, "row", "", handle_of(value)) for value in values}
    moment = now()
    rows = [{"digest": digest, "created_at": moment} for digest in digests]
    upsert(session, Tombstone, rows, key=("digest",))


def erased(session: Session, authors: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of (source, native id) that were erased and must not come back."""
    return _buried(session, "author", {key: key for key in authors})


def erased_handles(session: Session, accounts: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of (source, folded handle or native id) that an erased author had."""
    keys = list(accounts)
    handles = _buried(session, "handle", {key: key for key in keys})
    return handles | erased(session, keys)


def admitted(session: Session, posts: Sequence[RawPost]) -> list[RawPost]:
    """Posts as they may be stored: without those of erased authors and copies of them.

    Where somebody else names an erased author by handle, the handle is masked by as many
    stars, and references to what was erased are left out. Nobody can be erased between this
    and the end of the unit of work.
    """
    hold_gate(session, alone=False)
    if session.exec(select(Tombstone.digest).limit(1)).first() is None:
        return list(posts)
    gone = erased(session, {(p.source, p.author_native_id) for p in posts})
    kept = [p for p in posts if (p.source, p.author_native_id) not in gone]
    named = {(p.source, name): (p.source, name) for p in kept for name in _named(p)}
    masked = _buried(session, "handle", named)
    kept = [p for p in kept if (p.source, _copied(p)) not in masked]
    marks = {(p.source, mark): (p.source, mark) for p in kept for mark in _marks(p)}
    away = _buried(session, "post", marks)
    return [
        _without(p, {name for source, name in masked if source == p.source}, away)
        for p in kept
        if p.kind != PostKind.REPOST or (p.source, p.repost_of) not in away
    ]


def _named(post: RawPost) -> set[str]:
    return handles_in(post.text) | handles_in(post.title or "")


def _copied(post: RawPost) -> str | None:
    """Whose words a post repeats, where it says so: RT @handle: ..."""
    found = _COPY.match(post.text)
    return handle_of(found.group(1).rstrip(".-")) if found else None


def _marks(post: RawPost) -> set[str]:
    return {mark for name in REFERENCES if (mark := getattr(post, name))}


def rows_of_erased(session: Session, raws: Mapping[K, str]) -> set[K]:
    """Keys of raw rows in which a field tells an erased author."""
    if session.exec(select(Tombstone.digest).limit(1)).first() is None:
        return set()
    fields = {key: {f for f in fields_of(raw) if is_telling(f)} for key, raw in raws.items()}
    told = {field for own in fields.values() for field in own}
    gone = _buried(session, "row", {field: ("", field) for field in told})
    return {key for key, own in fields.items() if own & gone}


def handles_in(text: str) -> set[str]:
    """Handles that a text names, folded, without their @."""
    if "@" not in text:
        return set()
    return {handle_of(found.rstrip(".-")) for found in _HANDLE.findall(text)}


def masked_handles(text: str, handles: set[str]) -> str:
    """A text in which these handles are stars: of the same length, so that spans still fit."""

    def stars(found: re.Match[str]) -> str:
        word = found.group(1)
        name = word.rstrip(".-")
        return f"@{'*' * len(name)}{word[len(name) :]}" if handle_of(name) in handles else found[0]

    return _HANDLE.sub(stars, text)


def was_restored(session: Session) -> bool:
    """Whether a backup took this store's place, and may have brought erased authors back."""
    return session.get(StoreFact, RESTORED) is not None


def forget_restored(session: Session) -> None:
    """Every erased author whom a backup brought back was erased again."""
    session.execute(delete(StoreFact).where(col(StoreFact.name) == RESTORED))


def hold_gate(session: Session, *, alone: bool) -> None:
    """Let nobody erase while posts go in, nor the other way round, until the work ends.

    SQLite has one writer anyway. On PostgreSQL an author who is looked up in one process and
    erased in another would otherwise come back with the first one's posts.
    """
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
        session.connection().execute(select(lock(_GATE)))


def _without(post: RawPost, handles: set[str], away: set[tuple[str, str]]) -> RawPost:
    """A post that neither names nor refers to whom and what was erased."""
    changed: dict[str, str | None] = {
        name: None for name in REFERENCES if (post.source, getattr(post, name)) in away
    }
    if _named(post) & handles:
        changed["text"] = masked_handles(post.text, handles)
        changed["title"] = masked_handles(post.title, handles) if post.title else None
    return replace(post, **changed) if changed else post  # type: ignore[arg-type]


def _buried(session: Session, kind: str, keys: Mapping[K, tuple[str, str]]) -> set[K]:
    """Those of the keys whose (source, value) has a tombstone of this kind."""
    if not keys or session.exec(select(Tombstone.digest).limit(1)).first() is None:
        return set()
    digests = {
        _digest(salt, kind, source, value): key
        for salt in _salts(session)
        for key, (source, value) in keys.items()
    }
    found: set[K] = set()
    for chunk in chunked(sorted(digests), 5000):
        hit = select(Tombstone.digest).where(col(Tombstone.digest).in_(chunk))
        found |= {digests[digest] for digest in session.exec(hit)}
    return found


def _salts(session: Session) -> list[str]:
    """This store's salt, and those whose tombstones came from a store it replaced."""
    older = select(StoreFact.value).where(col(StoreFact.name).startswith(OLDER_SALT))
    return [store_salt(session), *session.exec(older.order_by(col(StoreFact.name)))]


def _digest(salt: str, kind: str, source: str, value: str) -> str:
    # Authors were first, and are hashed as they always were.
    text = f"{salt}\x1f{source}\x1f{value}"
    if kind != "author":
        text = f"{salt}\x1e{kind}\x1f{source}\x1f{value}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
