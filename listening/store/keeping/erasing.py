"""Erasing authors: who is meant, what would go, and taking it out unit by unit.

The tombstone comes first and the author's own row last: whoever was killed between runs it
again, and nothing can come in meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, update
from sqlmodel import Session, SQLModel, col, select

from listening.errors import ConflictError, ListeningError
from listening.matching import handle_of
from listening.sources.base import PostKind
from listening.store.bulk import chunked
from listening.store.counts.daymarks import mark_author
from listening.store.counts.windowed import forget_themes
from listening.store.keeping.removing import remove_posts
from listening.store.keeping.tombstones import bury, erased, handles_in, masked_handles
from listening.store.posts.posts import text_hash
from listening.store.posts.words import store_words
from listening.store.segments.marking import mark_figures
from listening.store.segments.segmentations import drop_unfinished
from listening.store.tables import (
    Alias,
    AliasKind,
    Analysis,
    Author,
    AuthorProfile,
    Brand,
    Case,
    CaseNote,
    Claim,
    CustomerRecord,
    Flag,
    Membership,
    MembershipChange,
    Mention,
    MentionSentiment,
    Post,
    Repeat,
    Review,
    RunArtefact,
    SegmentationFit,
    Stance,
    StanceChange,
    Vector,
)
from listening.store.watches.rawrows import is_telling

_REFERENCES = (Post.reply_to, Post.thread, Post.repost_of)


@dataclass(frozen=True, slots=True)
class Person:
    """An author to erase.

    Attributes:
        author_id: None: never seen, or erased before.
        brands: those that name this account as their own or in their query; they keep doing so.
    """

    source: str
    native_id: str
    handle: str | None = None
    name: str | None = None
    author_id: int | None = None
    brands: tuple[str, ...] = ()
    buried: bool = False

    @property
    def names(self) -> set[str]:
        """Native id and handle, as they were given."""
        return {value for value in (self.native_id, self.handle) if value}

    @property
    def telling(self) -> set[str]:
        """What tells this person in a row that could not be read; nothing of a brand's account."""
        if self.brands:
            return set()
        found = {value for value in self.names if is_telling(value)}
        if self.name and len(self.name.split()) > 1:
            found.add(self.name)
        return {value for value in found if handle_of(value) != handle_of(self.source)}

    def as_words(self) -> str:
        """For a person to read."""
        known = [f"@{self.handle}"] if self.handle else []
        known += [self.name] if self.name else []
        return f"{self.source} {self.native_id}" + (f" ({', '.join(known)})" if known else "")


def find_person(session: Session, source: str, who: str) -> Person:
    """The author whom a native id, or a handle with its @, means at a source.

    One who was never seen is given back all the same: they can be kept from ever coming in.

    Raises:
        ConflictError: several authors have the handle; lists their native ids.
        ListeningError: the source or the id is blank.
    """
    source, who = source.strip(), who.strip()
    name = handle_of(who) if who.startswith("@") else who
    if not source or not name:
        raise ListeningError(
            "To erase an author, name the source and the native id, or the handle with its @."
        )
    statement = select(Author).where(Author.source == source)
    if who.startswith("@"):
        handle = func.lower(col(Author.handle)).in_([name, f"@{name}"])
        found = list(session.exec(statement.where(handle).order_by(Author.native_id)))
        if len(found) > 1:
            listed = ", ".join(author.native_id for author in found)
            raise ConflictError(
                f"{len(found)} authors of {source} have the handle {who}: erase by native id "
                f"({listed})."
            )
        if found:
            return _person(session, found[0])
        # Exports that have no other id use the handle.
        name = who.removeprefix("@").strip()
    author = session.exec(statement.where(Author.native_id == name)).first()
    if author is not None:
        return _person(session, author)
    buried = (source, name) in erased(session, [(source, name)])
    brands = _brands_naming(session, {name})
    return Person(source, name, name if who.startswith("@") else None, brands=brands, buried=buried)


def _person(session: Session, author: Author) -> Person:
    found = Person(author.source, author.native_id, author.handle, author.name, author.id)
    buried = (found.source, found.native_id) in erased(session, [(found.source, found.native_id)])
    return replace(found, brands=_brands_naming(session, found.names), buried=buried)


def _brands_naming(session: Session, names: Iterable[str]) -> tuple[str, ...]:
    wanted = {handle_of(name) for name in names}
    own = select(Alias).where(Alias.kind == AliasKind.OWN_ACCOUNT)
    accounts = {alias.brand_id for alias in session.exec(own) if alias.value in wanted}
    return tuple(
        brand.name
        for brand in session.exec(select(Brand).order_by(Brand.slug))
        if brand.id in accounts or wanted & handles_in(brand.query)
    )


