"""Pages of segments and of authors: personas, the map, what became of a segment."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from sqlmodel import Session
from starlette.testclient import TestClient

from listening.store.flags.towards import put_figures
from listening.store.segments.finishing import Told
from listening.store.segments.segments import FoundMembership
from listening.store.session import Store
from listening.store.tables import (
    LineageEvent,
    Membership,
    Segment,
    Segmentation,
    SegmentState,
)
from tests.factories import MODEL, author_id, mentions
from tests.segmented import Cluster, store_run

Client = Callable[[Store], TestClient]
BLUE = "/brands/jetblue"


def words(html: str) -> str:
    """What a reader sees, in one line."""
    shown = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(shown))


def second_run(session: Session, store: Store) -> None:
    """The segment goes on with one author more, another is born and takes one."""
    who = {name: author_id(store, name) for name in ("a-fan", "a-foe", "a-mid", "a-new")}
    run = Segmentation(fingerprint="two", model=MODEL, params={}, authors=4, noise=0)
    store_run(
        session,
        run,
        [Cluster(name="crew · seat", segment_id=1, keywords=["crew"]), Cluster(name="bags")],
        [
            FoundMembership(author_id=who["a-fan"], label=0, noise=False, strength=0.9,
                            others=[(1, 0.3)], x=0.0, y=0.0),
            FoundMembership(author_id=who["a-new"], label=0, noise=False, strength=0.8,
                            x=1.0, y=1.0),
            FoundMembership(author_id=who["a-foe"], label=1, noise=False, strength=0.7,
                            x=5.0, y=5.0),
            FoundMembership(author_id=who["a-mid"], label=1, noise=True, strength=0.1,
                            x=6.0, y=5.0),
        ],
        events=[
            Told(event=LineageEvent.CONTINUED, segment_id=1, shared=1, joined=0, left=1, came=1,
                 moved=0.04),
            Told(event=LineageEvent.BORN, segment_id=2, joined=1),
            Told(event=LineageEvent.SPLIT, segment_id=2, other_id=1, shared=1),
        ],
    )  # fmt: skip


def test_a_segments_page_is_its_persona(people: Store, client: Client) -> None:
    text = words(client(people).get("/segments/1").text)
    assert "Read: all 2 members, 6 posts, 6 of them scored." in text
    assert '"Everyone" is 3 authors who took part' in text
    assert "6 mentions by 2 members, 6 scored: 3 negative, 1 neutral, 2 positive" in text
    assert "50.0% advocates (1) and 50.0% detractors (1) of 2 weighed" in text
    assert "Mentions that praise" in text
    assert "Busiest from 08:00 to 11:00: 100.0% of 6 posts." in text
    assert "Nothing yet: lineage is told from the second run on." in text
    assert "this run did not resample" in text


def test_words_of_praise_stand_with_the_mentions_that_hold_them(
    people: Store, client: Client
) -> None:
    # Of the author's two mentions that praise, the models are less sure of this one.
    said = int(mentions(people, 1)["f2"].mention.id or 0)
    word = {"word": "crew", "praise": 3, "complaint": 1, "mentions": [said]}
    with people.work() as session:
        put_figures(session, 1, 1, {"words": {"1": {"praise": [word], "complaint": []}}})
    html = client(people).get("/segments/1").text
    assert "Praised for crew 3 to 1" in words(html)
    praise = html.split("Mentions that praise")[1].split("</details>")[0]
    assert "crew was kind again" in words(praise)
    assert "fly with them" not in praise


def test_a_tentative_segment_says_so_wherever_it_stands(people: Store, client: Client) -> None:
    with people.work() as session:
        state = session.get_one(SegmentState, 1)
        state.tentative, state.stability = True, 0.31
    page = words(client(people).get("/segments/1").text)
    assert "0.31 how much of it resampled authors find again, of 1: tentative" in page
    assert "tentative" in words(client(people).get(BLUE + "/segments").text)


def test_what_became_of_a_segment_is_told_with_links(people: Store, client: Client) -> None:
    with people.work() as session:
        second_run(session, people)
    html = client(people).get("/segments/1").text
    text = words(html)
    assert (
        "continued 1 author stayed, 0 joined from other segments or from none, 1 left; "
        "1 took part for the first time, 0 no more; it moved by 0.04" in text
    )
    assert '<a href="/segments/2"><bdi>bags</bdi></a> came out of it, 1 author' in html
    born = words(client(people).get("/segments/2").text)
    assert "born New, with 1 author" in born
    assert "Came out of crew · seat , 1 author" in born
    runs = re.findall(r"run (\d)</span></th>", html)
    assert runs == ["2", "1"]


def test_a_segment_that_died_keeps_a_page_and_a_merged_one_leads_on(
    people: Store, client: Client
) -> None:
    with people.work() as session:
        second_run(session, people)
        session.add(Segment(id=7, name="old"))
        session.flush()
        session.add(SegmentState(segmentation_id=1, segment_id=7, label=5, size=3))
        session.add(Segment(id=8, name="joined", merged_into=2))
    site = client(people)
    gone = site.get("/segments/7")
    assert gone.status_code == 200
    assert "not in the current segmentation" in words(gone.text)
    moved = site.get("/segments/8?brand=jetblue", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (307, "/segments/2?brand=jetblue")
    assert site.get("/segments/77").status_code == 404


def test_the_map_draws_every_author_with_a_place(people: Store, client: Client) -> None:
    without = client(people).get(BLUE + "/segments").text
    assert 'class="map' not in without
    with people.work() as session:
        second_run(session, people)
    html = client(people).get(BLUE + "/segments").text
    assert "4 authors." in words(html)
    assert html.count("h0") == 4
    assert re.search(r'<a href="/segments/2\?brand=jetblue" aria-label="bags"', html)
    assert 'src="/static/map.js"' in html
    assert "style=" not in html


def test_a_hidden_segment_is_on_no_list_and_no_map(people: Store, client: Client) -> None:
    with people.work() as session:
        second_run(session, people)
        session.get_one(Segment, 2).hidden = True
    html = client(people).get(BLUE + "/segments").text
    assert "bags" not in html
    assert html.count("h0") == 2
    assert "hidden from lists" in words(client(people).get("/segments/2").text)


def test_an_authors_page_tells_segments_past_and_mentions(people: Store, client: Client) -> None:
    with people.work() as session:
        second_run(session, people)
    number = author_id(people, "a-fan")
    text = words(client(people).get(f"/authors/{number}").text)
    assert "Fay Fan" in text
    assert "Next best bags 0.30" in text
    assert "Read: 3 posts, 3 of them scored." in text
    assert text.index("JetBlue is better than Virgin America") < text.index("crew was kind again")
    branded = words(client(people).get(f"{BLUE}/authors/{number}").text)
    assert "What this author is like" in branded
    foe = words(client(people).get(f"/authors/{author_id(people, 'a-foe')}").text)
    assert "Changes bags from crew · seat" in foe


def test_an_author_without_a_brand_has_a_page_too(people: Store, client: Client) -> None:
    text = words(client(people).get(f"/authors/{author_id(people, 'a-else')}").text)
    assert "Too few posts to be segmented" in text
    assert "Mentions no brand" in text
    assert client(people).get("/authors/999999").status_code == 404


def test_an_author_placed_after_the_run_is_said(people: Store, client: Client) -> None:
    number = author_id(people, "a-fan")
    with people.work() as session:
        session.get_one(Membership, (1, number)).placed = True
    assert "came or moved since the last run" in words(
        client(people).get(f"/authors/{number}").text
    )
