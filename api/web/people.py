"""The people of a brand: advocates, detractors, one author, and the cases they opened."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlmodel import Session, select
from starlette.responses import Response

from api.web import queries
from api.web.acting import actor_of, need
from api.web.keeping import kept_everyone, known_change
from api.web.site import Site, render, site_of
from listening.access import Permission
from listening.errors import NotFoundError
from listening.store.brands.brands import brand_id, list_brands, slug_of
from listening.store.cases.owners import owners
from listening.store.flags.campaigns import coordinated_among
from listening.store.flags.reviewing import flag_of
from listening.store.flags.reviews import latest_reviews, reviews_of
from listening.store.flags.stancechanges import change_views
from listening.store.posts.authors import MOST_CHANGES, latest_mentions, membership_of
from listening.store.segments.lineage import author_history
from listening.store.segments.personas import author_persona
from listening.store.segments.segments import current_segmentation
from listening.store.tables import Author, Brand, Mark

# Beyond these the store's own integers end.
PageNumber = Annotated[int, Query(ge=1, le=10_000_000)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]

router = APIRouter(include_in_schema=False)


def chosen_brand(session: Session, slug: str) -> Brand:
    """The brand of an address.

    Raises:
        NotFoundError: none.
    """
    found = session.exec(select(Brand).where(Brand.slug == slug_of(slug.strip("/")))).first()
    if found is None:  # what brands there are is not told: they may be others'
        raise NotFoundError("There is no such brand, or it is not yours to see.")
    return found


@router.get("/brands/{slug:path}/authors/{author_id}", dependencies=[need(Permission.READ)])
def author_page(request: Request, slug: str, author_id: Number) -> Response:
    """Why an author is flagged: the score, its interval and the mentions that made it."""
    site, seen = site_of(request), actor_of(request).visible()
    with site.reading() as session:
        change = known_change(session)
        brand = chosen_brand(session, slug)
        number = brand_id(brand)
        author = session.get(Author, author_id)
        mentions = queries.count_author_mentions(session, number, author_id)
        if author is None or not mentions:
            raise NotFoundError(f"No author {author_id} who mentions {brand.name}.")
        towards = queries.brand_stances(session, author_id, seen)
        stance = next((s.stance for s in towards if s.brand.id == number), None)
        return render(
            request,
            "author.html",
            title=f"Author {author.native_id} and {brand.name}",
            brands=list_brands(session),
            brand=brand,
            tab=f"{stance.kind.value}s" if stance else None,
            author=author,
            change=change,
            mentions=mentions,
            stance=stance,
            opened=queries.open_stance(session, stance, mentions) if stance else queries.Opened(),
            others=[s for s in towards if s.brand.id != number],
            review=latest_reviews(session, number, [author_id]).get(author_id),
            flag=flag_of(session, number, author_id),
            reviews=reviews_of(session, number, author_id),
            turns=change_views(session, number, author_id=author_id),
            campaigned=coordinated_among(
                session, [int(e["mention_id"]) for e in stance.evidence] if stance else []
            ),
            marks=list(Mark),
            logins=[account.login for account in owners(session, number)],
            **_facts(site, session, author_id, seen),
        )


@router.get("/authors/{author_id}", dependencies=[need(Permission.READ, "everywhere")])
def person_page(request: Request, author_id: Number) -> Response:
    """What an author is like, whatever brands they mention."""
    site, seen = site_of(request), actor_of(request).visible()
    with site.reading() as session:
        author = session.get(Author, author_id)
        if author is None:
            raise NotFoundError(f"No author {author_id}.")
        return render(
            request,
            "person.html",
            title=f"Author {author.native_id}",
            brands=list_brands(session),
            author=author,
            stances=queries.brand_stances(session, author_id, seen),
            **_facts(site, session, author_id, seen),
        )


def _facts(
    site: Site, session: Session, author_id: int, seen: frozenset[int] | None
) -> dict[str, Any]:
    """An author's segments, persona and latest mentions, of the brands that may be seen."""
    everyone = kept_everyone(site, session)
    found = queries.seen_persona(author_persona(session, author_id, everyone=everyone), seen)
    return {
        "member": membership_of(session, author_id),
        "segmented": current_segmentation(session) is not None,
        "changes": author_history(session, author_id)[:MOST_CHANGES],
        "here": queries.current_segments(session),
        "persona": found,
        "quotes": queries.persona_quotes(session, found),
        "latest": latest_mentions(session, author_id, brands=seen),
    }
