"""Claims: which worker analyses which posts, so that of many at once none does another's.

A claim has a deadline that its holder puts off while it works. One that ran out, or that a
dead process left, is *left*: it is taken up again with one more attempt, and in smaller and
smaller parts, since one of its posts may be what killed the process. A post that was tried
alone often enough is given up until its text or the model is another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, delete, func, inspect, or_, text, update
from sqlalchemy import select as select_columns
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from listening.store.bulk import chunked, within
from listening.store.mentions.sentiments import where_pending
from listening.store.posts.analyses import given_up, is_pending
from listening.store.tables import Analysis, Claim, Mention, Post
from listening.store.tables.types import now
from listening.store.watches.sweeps import quarantine, resolve_rows

SECONDS = 120.0  # a claim's time; no claim's deadline lies further ahead
SHRINK = 8  # what was left is taken up in parts of an eighth: every try may cost a process
ALONE = 3  # tries of a post alone


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post that might be claimed.

    Attributes:
        size: characters that the models would read.
        place: where it is in the order of its kind: its time, or the id of its mention.
        again: it was given up, and is another text, or for another model, now.
    """

    id: int
    text_hash: str
    size: int
    place: Any
    again: bool = False


def highest_id(session: Session) -> int:
    """The id of the post that came in last; 0: none has."""
    return int(session.exec(select(func.max(Post.id))).one() or 0)


def fresh_posts(
    session: Session,
    model: str,
    limit: int,
    *,
    after: int = 0,
    of: Sequence[int] | None = None,
) -> list[Candidate]:
    """Pending posts that nobody has claimed, those published last first.

    Args:
        session: to read with.
        model: the present revision.
        limit: at most so many.
        after: only ids above this one: what came in since.
        of: only of these ids, at most some thousands.
    """
    statement = _unclaimed(
        select_columns(*_COLUMNS, col(Post.published_at), col(Claim.error))
        .select_from(Post)
        .outerjoin(Analysis, col(Analysis.post_id) == col(Post.id)),
        model,
    ).where(is_pending(model))
    if after:
        statement = statement.where(col(Post.id) > after)
    if of is not None:
        statement = statement.where(within(session, Post.id, of))
    statement = statement.order_by(_latest_first(session), col(Post.source), col(Post.native_id))
    return _candidates(session, statement.limit(limit))


def _latest_first(session: Session) -> Any:
    """By publication, in words that hide the index.

    Going by the index both databases look at one post after another all over their files:
    of a million analysed posts that takes 25 times as long as the table in its own order.
    """
    sqlite = session.get_bind().dialect.name == "sqlite"
    return text("+post.published_at DESC" if sqlite else "post.published_at + interval '0' DESC")


def fresh_mentioned(
    session: Session,
    model: str,
    limit: int,
    *,
    below: int | None = None,
    of: Sequence[int] | None = None,
) -> list[Candidate]:
    """Analysed posts with a pending mention that nobody has claimed, latest mentions first.

    Args:
        session: to read with.
        model: the present revision.
        limit: at most so many mentions.
        below: only mentions with an id below this one.
        of: only of these posts, at most some thousands.
    """
    columns = (*_COLUMNS, col(Mention.id), col(Claim.error))
    statement = _unclaimed(where_pending(select_columns(*columns), model), model)
    if below is not None:
        statement = statement.where(col(Mention.id) < below)
    if of is not None:
        statement = statement.where(within(session, Mention.post_id, of))
    return _candidates(session, statement.order_by(col(Mention.id).desc()).limit(limit))


