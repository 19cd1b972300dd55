"""The page of mentions: search and its errors, facets, what the ticked become, views, files."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from api.web.excerpts import window
from api.web.templating import page_templates
from listening.access import Role
from listening.store.mentions.finding import Facets
from listening.store.mentions.mentions import views
from listening.store.mentions.tagging import tags_of
from listening.store.session import Store
from listening.store.tables import AuditEntry, SentimentLabel
from tests.api.conftest import HOSTILE, Client
from tests.factories import at
from tests.signed import csrf_of, sign_in

PAGE = "/brands/jetblue/mentions"


@pytest.fixture
def browser(people: Store, client: Client) -> TestClient:
    found: TestClient = client(people)
    return found


def ticks(page: str) -> list[str]:
    return re.findall(r'name="mention" value="(\d+)"', page)


def send(browser: TestClient, path: str, **fields: object) -> str:
    """What is told on the page after a form."""
    answer = browser.post(f"{PAGE}/{path}", data={"csrf": csrf_of(browser, PAGE), **fields})
    assert answer.status_code == 200, answer.text
    told = re.search(r'<div class="flash[^"]*" role="status">\s*<p>(.*?)</p>', answer.text)
    return told[1] if told else ""


def test_everything_newest_first(browser: TestClient) -> None:
    text = browser.get(PAGE).text
    assert len(ticks(text)) == 8
    assert text.index("better than Virgin") < text.index("I love")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert len(text) < 100_000


def test_matches_are_marked_and_the_query_stays(browser: TestClient) -> None:
    text = browser.get(PAGE, params={"q": '"lost my bag" OR crew', "sentiment": "negative"}).text
    assert len(ticks(text)) == 2
    assert text.count("<mark>lost my bag</mark>") == 2
    assert "&#34;lost my bag&#34; OR crew</textarea>" in text
    assert 'aria-label="Filters"' in text
    assert "Sentiment: negative" in text


def test_a_query_that_cannot_be_read_is_shown_with_the_place(browser: TestClient) -> None:
    answer = browser.get(PAGE, params={"q": "bag AND"})
    assert answer.status_code == 200  # the page is there to say so
    assert "column 8: a term is missing after AND\n  bag AND\n         ^</pre>" in answer.text
    assert 'aria-invalid="true"' in answer.text
    answer = browser.get(PAGE, params={"startDate": "soon"})
    assert (answer.status_code, "startDate is a day such as" in answer.text) == (422, True)
    assert browser.get(PAGE, params={"cursor": "nonsense"}).status_code == 422


def test_nothing_found_says_what_to_do(browser: TestClient) -> None:
    assert "No mention is like that" in browser.get(PAGE, params={"q": "zeppelin"}).text
    empty = browser.get("/brands/virgin%20%2F%20america%3F/mentions", params={"author": "a-foe"})
    assert "Show all mentions" in empty.text


def test_to_before_from_is_told_in_words_of_the_page(browser: TestClient) -> None:
    answer = browser.get(PAGE, params={"startDate": "2026-09-03", "endDate": "2026-09-01"})
    assert answer.status_code == 422
    assert "To (endDate) must lie after From (startDate)" in answer.text


def test_nothing_found_is_not_counted(browser: TestClient) -> None:
    part = browser.get(f"{PAGE}/facets", params={"author": "nobody-at-all"}).text
    assert "Nothing is found, so nothing is counted." in part
    assert "0 mentions" not in part and "Nothing to narrow" not in part


def test_nothing_among_those_looked_at() -> None:
    facets = Facets({}, [], 0, False, at("2015-02-19T10:00Z"), {})
    part = page_templates().env.get_template("mention_facets.html").render(facets=(facets, {}))
    assert "None among the mentions back to 19 Feb 2015; those before were not counted." in part


def test_facets_are_buttons_of_the_search(browser: TestClient) -> None:
    part = browser.get(f"{PAGE}/facets", params={"q": "jetblue", "xsentiment": "none"}).text
    assert "Counted: 6 mentions, all that is found." in part
    assert '<button class="link" form="search" name="sentiment" value="negative">' in part
    assert 'form="search" name="xstatus" value="open"' in part
    assert 'name="language"' not in part  # all of them are English
    assert (
        "Counted: 6 mentions"
        in browser.get(PAGE, params={"q": "jetblue", "xsentiment": "none", "counts": "true"}).text
    )
    assert browser.get(f"{PAGE}/facets", params={"q": "("}).status_code == 422


def test_sentiment_set_and_undone(browser: TestClient, people: Store) -> None:
    page = browser.get(PAGE, params={"q": "crew"}).text
    (number,) = ticks(page)
    told = send(browser, "override", mention=number, sentiment="negative", back="q=crew")
    assert told == "1 mention set to negative."
    page = browser.get(PAGE, params={"q": "crew"}).text
    assert "(set by <bdi>ada@example.com</bdi>)" in page
    entry = entries(people)[-1]
    assert send(browser, "undo", entry=entry) == "1 mention as before."
    with people.session() as session:
        assert next(views(session, mention_ids=[int(number)])).mention.override is None
    assert send(browser, "undo", entry="x") == "There is no such change to undo."
    assert send(browser, "override", sentiment="negative").startswith("Tick at least one")
    assert send(browser, "override", mention=number, sentiment="").startswith("Choose a sentiment")


def entries(people: Store) -> list[str]:
    with people.session() as session:
        return [str(i) for i in session.exec(select(AuditEntry.id).order_by(AuditEntry.id))]  # type: ignore[arg-type]


def test_what_enter_presses_without_scripts_is_tag(browser: TestClient) -> None:
    form = re.search(r'<form id="bulk".*?</form>', browser.get(PAGE).text, re.DOTALL)
    assert form is not None
    assert f'action="{PAGE}/tags"' in form[0].partition(">")[0]
    assert re.findall(r"<button([^>]*)>(\w+)</button>", form[0]) == [
        (' name="how" value="add"', "Tag"),
        (' name="how" value="remove"', "Untag"),
        (f' formaction="{PAGE}/override"', "Set"),
    ]


def test_many_tagged_at_once(browser: TestClient, people: Store) -> None:
    numbers = ticks(browser.get(PAGE, params={"q": "lost"}).text)
    assert len(numbers) == 2
    told = send(browser, "tags", mention=numbers, tags=f"Bags, {HOSTILE[:20]}", how="add")
    assert told == "2 mentions tagged."
    text = browser.get(PAGE, params={"tag": "Bags"}).text
    assert len(ticks(text)) == 2
    assert "&lt;script&gt;alert" in text
    assert (
        send(browser, "tags", mention=numbers[0], tags="bags", how="remove")
        == "1 mention untagged."
    )
    with people.session() as session:
        assert "Bags" not in tags_of(session, [int(numbers[0])])[int(numbers[0])]


def test_a_view_saved_shared_and_deleted(browser: TestClient, people: Store) -> None:
    csrf = csrf_of(browser, PAGE)
    sent = {"csrf": csrf, "page": "mentions", "name": "Lost bags", "filters": "q=lost+bag&xtag=a"}
    text = browser.post("/brands/jetblue/views", data=sent).text
    assert "Saved as Lost bags." in text
    assert (
        f'href="{PAGE}?q=lost+bag&amp;xtag=a"' in text or f"{PAGE}?q=lost%20bag&amp;xtag=a" in text
    )
    assert "You have a view" in browser.post("/brands/jetblue/views", data=sent).text
    share = re.search(r'action="(/brands/jetblue/views/\d+)/change"', text)
    assert share is not None
    text = browser.post(f"{share[1]}/change", data={"csrf": csrf, "shared": "1"}).text
    assert "Lost bags is shared now." in text
    sign_in(browser, "vera@example.com", Role.VIEWER)
    other = browser.get(PAGE).text
    assert "Lost bags" in other
    assert 'name="mention"' not in other
    assert "Export what is found" not in other
    refused = browser.post(f"{share[1]}/delete", data={"csrf": csrf_of(browser, PAGE)})
    assert refused.status_code == 403
    sign_in(browser)
    gone = browser.post(f"{share[1]}/delete", data={"csrf": csrf_of(browser, PAGE)}).text
    assert "Lost bags is deleted." in gone


def test_a_file_of_what_is_found(browser: TestClient) -> None:
    answer = browser.get(f"{PAGE}/export", params={"q": "crew", "format": "csv"})
    assert answer.text.splitlines()[0].startswith("brand,mention_id,source")
    assert len(answer.text.splitlines()) == 2


def test_who_only_looks_changes_nothing(browser: TestClient, people: Store) -> None:
    (number,) = ticks(browser.get(PAGE, params={"q": "crew"}).text)
    sign_in(browser, "vera@example.com", Role.VIEWER)
    data = {"csrf": csrf_of(browser, PAGE), "mention": number, "sentiment": "negative"}
    assert browser.post(f"{PAGE}/override", data=data).status_code == 403
    with people.session() as session:
        found = next(views(session, mention_ids=[int(number)]))
        assert found.sentiment is SentimentLabel.POSITIVE


def test_a_long_text_is_cut_where_the_match_is_and_whole_on_its_page(
    browser: TestClient, people: Store
) -> None:
    text = browser.get(PAGE, params={"q": "word AND jetblue"}).text
    assert "Show the whole text" in text
    assert text.count("<mark>word</mark>") < 120
    (number,) = ticks(text)
    whole = browser.get(f"{PAGE}/{number}").text
    assert "word " * 300 in whole
    csrf = csrf_of(browser, PAGE)
    told = browser.post(
        f"{PAGE}/override",
        data={"csrf": csrf, "mention": number, "one": number, "sentiment": "negative"},
    )
    assert told.url.path == f"{PAGE}/{number}"
    assert 'value="negative" aria-pressed="true"' in told.text
    assert browser.get(f"{PAGE}/999999").status_code == 404


@pytest.mark.parametrize(
    ("text", "spans", "shown"),
    [
        ("short", [(0, 5)], None),
        ("a " * 400, [], ("a " * 239).rstrip() + " …"),
        ("a " * 400 + "match", [(800, 805)], "… " + "a " * 69 + "match"),
    ],
)
def test_windows(text: str, spans: list[tuple[int, int]], shown: str | None) -> None:
    found = window(text, spans)
    assert (found.text if found else None) == shown
    if found and spans:
        assert [found.text[a:b] for a, b in found.spans] == ["match"]
