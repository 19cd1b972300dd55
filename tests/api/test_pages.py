"""Each page: its status, what it must say, and what it must never do with a stranger's text."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from listening.access import Role
from listening.store.brands.brands import get_brand
from listening.store.session import Store
from tests.factories import author_id, brand, load, mentions, post
from tests.signed import sign_in

Client = Callable[[Store], TestClient]

BLUE = "/brands/jetblue"
VIRGIN = "/brands/virgin%20%2F%20america%3F"
PAGES = [
    "/",
    *(base + page for base in (BLUE, VIRGIN) for page in
      ("", "/advocates", "/detractors", "/triage", "/segments")),
    "/segments/1",
    "/segments/1?brand=jetblue",
    "/authors/1",
]  # fmt: skip


def words(html: str) -> str:
    """What a reader reads: no tags, one space between words."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.feed(html)
    # Inline elements divide no words; blocks are divided by the line ends between them.
    return " ".join("".join(found).split())


def test_every_page_answers_as_html(people: Store, client: Client) -> None:
    for path in PAGES:
        answer = client(people).get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert '<main id="main"' in answer.text
        assert "</html>" in answer.text


def test_every_answer_carries_the_headers(people: Store, client: Client) -> None:
    for path in [*PAGES, "/nope", "/brands/nope", BLUE + "/triage?order=x"]:
        headers = client(people).get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy, path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_nothing_is_inline_and_nothing_comes_from_elsewhere(people: Store, client: Client) -> None:
    for path in PAGES:
        tags = re.findall(r"<[a-z][^>]*>", client(people).get(path).text)
        assert not [t for t in tags if t.startswith("<style") or re.search(r"\s(style|on\w+)=", t)]
        loaded = [t for t in tags if t.startswith(("<script", "<link", "<img", "<iframe"))]
        assert len(loaded) >= 3, path
        assert all(re.search(r'(?:src|href)="/static/', tag) for tag in loaded)


def test_static_files_are_served_and_known_by_their_type(people: Store, client: Client) -> None:
    site = client(people)
    assert site.get("/static/site.css").headers["content-type"].startswith("text/css")
    assert "javascript" in site.get("/static/menu.js").headers["content-type"]
    assert site.get("/static/favicon.svg").status_code == 200
    assert site.get("/static/../app.py").status_code == 404


def test_the_list_of_brands_gives_figures_with_their_denominators(
    people: Store, client: Client
) -> None:
    blue, virgin = client(people).get("/").text.split('<li class="card brand">')[1:]
    assert "8 mentions by 4 authors" in words(blue)
    assert "−0.176 of 8 scored" in words(blue)
    assert "88.9%of all 2 brands" in words(blue)
    # One author's followers are known: a sum over the others would be made up.
    assert "1,200known for 1 of 4 authors" in words(blue)
    assert "1 mention by 1 author" in words(virgin)


def test_unknown_reach_is_unknown_and_never_zero(store: Store, client: Client) -> None:
    brand(store, "JetBlue")
    load(store, post())
    assert "Unique reachunknownknown for 0 of 1 author" in words(client(store).get("/").text)
    text = words(client(store).get(BLUE).text)
    assert "Reach unknown" in text
    assert "Followers known for 0 of 1 author" in text


def test_a_single_brand_is_still_a_list(store: Store, client: Client) -> None:
    brand(store, "Solo")
    answer = client(store).get("/")
    assert answer.status_code == 200
    assert 'href="/brands/solo"' in answer.text
    assert "No mentions yet" in answer.text


def test_an_empty_store_says_what_to_run(store: Store, client: Client) -> None:
    answer = client(store).get("/")
    assert answer.status_code == 200
    assert "listening brand add" in answer.text
    assert "listening demo" in answer.text


def test_a_brand_without_mentions_shows_its_query(store: Store, client: Client) -> None:
    brand(store, "Quiet", '"quiet one" AND NOT loud')
    text = words(client(store).get("/brands/quiet").text)
    assert "No mentions yet" in text
    assert '"quiet one" AND NOT loud' in text
    for page in ("advocates", "detractors", "triage", "segments"):
        assert client(store).get(f"/brands/quiet/{page}").status_code == 200


def test_the_overview_spells_out_every_figure(people: Store, client: Client) -> None:
    text = words(client(people).get(BLUE).text)
    assert "(positive − negative) / scored mentions(2 − 3) / 6" in text
    assert "(positive − negative) / (positive + negative): −0.20" in text
    assert "its mentions / mentions of all 2 brands8 / 9" in text
    assert "Followers known for 1 of 4 authors" in text
    assert "3,600followers, summed over mentions1,200 unique" in text.replace("3,600 f", "3,600f")
    assert "1 in a language the models do not read, 1 not analysed yet" in text
    assert "3 of 3 mentions lean positive; recommends it" in text
    assert "2 of 2 mentions lean negative; 1 not counted (copy)" in text
    assert "1 high, 1 medium, 1 low" in text


