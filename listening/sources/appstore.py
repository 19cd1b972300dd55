"""Reviews of apps in Apple's App Store, by its feed of the latest 500 in each country."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.importing.rows import BadRow
from listening.sources.base import (
    ANYTHING,
    Batch,
    PostKind,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.normalise import clean, count, moment, optional, part, web_address
from listening.sources.searching import bad_row

_API = "https://itunes.apple.com"
_PAGES = 10  # of 50 reviews; the next is refused
_LOOKS = 3  # at a page: now and then one comes without its reviews
# A review may appear days after it was written.
_OVERLAP = timedelta(days=2)
_APP = re.compile(r"(?:https?://\S*/id|id)?(\d{5,})(?:\?\S*)?")
_COUNTRY = re.compile(r"[a-z]{2}")
_AUTHOR = re.compile(r"/id(\d+)")
_PAGE = re.compile(r"/page=(\d+)/")

_SPEC = SourceSpec(
    name="appstore",
    help="Reviews of apps in Apple's App Store.",
    settings=(
        SourceSetting(
            name="app",
            help="number of the app, as in .../id123456789, or its address; several with spaces",
            required=True,
        ),
        SourceSetting(
            name="country", help="two letters, such as us; several with spaces", default="us"
        ),
        SourceSetting(
            name="all_mentions",
            help="every review is about the brand, named or not; yes unless told otherwise",
            kind="flag",
        ),
    ),
    rate_limit="not told; 20 requests a minute are made",
    terms="https://www.apple.com/legal/internet-services/itunes/",
    gives="stars, text, title, author, time, country, version of the app, helpful votes",
    lacks="all but the latest 500 reviews of an app in a country, languages, answers of the maker, "
    "deletions",
    backfill=True,
)


class AppStore:
    """Page after page of each app in each country, back to what is known."""

    def __init__(self, client: Client | None = None) -> None:
        self._client = client or Client("appstore", rate="20/minute")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Numbers of apps and countries, in one spelling.

        Raises:
            SettingsError: one is none.
        """
        apps = []
        for told in _several(params["app"]):
            if not (found := _APP.fullmatch(told)):
                raise SettingsError(
                    f"appstore: app: {told!r} is no app; write its number, as it stands in its "
                    "address after /id: --set app=123456789."
                )
            apps.append(found[1])
        countries = [told.lower() for told in _several(params.get("country") or "us")]
        for country in countries:
            if not _COUNTRY.fullmatch(country):
                raise SettingsError(
                    f"appstore: country: {country!r} is none; write two letters, such as us or gb."
                )
        return {
            **params,
            "app": " ".join(dict.fromkeys(apps)),
            "country": " ".join(dict.fromkeys(countries)),
            "all_mentions": params.get("all_mentions", True),
        }

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was written or edited since, the latest first, a page a batch."""
        state = dict(cursor or {})
        for country in _several(params.get("country") or "us"):
            for app in _several(params["app"]):
                key = f"{country}/{app}"
                for own, answer, reviews in self._pages(key, state.get(key), window):
                    posts, bad = _read(reviews, answer, country)
                    if window is not None:
                        posts = [p for p in posts if window.since <= p.published_at < window.until]
                    state = {**state, key: own}
                    yield Batch(cursor=state, posts=posts, bad_rows=bad)

    def _pages(
        self, key: str, known: Any, window: Window | None
    ) -> Iterator[tuple[dict[str, Any], Answer, list[Any]]]:
        """Pages with their reviews, each with the state to go on from.

        All is known up to `until`. Within a read, `top` is the latest that was met, `page` the
        one to read next; `gap` is "open" where the one before was empty, and "yes" where an
        empty one stood between others, hence the read was not whole.
        """
        own: dict[str, Any] = dict(known) if isinstance(known, Mapping) else {}
        until, top = moment(own.get("until")), moment(own.get("top"))
        back_to = window.since if window else until - _OVERLAP if until else None
        page = last = count(own.get("page")) or 1
        gap = own.get("gap")
        ended = False
        while not ended:
            answer, reviews, told = self._page(key, page)
            last = max(last, told)
            times = [found for one in reviews if (found := moment(_label(one, "updated")))]
            top = max([*times, *([top] if top else [])], default=None)
            known_all = back_to is not None and bool(times) and min(times) < back_to
            # Two empty pages are the end, whatever was announced.
            ended = page >= last or known_all or (not reviews and gap == "open")
            if gap != "yes":
                gap = ("yes" if gap else None) if reviews else "open"
            page += 1
            if ended:
                own = _state(until=until if gap == "yes" else top or until)
            else:
                own = _state(until=until, top=top, page=page, gap=gap)
            yield own, answer, reviews

    def _page(self, key: str, page: int) -> tuple[Answer, list[Any], int]:
        """A page: answer, reviews, and which is the last page."""
        country, _, app = key.partition("/")
        url = f"{_API}/{country}/rss/customerreviews/page={page}/id={app}/sortby=mostrecent/json"
        for _ in range(_LOOKS):
            answer = self._client.get(url)
            feed = part(answer.json(), "feed")
            if not isinstance(feed, dict):
                raise answer.changed("no feed")
            if reviews := _reviews(feed):
                break
        return answer, reviews, _last(feed, page)


def _several(told: Any) -> list[str]:
    return clean(told).replace(",", " ").split()


def _state(**facts: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
        if value is not None
    }


def _reviews(feed: dict[str, Any]) -> list[Any]:
    """Its reviews; a single one is no list, and the first may be the app itself."""
    found = feed.get("entry")
    entries = found if isinstance(found, list) else [] if found is None else [found]
    return [one for one in entries if part(one, "im:name") is None]


def _last(feed: dict[str, Any], page: int) -> int:
    """The last page, as the feed tells; where it does not, this one."""
    links = feed.get("link")
    for link in links if isinstance(links, list) else [links]:
        if part(link, "attributes", "rel") == "last":
            told = _PAGE.search(clean(part(link, "attributes", "href")))
            return min(int(told[1]), _PAGES) if told else page
    return page


def _label(review: Any, *path: str) -> Any:
    return part(review, *path, "label")


def _read(
    reviews: list[Any], answer: Answer, country: str
) -> tuple[list[RawPost], list[tuple[str, BadRow]]]:
    posts, bad = [], []
    for review in reviews:
        found = _post(review, country)
        if isinstance(found, RawPost):
            posts.append(found)
        else:
            bad.append(bad_row(answer.url, review, found))
    return posts, bad


def _post(review: Any, country: str) -> RawPost | str:
    """A review as a post; or which field is missing."""
    native, written = optional(_label(review, "id")), moment(_label(review, "updated"))
    author = _AUTHOR.search(clean(_label(review, "author", "uri")))
    text, title = clean(_label(review, "content")), optional(_label(review, "title"))
    if native is None or author is None or written is None:
        return "id" if native is None else "author" if author is None else "updated"
    if not text and title is None:
        return "content"
    stars = count(_label(review, "im:rating"))
    name, version = optional(_label(review, "author", "name")), _label(review, "im:version")
    return RawPost(
        source="appstore",
        native_id=native,
        author_native_id=author[1],
        author_name=name,
        text=text or clean(title),
        title=title,
        url=web_address(clean(part(review, "link", "attributes", "href")).replace(" ", "%20")),
        published_at=written,
        kind=PostKind.REVIEW,
        country=country,
        rating=None if stars is None else float(stars),
        likes=count(_label(review, "im:voteSum")),
        tags=(f"version {version}",) if optional(version) else (),
    )