def would_go(session: Session, person: Person) -> dict[str, int]:
    """How many rows of each kind hang on an author, and on copies of their posts by others."""
    if person.author_id is None:
        return {"posts by others that name them": len(_naming(session, person, limit=None))}
    posts = select(Post.id).where(or_(col(Post.author_id) == person.author_id, _copies(person)))
    mentions = select(Mention.id).where(col(Mention.post_id).in_(posts))
    cases = select(Case.id).where(col(Case.mention_id).in_(mentions))
    by_post: tuple[tuple[str, type[SQLModel], ColumnElement[bool]], ...] = (
        ("mentions", Mention, col(Mention.post_id).in_(posts)),
        ("analyses", Analysis, col(Analysis.post_id).in_(posts)),
        ("vectors", Vector, col(Vector.post_id).in_(posts)),
        ("claims", Claim, col(Claim.post_id).in_(posts)),
        ("sentiments", MentionSentiment, col(MentionSentiment.mention_id).in_(mentions)),
        ("cases", Case, col(Case.mention_id).in_(mentions)),
        ("notes on cases", CaseNote, col(CaseNote.case_id).in_(cases)),
        ("profiles", AuthorProfile, col(AuthorProfile.author_id) == person.author_id),
        ("memberships", Membership, col(Membership.author_id) == person.author_id),
        (
            "earlier segments",
            MembershipChange,
            col(MembershipChange.author_id) == person.author_id,
        ),
        ("stances", Stance, col(Stance.author_id) == person.author_id),
        ("reviews", Review, col(Review.author_id) == person.author_id),
        ("flags", Flag, col(Flag.author_id) == person.author_id),
        ("changes of stance", StanceChange, col(StanceChange.author_id) == person.author_id),
        ("customer records", CustomerRecord, _customer(person)),
    )
    counted = {
        "posts": _count(session, Post, col(Post.author_id) == person.author_id),
        "copies of them by others": _count(session, Post, _copies(person)),
    }
    counted |= {name: _count(session, table, where) for name, table, where in by_post}
    counted["posts by others that name them"] = len(_naming(session, person, limit=None))
    return counted


def bury_person(session: Session, person: Person) -> Person:
    """Write the tombstones: from here on nothing of theirs is stored.

    Args:
        session: inside a unit of work, the gate held.
        person: as they were found.

    Returns:
        them as they are stored now, which nobody changes any more.
    """
    stored = select(Author).where(
        Author.source == person.source, Author.native_id == person.native_id
    )
    author = session.exec(stored).first()
    person = _person(session, author) if author is not None else replace(person, author_id=None)
    # Exports that have no other id use the handle.
    keys = [(person.source, name.removeprefix("@")) for name in person.names]
    # Where a brand's query names them, their handle masked would cost the brand its mentions.
    handles = [] if person.brands else keys
    bury(session, authors=keys, posts=keys, handles=handles, values=person.telling)
    return person


def erase_posts(session: Session, person: Person, limit: int) -> int:
    """Erase some of an author's posts, copies of them by others, and what refers to them.

    Args:
        session: inside a unit of work, the gate held.
        person: the author.
        limit: posts at most.

    Returns:
        how many of their posts went.
    """
    if person.author_id is None:
        return 0
    own = select(Post).where(Post.author_id == person.author_id).order_by(col(Post.id))
    posts = list(session.exec(own.limit(limit)))
    if not posts:
        return 0
    natives = sorted({post.native_id for post in posts})
    bury(session, posts=[(person.source, native) for native in natives])
    copies = select(Post.id).where(_copies(person, natives))
    ids = {int(post.id or 0) for post in posts}
    brands = select(Mention.brand_id).where(Mention.author_id == person.author_id).distinct()
    forget_themes(session, session.exec(brands).all())
    remove_posts(session, {int(i or 0) for i in session.exec(copies)} | ids)
    _forget(session, person.source, natives)
    return len(posts)


def words_of(session: Session, person: Person) -> set[str]:
    """What tells an author in a row that could not be read: names, texts, ids of posts; folded."""
    found = set(person.telling)
    if person.author_id is not None:
        statement = select(Post.native_id, Post.text, Post.title)
        own = statement.where(Post.author_id == person.author_id)
        for native, text, title in session.exec(own):
            found |= {text, *([title] if title else []), *([native] if is_telling(native) else [])}
    return {handle_of(value) for value in found}


