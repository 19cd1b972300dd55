"""News of the world by GDELT's search of it (DOC 2.0 API): titles, not texts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from listening.errors import SettingsError
from listening.fetching.http import Answer, Client
from listening.importing.rows import BadRow
from listening.sources.base import (
    ANYTHING,
    Batch,
    RawPost,
    SourceSetting,
    SourceSpec,
    Wanted,
    Window,
)
from listening.sources.errors import RateLimitError
from listening.sources.normalise import moment, optional, part, web_address
from listening.sources.searching import QUERY, bad_row, terms_of

_API = "https://api.gdeltproject.org/api/v2/doc/doc"
_MOST = 250  # articles that one request gives, however many there are
_STEP = timedelta(minutes=15)  # in which GDELT reads the world; nothing finer can be asked
_OVERLAP = timedelta(hours=1)
_FIRST = timedelta(days=7)
_QUERY = 200  # characters; beyond some 250 it refuses
_WORD, _PHRASE = 3, 5  # characters that it searches for at least
_PAUSE = 60.0
_STAMP = re.compile(r"\d{8}T\d{6}Z")
_STRAY = re.compile(r'\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})')

# Languages as GDELT names them.
_CODES = dict(
    pair.split("=")
    for pair in """
    Afrikaans=af Albanian=sq Amharic=am Arabic=ar Armenian=hy Azerbaijani=az Basque=eu
    Belarusian=be Bengali=bn Bosnian=bs Bulgarian=bg Burmese=my Catalan=ca Chinese=zh Croatian=hr
    Czech=cs Danish=da Dutch=nl English=en Estonian=et Finnish=fi French=fr Galician=gl
    Georgian=ka German=de Greek=el Gujarati=gu Hebrew=he Hindi=hi Hungarian=hu Icelandic=is
    Indonesian=id Italian=it Japanese=ja Kannada=kn Kazakh=kk Khmer=km Korean=ko Latvian=lv
    Lithuanian=lt Macedonian=mk Malay=ms Malayalam=ml Maltese=mt Marathi=mr Mongolian=mn Nepali=ne
    Norwegian=no NorwegianNynorsk=nn Pashto=ps Persian=fa Polish=pl Portuguese=pt Punjabi=pa
    Romanian=ro Russian=ru Serbian=sr Sinhalese=si Slovak=sk Slovenian=sl Somali=so Spanish=es
    Swahili=sw Swedish=sv Tamil=ta Telugu=te Thai=th Tibetan=bo Turkish=tr Ukrainian=uk Urdu=ur
    Uzbek=uz Vietnamese=vi
    """.split()
)

_SPEC = SourceSpec(
    name="gdelt",
    help="News articles of the world that name the brand, as GDELT finds them.",
    settings=(
        QUERY,
        SourceSetting(
            name="all_mentions",
            help="every article found is about the brand, though its title may not name it",
            kind="flag",
            default=False,
        ),
    ),
    rate_limit="a request every 5 seconds",
    terms="https://www.gdeltproject.org/about.html#termsofuse",
    gives="title, address, site, language, country of the site, when it was first seen, image",
    lacks="texts, authors, engagement, edits, deletions, more than 250 articles in 15 minutes, "
    "what is older than three months",
    backfill=True,
    try_with={},
)


class Gdelt:
    """One query for several names at once; windows of time are halved until all of each is had."""

    def __init__(self, client: Client | None = None) -> None:
        # Asked every five seconds exactly, it still complains.
        self._client = client or Client("gdelt", rate="1/6 seconds")

    @property
    def spec(self) -> SourceSpec:
        """What it is."""
        return _SPEC

    def check(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Nothing can be wrong."""
        return dict(params)

    def pull(
        self,
        params: Mapping[str, Any],
        cursor: Mapping[str, Any] | None,
        window: Window | None = None,
        wanted: Wanted = ANYTHING,
    ) -> Iterator[Batch]:
        """Yield what was seen since, window after window of time, oldest first."""
        terms = terms_of(_SPEC, params, wanted)
        queries = list(terms) if params.get("query") else _queries(terms)
        # What is not asked for any more is forgotten.
        state = {query: end for query, end in (cursor or {}).items() if query in queries}
        for query in queries:
            begin, end = _span(state.get(query), window)
            for until, articles, answer in self._slices(query, begin, end):
                posts, bad = _read(articles, answer)
                if window is not None:
                    posts = [p for p in posts if window.since <= p.published_at < window.until]
                state = {**state, query: int(until.timestamp())}
                yield Batch(cursor=state, posts=posts, bad_rows=bad, read_until=until)

    def _slices(
        self, query: str, begin: datetime, end: datetime
    ) -> Iterator[tuple[datetime, list[Any], Answer]]:
        """All articles of spans, each with its end, oldest first."""
        waiting = [(begin, end)] if begin < end else []
        while waiting:
            since, until = waiting.pop()
            answer = self._ask(query, since, until)
            articles = _articles(answer, query)
            if len(articles) >= _MOST and until - since > _STEP:
                middle = (since + (until - since) / 2).replace(microsecond=0)
                waiting += [(middle, until), (since, middle)]
                continue
            yield until, articles, answer

    def _ask(self, query: str, since: datetime, until: datetime) -> Answer:
        return self._client.get(
            _API,
            {
                "query": query,
                "mode": "artlist",
                "format": "json",
                "sort": "dateasc",
                "maxrecords": _MOST,
                "startdatetime": f"{since:%Y%m%d%H%M%S}",
                "enddatetime": f"{until - timedelta(seconds=1):%Y%m%d%H%M%S}",
            },
        )


