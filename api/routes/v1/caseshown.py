"""Cases in the words of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from api.schemas.cases import (
    BulkSent,
    CaseAuthor,
    CaseMention,
    CasePatch,
    CaseQuery,
    CaseShown,
    PostShown,
)
from api.web.formats import author_name
from listening import caseflow
from listening.access import Actor
from listening.errors import InvalidError
from listening.store.cases.actions import Action, Verb
from listening.store.cases.cases import CaseView
from listening.store.cases.lists import CaseFilter
from listening.store.cases.owners import own_login
from listening.store.posts.threads import Spoken
from listening.store.tables import Author, CaseStatus, Priority
from listening.store.tables.types import now

_VERBS = {
    CaseStatus.OPEN: Verb.OPEN,
    CaseStatus.PENDING: Verb.PENDING,
    CaseStatus.SNOOZED: Verb.SNOOZE,
    CaseStatus.CLOSED: Verb.CLOSE,
}


def filter_of(session: Session, actor: Actor, asked: CaseQuery) -> CaseFilter:
    """What is asked for, with "me" as whoever asks."""
    return CaseFilter(
        statuses=tuple(asked.status),
        priorities=tuple(asked.priority),
        xpriorities=tuple(asked.xpriority),
        owners=tuple(_named(session, actor, name) for name in asked.owner),
        xowners=tuple(_named(session, actor, name) for name in asked.xowner),
        risks=tuple(asked.risk),
        xrisks=tuple(asked.xrisk),
        sources=tuple(asked.source),
        xsources=tuple(asked.xsource),
        overdue=now() if asked.overdue else None,
        group=asked.group,
        author_id=asked.author,
        starred=asked.starred,
        checked=asked.checked,
        words=tuple((asked.text or "").split()[:10]),
    )


def _named(session: Session, actor: Actor, name: str) -> str:
    return (own_login(session, actor) or actor.name) if name == "me" else name


def actions_of(session: Session, actor: Actor, sent: CasePatch | BulkSent) -> list[Action]:
    """What is to be done, one thing after the other.

    Raises:
        InvalidError: nothing is.
    """
    given = sent.model_fields_set
    found: list[Action] = []
    if "owner" in given:
        owner = None if sent.owner in {None, "none"} else _named(session, actor, str(sent.owner))
        found.append(Action(verb=Verb.ASSIGN, owner=owner))
    if sent.priority is not None:
        chosen = None if sent.priority == "computed" else Priority(sent.priority)
        found.append(Action(verb=Verb.PRIORITY, priority=chosen))
    if sent.starred is not None:
        found.append(Action(verb=Verb.STAR, value=sent.starred))
    if sent.checked is not None:
        found.append(Action(verb=Verb.CHECK, value=sent.checked))
    if sent.status is not None:
        found.append(Action(verb=_VERBS[sent.status], until=sent.until))
    if not found:
        raise InvalidError("Say what to change: status, owner, priority, starred or checked.")
    return found


def case_shown(view: CaseView, at: datetime) -> CaseShown:
    """A case with its mention."""
    case, mention = view.case, view.mention
    post = mention.post
    return CaseShown(
        id=int(case.id or 0),
        version=case.version,
        status=case.status,
        priority=case.priority,
        priority_by=case.priority_by,
        urgency=case.urgency,
        terms=case.terms,
        risks=case.risks,
        group=case.group_key,
        similar=view.similar,
        owner=case.owner,
        starred=case.starred,
        checked=case.checked,
        opened_at=case.opened_at,
        due_at=case.due_at,
        overdue=caseflow.overdue(str(case.status), case.due_at, at),
        escalated_at=case.escalated_at,
        in_time=case.in_time,
        snoozed_until=case.snoozed_until,
        answered_at=case.answered_at,
        closed_at=case.closed_at,
        after_case_id=case.after_id,
        mention=CaseMention(
            id=case.mention_id,
            post_id=int(post.id or 0),
            source=post.source,
            native_id=post.native_id,
            url=post.url,
            title=post.title,
            text=post.text,
            published_at=post.published_at,
            sentiment=mention.sentiment,
            polarity=mention.polarity,
            overridden_by=mention.mention.override_by,
        ),
        author=author_shown(mention.author),
    )


def author_shown(author: Author) -> CaseAuthor:
    """An author by the name that pages show."""
    return CaseAuthor(
        id=int(author.id or 0),
        name=author_name(author),
        followers=author.followers,
        verified=author.verified,
    )


def posts_shown(found: Sequence[Spoken]) -> list[PostShown]:
    """A conversation."""
    return [
        PostShown(
            id=int(one.post.id or 0),
            native_id=one.post.native_id,
            author=author_shown(one.author),
            text=one.post.text,
            url=one.post.url,
            published_at=one.post.published_at,
            reply_to=one.post.reply_to,
            own=one.own,
        )
        for one in found
    ]