def test_the_chart_has_a_table_for_those_who_do_not_see_it(people: Store, client: Client) -> None:
    html = client(people).get(BLUE).text
    assert 'role="img" aria-labelledby="days-title days-desc"' in html
    rows = re.findall(r'<tr><th scope="row"><time datetime="([^"]+)">', html)
    assert (rows[0], rows[-1], len(rows)) == ("2026-08-08", "2026-09-04", 28)
    assert "2 Sep 2026: 3 mentions, 2 negative, 1 positive" in html
    assert "3 Sep 2026: 2 mentions, 2 not scored" in html


def test_a_flagged_author_is_listed_with_reason_interval_and_review(
    people: Store, client: Client
) -> None:
    html = client(people).get(BLUE + "/advocates").text
    text = words(html)
    assert "Fay Fan" in text
    assert "@fay at file" in text
    assert "verified" in text
    assert "confirmed by Rita" in text
    assert "Score +0.62, 80 percent interval from +0.42 to +0.82" in html
    assert "crew · seat" in text
    assert f'href="{BLUE}/authors/{author_id(people, "a-fan")}"' in html


def test_unknown_followers_are_unknown_and_never_zero(people: Store, client: Client) -> None:
    html = client(people).get(BLUE + "/detractors").text
    cell = re.search(r'<td data-label="Followers"[^>]*>(.*?)</td>', html)
    assert cell is not None
    assert words(cell[1]) == "unknown"


def test_triage_shows_every_term_the_unknown_too(people: Store, client: Client) -> None:
    html = client(people).get(BLUE + "/triage").text
    cases = [words(case) for case in html.split('<li class="case ')[1:]]
    assert [re.search(r"0\.\d\d", case)[0] for case in cases] == ["0.66", "0.52", "0.31"]  # type: ignore[index]
    assert "high" in cases[0]
    assert "1 similar open case" in cases[0]
    first = words(html.partition('<article class="case-open"')[2])
    assert "overdue by 1 h" in first
    assert "damage" in first
    assert "no owner" in first
    assert re.search(r"reach\s*0\.20", first)
    last = re.findall(r'href="\?case=(\d+)"', html)[2]
    pane = words(client(people).get(f"{BLUE}/triage/cases/{last}").text)
    assert "followers unknown" in pane
    for term in ("negativity", "risk", "reach", "repeat", "freshness"):
        assert term in pane
    assert re.search(r"reach\s*unknown", pane)


def test_an_author_page_opens_the_score(people: Store, client: Client) -> None:
    detractor = author_id(people, "a-foe")
    html = client(people).get(f"{BLUE}/authors/{detractor}").text
    text = words(html)
    assert "Why a detractor" in text
    assert "80% interval −0.77 to −0.37" in text
    assert "Score = (k·m + Σ w·x) / (k + Σ w)" in text
    assert "Σ w·x = −1.71 and Σ w = 1.90" in text
    assert "not counted: a copy of an earlier text" in text
    assert "Lost & found" in text
    assert "<mark>JetBlue</mark>" in html
    assert "towards the brand negative −0.80" in text
    assert "counted as −0.90, warns others" in text
    assert "Membership strength" in text
    assert "0.41" in text
    assert "Mentions no other brand" in text


def test_an_author_who_is_noise_is_unsegmented_with_the_nearest(
    people: Store, client: Client
) -> None:
    html = client(people).get(f"{BLUE}/authors/{author_id(people, 'a-mid')}").text
    text = words(html)
    assert "unsegmented, nearest: crew · seat" in text
    assert "Why no flag" in text
    assert "no sentiment could be scored" in text
    assert re.search(r"towards the brand unknown", text)
    assert '<p class="text" dir="auto">طيران <mark>JetBlue</mark>' in html


def test_an_author_page_shows_other_brands_and_the_review(people: Store, client: Client) -> None:
    text = words(client(people).get(f"{BLUE}/authors/{author_id(people, 'a-fan')}").text)
    assert "Virgin / America?" in text
    assert "one independent mention" in text
    assert "met her" in text
    other = client(people).get(f"{VIRGIN}/authors/{author_id(people, 'a-fan')}")
    assert other.status_code == 200


def test_an_author_page_says_nothing_of_brands_that_are_not_the_readers(
    people: Store, client: Client
) -> None:
    with people.session() as session:
        blue = int(get_brand(session, "JetBlue").id or 0)
    browser = sign_in(client(people), "vera@example.com", None, {blue: Role.VIEWER})
    page = f"{BLUE}/authors/{author_id(people, 'a-fan')}"
    html = browser.get(page).text
    assert "Fay Fan" in html
    assert "Mentions no other brand" in html
    assert "virgin%20" not in html
    assert "Virgin / America?" not in words(html)
    assert browser.get(page.replace(BLUE, VIRGIN)).status_code == 404


def test_an_author_nobody_weighed_yet_is_told_so(people: Store, client: Client) -> None:
    html = client(people).get(f"{BLUE}/authors/{author_id(people, 'a-new')}").text
    text = words(html)
    assert "Not weighed yet" in text
    assert "Too few posts to be segmented" in text


