"""Brands: listed, added, changed, removed; a query tried before it is anybody's."""

from __future__ import annotations

from fastapi import Request, Response
from sqlmodel import Session

from api.routes.paging import Id
from api.routes.v1.route import api_router, expected_version
from api.schemas.base import Page
from api.schemas.brands import (
    BrandChange,
    BrandShown,
    ClauseShown,
    HitShown,
    NewBrand,
    QueryTestShown,
    QueryToTest,
    Removal,
    Retention,
)
from api.web.acting import actor_of, need
from api.web.site import site_of
from listening.access import Permission
from listening.store.brands import edits as brandedits
from listening.store.brands.brands import brand_id as id_of
from listening.store.brands.brands import list_brands
from listening.store.brands.edits import facts_of, own_accounts_of
from listening.store.brands.trying import QueryTest, run_query_test
from listening.store.tables import Brand

router = api_router("brands")


@router.get("/brands", dependencies=[need(Permission.READ, "somewhere")])
def brands(request: Request) -> Page[BrandShown]:
    """The brands that one may see, by name."""
    visible = actor_of(request).visible()
    with site_of(request).reading() as session:
        found = [b for b in list_brands(session) if visible is None or id_of(b) in visible]
        return Page(items=[_shown(session, brand) for brand in found])


@router.post("/brands", status_code=201, dependencies=[need(Permission.CONFIGURE, "everywhere")])
def add_brand(request: Request, sent: NewBrand, response: Response) -> BrandShown:
    """Add a brand; stored posts are matched against it within seconds, by a worker."""
    with site_of(request).store.work() as session:
        brand = brandedits.add_brand(
            session,
            actor_of(request),
            name=sent.name,
            query=sent.query,
            names=sent.aliases,
            own_accounts=sent.own_accounts,
        )
        response.headers["Location"] = f"/api/v1/brands/{brand.id}"
        return _shown(session, brand)


@router.get("/brands/{brand_id}", dependencies=[need(Permission.READ)])
def brand(request: Request, brand_id: Id) -> BrandShown:
    """One brand as it is set up."""
    with site_of(request).reading() as session:
        return _shown(session, session.get_one(Brand, brand_id))


@router.patch("/brands/{brand_id}", dependencies=[need(Permission.CONFIGURE)])
def change_brand(request: Request, brand_id: Id, sent: BrandChange) -> BrandShown:
    """Change a brand; its mentions follow within seconds, by a worker."""
    with site_of(request).store.work() as session:
        found = brandedits.edit_brand(
            session,
            actor_of(request),
            brand_id,
            version=expected_version(request, sent.version),
            name=sent.name,
            query=sent.query,
            names=sent.aliases,
            own_accounts=sent.own_accounts,
        )
        return _shown(session, found)


@router.put("/brands/{brand_id}/retention", dependencies=[need(Permission.ADMINISTER)])
def change_retention(request: Request, brand_id: Id, sent: Retention) -> BrandShown:
    """Say how long a brand's mentions are kept; what is older goes within the hour."""
    with site_of(request).store.work() as session:
        version = expected_version(request, sent.version)
        found = brandedits.set_retention(
            session, actor_of(request), brand_id, sent.retention_days, version=version
        )
        return _shown(session, found)


@router.post(
    "/brands/{brand_id}/remove", status_code=204, dependencies=[need(Permission.ADMINISTER)]
)
def remove_brand(request: Request, brand_id: Id, sent: Removal) -> None:
    """Remove a brand with its mentions, stances and cases; posts and authors stay."""
    with site_of(request).store.work() as session:
        brandedits.remove_brand(session, actor_of(request), brand_id, typed=sent.name)


@router.post("/query/test", dependencies=[need(Permission.READ, "somewhere", reads=True)])
def test_query(request: Request, sent: QueryToTest) -> QueryTestShown:
    """What a query does to the last 1,000 posts: matches, and what each clause holds for."""
    actor = actor_of(request)
    with site_of(request).reading() as session:
        own = frozenset[str]()
        if sent.brand_id is not None:
            actor.require(Permission.READ, sent.brand_id)
            own = own_accounts_of(session, sent.brand_id)
        return _tested(run_query_test(session, actor, sent.query, own_accounts=own))


def _shown(session: Session, brand: Brand) -> BrandShown:
    facts = facts_of(session, brand)
    return BrandShown(
        id=id_of(brand),
        name=brand.name,
        slug=brand.slug,
        query=brand.query,
        aliases=facts["names"],
        own_accounts=facts["own_accounts"],
        retention_days=brand.retention_days,
        version=brand.version,
        created_at=brand.created_at,
        matching=brand.match_wanted_at is not None,
    )


def _tested(found: QueryTest) -> QueryTestShown:
    return QueryTestShown(
        normal=found.normal,
        posts=found.posts,
        matched=found.matched,
        own=found.own,
        clauses=[ClauseShown(text=c.text, depth=c.depth, held=c.held) for c in found.clauses],
        left_out=found.left_out,
        hits=[
            HitShown(
                post_id=int(hit.post.id or 0),
                source=hit.post.source,
                author=hit.author.handle or hit.author.name or hit.author.native_id,
                published_at=hit.post.published_at,
                title=hit.post.title,
                text=hit.post.text,
                spans=list(hit.spans),
                title_spans=list(hit.title_spans),
                own=hit.own,
            )
            for hit in found.hits
        ],
    )
