"""Copied campaigns: writing what was found, and reading it with its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from listening.coordination import FoundCampaign
from listening.store.bulk import chunked, upsert
from listening.store.mentions.mentions import MentionView, views
from listening.store.posts.standing import still_there
from listening.store.tables import Campaign, CampaignMention, Mention


@dataclass(frozen=True, slots=True)
class CampaignView:
    """A campaign with one of its mentions; None where none is stored any more."""

    campaign: Campaign
    example: MentionView | None


def store_campaigns(session: Session, brand_id: int, found: Sequence[FoundCampaign]) -> None:
    """Make these a brand's campaigns; what is no longer one goes."""
    there = still_there(session, Mention, {i for one in found for i in one.mentions})
    rows = [
        {
            "brand_id": brand_id,
            "first_mention": one.mentions[0],
            "authors": len(one.authors),
            "mentions": len(one.mentions),
            "first_at": one.first_at,
            "last_at": one.last_at,
        }
        for one in found
    ]
    known = select(Campaign.id, Campaign.first_mention).where(Campaign.brand_id == brand_id)
    wanted = {one.mentions[0] for one in found}
    gone = [int(i or 0) for i, first in session.exec(known) if first not in wanted]
    for chunk in chunked(gone, 5000):
        session.execute(delete(Campaign).where(col(Campaign.id).in_(chunk)))
    upsert(
        session,
        Campaign,
        rows,
        key=("brand_id", "first_mention"),
        update=("authors", "mentions", "first_at", "last_at"),
    )
    ids = {first: int(i or 0) for i, first in session.exec(known)}
    links = {
        mention: ids[one.mentions[0]]
        for one in found
        for mention in one.mentions
        if mention in there
    }
    stood = dict(
        session.exec(
            select(CampaignMention.mention_id, CampaignMention.campaign_id).where(
                col(CampaignMention.campaign_id).in_(
                    select(Campaign.id).where(Campaign.brand_id == brand_id)
                )
            )
        ).all()
    )
    for chunk in chunked(sorted(set(stood) - set(links)), 5000):
        session.execute(delete(CampaignMention).where(col(CampaignMention.mention_id).in_(chunk)))
    upsert(
        session,
        CampaignMention,
        [
            {"mention_id": mention, "campaign_id": campaign}
            for mention, campaign in sorted(links.items())
            if stood.get(mention) != campaign
        ],
        key=("mention_id",),
        update=("campaign_id",),
    )


def campaign_views(session: Session, brand_id: int, *, limit: int = 50) -> list[CampaignView]:
    """A brand's campaigns with an example each, the latest first."""
    statement = (
        select(Campaign)
        .where(Campaign.brand_id == brand_id)
        .order_by(col(Campaign.last_at).desc(), col(Campaign.id))
        .limit(limit)
    )
    found = list(session.exec(statement))
    first: dict[int, int] = {}
    for one in found:
        of = select(CampaignMention.mention_id).where(CampaignMention.campaign_id == one.id)
        mention = session.exec(of.order_by(col(CampaignMention.mention_id)).limit(1)).first()
        if mention is not None:
            first[int(one.id or 0)] = mention
    shown = {v.mention.id: v for v in views(session, mention_ids=list(first.values()))}
    return [CampaignView(one, shown.get(first.get(int(one.id or 0), 0))) for one in found]


def count_campaigns(session: Session, brand_id: int) -> int:
    """How many campaigns a brand has."""
    return session.exec(
        select(func.count()).select_from(Campaign).where(Campaign.brand_id == brand_id)
    ).one()


def coordinated_among(session: Session, mention_ids: Sequence[int]) -> dict[int, int]:
    """Which of the mentions are part of a campaign, and of how many authors it is."""
    statement = (
        select(CampaignMention.mention_id, Campaign.authors)
        .join(Campaign, col(Campaign.id) == col(CampaignMention.campaign_id))
        .where(col(CampaignMention.mention_id).in_(list(mention_ids)))
    )
    return dict(session.exec(statement).all())