def test_a_long_text_is_folded_and_stays_whole(people: Store, client: Client) -> None:
    from listening.store.cases.cases import FoundCase, store_cases
    from listening.store.tables.types import now
    from listening.triage import Urgency

    found = mentions(people)["s1"].mention
    with people.work() as session:
        case = FoundCase(int(found.id or 0), Urgency(0.9, {"risk": 1.0}, (), "high"), "g9")
        store_cases(session, found.brand_id, [case], opened_at=now())
    html = client(people).get(BLUE + "/triage").text
    assert "Show the whole text" in html
    assert "word <mark>JetBlue</mark>" in html


def test_a_segment_page_shows_words_exemplars_and_members(people: Store, client: Client) -> None:
    html = client(people).get("/segments/1?brand=jetblue").text
    text = words(html)
    assert "crew · seat" in text
    assert "Members2" in text.replace("Members 2", "Members2")
    assert "66.7% of 3 authors" in text
    assert "1 more unsegmented, nearest to this one" in text
    assert "99" not in re.findall(r"authors/(\d+)", html)
    members = re.findall(r'<span class="num">(0\.\d\d)</span></span></td>', html)
    assert members == ["0.93", "0.41"]
    assert "towards any brand" in words(client(people).get("/segments/1").text)


@pytest.mark.parametrize(
    "path",
    [BLUE + "/triage", BLUE, "/segments/1", "/segments/1?brand=jetblue"],
)
def test_hostile_text_is_text(people: Store, client: Client, path: str) -> None:
    html = client(people).get(path).text
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(" in html
    assert "{{ 7*7 }}" in html
    assert "javascript:" not in html


def test_only_web_addresses_become_links(people: Store, client: Client) -> None:
    fan = client(people).get(f"{BLUE}/authors/{author_id(people, 'a-fan')}").text
    assert 'href="https://posts.example/f1" target="_blank" rel="noreferrer noopener"' in fan
    foe = client(people).get(f"{BLUE}/authors/{author_id(people, 'a-foe')}").text
    assert "javascript:" not in foe


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/nope", "There is no page at /nope"),
        ("/brands/delta", "no such brand, or it is not yours to see"),
        ("/brands/delta/triage", "no such brand, or it is not yours to see"),
        ("/nope<script>", "&lt;script&gt;"),
        ("/segments/77", "No segment 77 in the current segmentation"),
        (BLUE + "/authors/987654", "No author 987654 who mentions JetBlue"),
        (BLUE + "/authors/x", "There is no page"),
        (BLUE + "/authors/99999999999999999999999", "There is no page"),
        (BLUE + "/advocates?page=2", "There is no page 2; the last one is page 1"),
        (BLUE + "/triage?case=99", "There is no case 99 here"),
    ],
)
def test_what_is_not_there_is_said(people: Store, client: Client, path: str, said: str) -> None:
    answer = client(people).get(path)
    assert answer.status_code == 404
    assert said in answer.text.replace("&#39;", "'")


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999"])
def test_a_page_number_that_is_none_is_refused(people: Store, client: Client, page: str) -> None:
    answer = client(people).get(f"{BLUE}/advocates?page={page}")
    assert answer.status_code == 422
    assert "page:" in answer.text


def test_an_author_who_mentions_only_another_brand_is_not_this_brands(
    people: Store, client: Client
) -> None:
    elsewhere = author_id(people, "a-else")
    assert client(people).get(f"{BLUE}/authors/{elsewhere}").status_code == 404


def test_a_slug_with_a_slash_leads_to_every_page(people: Store, client: Client) -> None:
    html = client(people).get("/").text
    links = set(re.findall(r'href="(/brands/[^"]+)"', html))
    assert VIRGIN in links
    assert all(client(people).get(link).status_code == 200 for link in links)


def test_long_lists_come_in_pages(store: Store, client: Client) -> None:
    from listening.advocacy import Verdict
    from listening.store.flags.stances import store_stances

    number = brand(store, "JetBlue")
    load(store, *(post(id=f"p{i}", author=f"a{i:03}") for i in range(120)))
    with store.work() as session:
        verdicts = {
            author_id(store, f"a{i:03}"): Verdict(
                "advocate", 0.9 - i / 1000, 0.5, 0.95, 1, 2, 0, 0, f"place {i}", ()
            )
            for i in range(120)
        }
        store_stances(session, number, verdicts)
    site = client(store)
    seen: list[str] = []
    for page in (1, 2, 3):
        html = site.get(f"{BLUE}/advocates?page={page}").text
        seen += re.findall(r"place (\d+)<", html)
        assert f'aria-current="page"><span class="sr">Page </span>{page}</span>' in html
    assert seen == [str(i) for i in range(120)]
    assert "81 to 120 of 120 advocates" in words(html)
    assert 'rel="prev" href="?page=2"' in html
    assert 'rel="next"' not in html