def mask_person(session: Session, person: Person, limit: int) -> int:
    """Mask an author's handle in other people's posts, and references to it; returns how many.

    Spans of mentions still fit. The text is another one now, and is analysed again.
    """
    found = _naming(session, person, limit=limit)
    names = {handle_of(name) for name in person.names}
    for post_id in found:
        post = session.get(Post, post_id)
        if post is not None:
            post.text = masked_handles(post.text, names)
            post.title = masked_handles(post.title, names) if post.title else post.title
            post.text_hash = text_hash(post.text, post.title, post.language)
            session.add(post)
            store_words(session, [(post_id, post.title, post.text)])
    session.flush()
    if len(found) < limit:
        marks = {mark for name in person.names for mark in (name, f"@{name}")}
        _forget(session, person.source, sorted(marks))
    return len(found)


def erase_author(session: Session, person: Person) -> int:
    """Erase the author's own row with profile, memberships, stances and reviews.

    What runs place authors by holds the author's position too, without a name: it goes whole,
    and so does a run that is not finished; the next run, within the hour, makes another.
    """
    # One that is not finished has everybody's positions and says of nobody yet that it has.
    drop_unfinished(session)
    took_part = select(Membership.segmentation_id).where(Membership.author_id == person.author_id)
    session.execute(
        delete(SegmentationFit).where(col(SegmentationFit.segmentation_id).in_(took_part))
    )
    # So does a drawn map; the job makes it and what was counted with them anew.
    session.execute(delete(RunArtefact).where(col(RunArtefact.segmentation_id).in_(took_part)))
    # Answers kept to be given again, for a day, may hold their words.
    session.execute(delete(Repeat))
    mark_author(session, person.source, person.native_id)
    session.execute(delete(CustomerRecord).where(_customer(person)))
    done: Any = session.execute(
        delete(Author).where(
            col(Author.source) == person.source, col(Author.native_id) == person.native_id
        )
    )
    if done.rowcount:
        mark_figures(session)
    return int(done.rowcount)


def _customer(person: Person) -> ColumnElement[bool]:
    """Customer records of an author's accounts."""
    accounts = sorted({handle_of(name) for name in person.names})
    return and_(
        col(CustomerRecord.source) == person.source.casefold(),
        col(CustomerRecord.account).in_(accounts),
    )


def _copies(person: Person, natives: Any = None) -> ColumnElement[bool]:
    """Posts by others with the same words once more: reposts, and what begins RT @handle.

    `natives` are those of the author's posts; None: all of them.
    """
    if natives is None:
        natives = select(Post.native_id).where(Post.author_id == person.author_id)
    repost = and_(col(Post.kind) == PostKind.REPOST, col(Post.repost_of).in_(natives))
    names = [] if person.brands else sorted({handle_of(name) for name in person.names})
    begins = [
        func.lower(col(Post.text)).startswith(f"rt @{name}{end}", autoescape=True)
        for name in names
        for end in (":", " ")
    ]
    others = and_(col(Post.source) == person.source, col(Post.author_id) != person.author_id)
    return and_(others, or_(repost, *begins))


def _naming(session: Session, person: Person, *, limit: int | None) -> list[int]:
    """Ids of others' posts at the source whose text or title names an author by handle."""
    if person.brands:
        return []
    names = {handle_of(name) for name in person.names}
    like = [
        func.lower(column).contains(f"@{name}", autoescape=True)
        for name in sorted(names)
        for column in (col(Post.text), col(Post.title))
    ]
    statement = (
        select(Post.id, Post.text, Post.title)
        .where(Post.source == person.source, or_(*like))
        .order_by(col(Post.id))
    )
    if person.author_id is not None:
        statement = statement.where(Post.author_id != person.author_id)
    found: list[int] = []
    for post_id, text, title in session.exec(statement):
        if names & (handles_in(text) | handles_in(title or "")):
            found.append(int(post_id or 0))
        if limit is not None and len(found) == limit:
            break
    return found


def _forget(session: Session, source: str, values: Sequence[str]) -> None:
    """Take references to erased posts and authors out of other posts."""
    for column in _REFERENCES:
        for chunk in chunked(values, 5000):
            session.execute(
                update(Post)
                .where(col(Post.source) == source, col(column).in_(chunk))
                .values({col(column): None})
            )


def _count(session: Session, table: type[SQLModel], where: ColumnElement[bool]) -> int:
    return session.exec(select(func.count()).select_from(table).where(where)).one()


def people_back(session: Session, *, after: int, limit: int) -> tuple[list[Person], int | None]:
    """Stored authors who have a tombstone: a backup brought them back.

    Args:
        session: to read with.
        after: only authors with a higher id.
        limit: authors looked at.

    Returns:
        them, and the id to go on after; None: all were looked at.
    """
    statement = select(Author).where(col(Author.id) > after).order_by(col(Author.id)).limit(limit)
    authors = list(session.exec(statement))
    gone = erased(session, {(author.source, author.native_id) for author in authors})
    back = [_person(session, a) for a in authors if (a.source, a.native_id) in gone]
    return back, int(authors[-1].id or 0) if len(authors) == limit else None