def _span(known: Any, window: Window | None) -> tuple[datetime, datetime]:
    last = moment(known)
    if window is not None:
        return max(window.since, last or window.since), window.until
    end = datetime.now(UTC).replace(microsecond=0)
    return (last - _OVERLAP if last else end - _FIRST), end


def _queries(terms: Sequence[str]) -> list[str]:
    """Terms joined by OR, in as few queries as GDELT takes."""
    found: list[list[str]] = [[]]
    for term in terms:
        word = term.isalnum()
        if len(term) < (_WORD if word else _PHRASE):
            raise SettingsError(
                f"gdelt: {term!r} is too short to be searched for; say what else: --set query=..."
            )
        # A single word in quotes is refused, a word with other signs is without them.
        told = term if word else '"' + term.replace('"', " ") + '"'
        if len(" OR ".join([*found[-1], told])) > _QUERY:
            found.append([])
        found[-1].append(told)
    return [group[0] if len(group) == 1 else f"({' OR '.join(group)})" for group in found if group]


def _articles(answer: Answer, query: str) -> list[Any]:
    told = answer.text.strip()
    if told[:1].isalpha():  # refusals are a sentence, and no error by their status
        if "limit requests" in told:
            raise RateLimitError("GDELT asks for a pause.", retry_after=_PAUSE)
        raise SettingsError(
            f"GDELT refuses to search for {query}: {' '.join(told[:200].split())} "
            "Say what to search for: --set query=..."
        )
    found = _json(answer, told)
    if found == {}:
        return []
    articles = part(found, "articles")
    if not isinstance(articles, list):
        raise answer.changed("no articles")
    return articles


def _json(answer: Answer, told: str) -> Any:
    """Its JSON, which may hold titles with stray backslashes and control characters."""
    with suppress(ValueError, RecursionError):
        return json.loads(_STRAY.sub(r"\\\\", told), strict=False)
    return answer.json()


def _read(articles: list[Any], answer: Answer) -> tuple[list[RawPost], list[tuple[str, BadRow]]]:
    posts, bad = [], []
    for article in articles:
        found = _post(article)
        if isinstance(found, RawPost):
            posts.append(found)
        else:
            bad.append(bad_row(answer.url, article, found))
    return posts, bad


def _post(article: Any) -> RawPost | str:
    """An article as a post; or which field is missing."""
    url, title = web_address(part(article, "url")), optional(part(article, "title"))
    domain, told = optional(part(article, "domain")), optional(part(article, "seendate"))
    seen = moment(told) if told and _STAMP.fullmatch(told) else None
    if url is None or title is None or domain is None or seen is None:
        missing = {"url": url, "title": title, "domain": domain, "seendate": seen}
        return next(name for name, value in missing.items() if value is None)
    language = optional(part(article, "language"))
    return RawPost(
        source="gdelt",
        native_id=url if len(url) <= 500 else hashlib.sha256(url.encode()).hexdigest(),
        author_native_id=domain,
        author_name=domain,
        text=title,
        title=title,
        url=url,
        published_at=seen,
        language=_CODES.get(language.replace(" ", "")) if language else None,
        country=optional(part(article, "sourcecountry")),
        media=("image",) if web_address(part(article, "socialimage")) else (),
    )