def left_behind(session: Session, limit: int) -> tuple[list[Candidate], int]:
    """Posts whose claim was left, those of the fewest attempts; and how many those are.

    Args:
        session: to read with.
        limit: as of a first attempt; of later ones it is smaller.
    """
    left = is_left(now())
    fewest = session.exec(select(func.min(Claim.attempts)).where(left)).one()
    if fewest is None:
        return [], 0
    statement = (
        select_columns(*_COLUMNS, col(Post.published_at), col(Claim.error))
        .select_from(Claim)
        .join(Post, col(Post.id) == col(Claim.post_id))
        .where(left, col(Claim.attempts) == fewest)
        .order_by(col(Post.published_at).desc(), col(Post.source), col(Post.native_id))
        .limit(max(limit // SHRINK**fewest, 1))
    )
    return _candidates(session, statement), fewest


def most_attempts(limit: int) -> int:
    """Attempts after which a post of a batch of `limit` was tried alone often enough."""
    parts = 1
    while limit // SHRINK**parts > 1:
        parts += 1
    return parts + ALONE


def is_left(moment: datetime) -> Any:
    """Whether a claim is nobody's any more.

    A deadline much further ahead than any claim's was set before the clock stepped back. Not
    just further: of two workers at once, on machines whose clocks differ, one looks with an
    earlier moment than the other's claim was made at.
    """
    until = col(Claim.until)
    passed = or_(until <= moment, until > moment + timedelta(seconds=2 * SECONDS))
    return and_(col(Claim.error).is_(None), passed)


def claim(session: Session, posts: Sequence[Candidate], model: str, holder: str) -> dict[int, int]:
    """Claim posts, as far as nobody else holds them; returns the attempts by post id.

    One conditional upsert in the order of ids: of many workers exactly one gets a post.
    """
    standing = _standing(session, [post.id for post in posts])
    if not standing:
        return {}
    moment = now()
    until = moment + timedelta(seconds=SECONDS)
    table: Any = inspect(Claim).local_table
    postgres = session.get_bind().dialect.name == "postgresql"
    insert: Any = (postgresql.insert if postgres else sqlite.insert)(table)
    rows = [
        {"post_id": number, "holder": holder, "until": until, "attempts": 1,
         "text_hash": digest, "model": model, "error": None}
        for number, digest in standing
    ]  # fmt: skip
    new = insert.excluded
    other = or_(col(Claim.text_hash) != new["text_hash"], col(Claim.model) != new["model"])
    more = case((or_(other, col(Claim.error).is_not(None)), 1), else_=col(Claim.attempts) + 1)
    statement = insert.on_conflict_do_update(
        index_elements=["post_id"],
        set_={name: new[name] for name in ("holder", "until", "text_hash", "model", "error")}
        | {"attempts": more},
        where=or_(is_left(moment), and_(col(Claim.error).is_not(None), other)),
    )
    # The rows apart from the statement: it is then compiled once, not for each batch.
    returning = statement.returning(table.c.post_id, table.c.attempts)
    taken = session.connection().execute(returning, rows)
    return {int(post_id): int(attempts) for post_id, attempts in taken}


def _standing(session: Session, post_ids: Sequence[int]) -> list[tuple[int, str]]:
    """Posts that are stored, and stay so to the end of this work, with their present hashes.

    One that is being deleted just now counts as gone: whoever deletes it may wait for what
    this worker holds, and must not be waited for.
    """
    found = session.exec(
        select(Post.id, Post.text_hash)
        .where(within(session, Post.id, post_ids))
        .order_by(col(Post.id))
        .with_for_update(read=True, key_share=True, skip_locked=True)
    )
    return [(int(number or 0), digest) for number, digest in found]


def renew(session: Session, holder: str) -> None:
    """Put off the deadline of all that a holder has claimed."""
    ids = session.exec(
        select(Claim.post_id)
        .where(Claim.holder == holder, col(Claim.error).is_(None))
        .order_by(col(Claim.post_id))
        .with_for_update()
    ).all()
    until = now() + timedelta(seconds=SECONDS)
    for chunk in chunked(ids, 5000):
        session.execute(update(Claim).where(col(Claim.post_id).in_(chunk)).values(until=until))


def held(session: Session, post_ids: Sequence[int], holder: str) -> set[int]:
    """Those of the posts that are stored and claimed by the holder, to the end of this work."""
    standing = [number for number, _ in _standing(session, post_ids)]
    own = (
        select(Claim.post_id)
        .where(within(session, Claim.post_id, standing), Claim.holder == holder)
        .where(col(Claim.error).is_(None))
        .order_by(col(Claim.post_id))
        .with_for_update()
    )
    return set(session.exec(own))


def drop(session: Session, post_ids: Sequence[int], holder: str) -> None:
    """The holder is done with the posts."""
    for chunk in chunked(sorted(post_ids), 5000):
        session.execute(
            delete(Claim).where(col(Claim.post_id).in_(chunk), col(Claim.holder) == holder)
        )


def give_back(session: Session, holder: str) -> int:
    """Let go of all that a holder has claimed, as though it had not; returns how many.

    For whoever stops halfway and lives: nothing is to be learnt about the posts from that.
    """
    moment = now()
    own = and_(col(Claim.holder) == holder, col(Claim.error).is_(None), ~is_left(moment))
    first = session.execute(
        delete(Claim).where(own, col(Claim.attempts) <= 1).returning(col(Claim.post_id))
    )
    more = session.execute(
        update(Claim)
        .where(own)
        .values(attempts=col(Claim.attempts) - 1, until=moment)
        .returning(col(Claim.post_id))
    )
    return len(first.all()) + len(more.all())


def holders(session: Session) -> list[str]:
    """Who has claimed something at present."""
    moment = now()
    working = select(Claim.holder).where(col(Claim.error).is_(None), ~is_left(moment))
    return sorted(session.exec(working.distinct()))


def release(session: Session, dead: Sequence[str]) -> int:
    """Posts claimed by processes that are no more are left behind; returns how many."""
    moment = now()
    found = session.execute(
        update(Claim)
        .where(col(Claim.holder).in_(dead), ~is_left(moment), col(Claim.error).is_(None))
        .values(until=moment)
        .returning(col(Claim.post_id))
    )
    return len(found.all())


def give_up(session: Session, errors: Mapping[int, str], model: str) -> None:
    """Quarantine posts with what analysing them fails with; they are pending no more.

    Args:
        session: inside a unit of work.
        errors: by post id, of posts that the caller has claimed.
        model: the revision that fails.
    """
    posts = select(Post).where(col(Post.id).in_(errors)).order_by(col(Post.id))
    for post in session.exec(posts):
        error = errors[int(post.id or 0)]
        session.execute(update(Claim).where(col(Claim.post_id) == post.id).values(error=error))
        name = post_name(post.source, post.native_id)
        reason = (
            f"analysing it fails every time ({error}) with {model}: it is tried again when it "
            "or the model changes, or at once by `listening quarantine retry` with this name"
        )
        quarantine(session, sweep_id=None, file=name, rows=[(0, "text", reason, post.text)])


def post_name(source: str, native_id: str) -> str:
    """A post as the quarantine calls it, where files have their path."""
    return f"post {source}/{native_id}"


def settle_again(session: Session, post_ids: Sequence[int]) -> None:
    """Posts that were given up are tried again: they wait in quarantine no more."""
    posts = select(Post.source, Post.native_id).where(col(Post.id).in_(post_ids))
    for source, native_id in sorted(session.exec(posts)):
        resolve_rows(session, post_name(source, native_id), [0])


def try_again(session: Session, name: str) -> bool:
    """Make a post that was given up pending again, by its `post_name`; returns whether it was."""
    source, _, native_id = name.removeprefix("post ").partition("/")
    post = select(Post.id).where(Post.source == source, Post.native_id == native_id)
    gone = session.execute(
        delete(Claim)
        .where(col(Claim.post_id).in_(post), col(Claim.error).is_not(None))
        .returning(col(Claim.post_id))
    )
    resolve_rows(session, name, [0])
    return bool(gone.all())


_COLUMNS = (
    col(Post.id),
    col(Post.text_hash),
    func.length(Post.text) + func.coalesce(func.length(Post.title), 0),
)


def _unclaimed(statement: Any, model: str) -> Any:
    """Without the posts that are claimed, left behind, or given up as they are."""
    return statement.outerjoin(Claim, col(Claim.post_id) == col(Post.id)).where(
        or_(
            col(Claim.post_id).is_(None),
            and_(col(Claim.error).is_not(None), ~given_up(model)),
        )
    )


def _candidates(session: Session, statement: Any) -> list[Candidate]:
    found = (
        Candidate(int(number), digest, int(size), place, error is not None)
        for number, digest, size, place, error in session.execute(statement)
    )
    return list({post.id: post for post in found}.values())
