"""What pages say of a mention: towards the brand, of the post, and what else it may be."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlalchemy import delete
from starlette.testclient import TestClient

from listening.store.session import Store
from listening.store.tables import Mention, MentionSentiment, SentimentLabel
from tests.api.test_pages import BLUE, words
from tests.factories import Opinion, analyse, author_id, mentions, opinion

Client = Callable[[Store], TestClient]


def author_items(store: Store, client: Client, name: str) -> list[str]:
    """The mentions that an author's page lists, as they are read."""
    html = client(store).get(f"{BLUE}/authors/{author_id(store, name)}").text
    listed = html.split('<ol class="evidence">')[1].split("</ol>")[0]
    return [words(item) for item in listed.split("<li ")[1:]]


def test_a_mention_shows_the_sentiment_towards_the_brand_and_what_it_was_read_from(
    people: Store, client: Client
) -> None:
    towards = {"sentiment": (0.1, 0.1, 0.8), "towards": (0.7, 0.2, 0.1)}
    analyse(people, {"f1": Opinion(**towards), "f2": Opinion(sentiment=(0.1, 0.1, 0.8))})
    first, second, _ = author_items(people, client, "a-fan")
    assert "towards the brand negative −0.60" in first
    assert "post: positive" in first
    assert "read from the whole post" not in first
    assert "towards the brand positive +0.70 (read from the whole post)" in second
    assert "post:" not in second


def test_a_persons_word_stands_for_the_brand_and_the_posts_own_stays_visible(
    people: Store, client: Client
) -> None:
    analyse(people, {"f2": Opinion(sentiment=(0.1, 0.1, 0.8))})
    number = mentions(people, 1)["f2"].mention.id
    with people.work() as session:
        found = session.get(Mention, number)
        found.override, found.override_by = SentimentLabel.NEGATIVE, "Rita"  # type: ignore[union-attr]
    item = author_items(people, client, "a-fan")[1]
    assert "towards the brand negative −1.00 (set by Rita)" in item
    assert "post: positive" in item
    assert "read from the whole post" not in item


def test_a_mention_of_a_brand_that_came_later_is_not_analysed_yet(
    people: Store, client: Client
) -> None:
    with people.work() as session:
        session.execute(delete(MentionSentiment))
    (item,) = author_items(people, client, "a-mid")
    assert "towards the brand unknown" in item  # the models do not read its language
    assert "towards the brand not analysed yet" in author_items(people, client, "a-fan")[0]
    assert "1 in a language the models do not read, 7 not analysed yet" in words(
        client(people).get(BLUE).text
    )


def test_marks_are_words_with_their_probability(people: Store, client: Client) -> None:
    sure = opinion(-0.9, emotion=(0.72, 0.1, 0.1, 0.08), ironic=0.95, offensive=0.9)
    unsure = opinion(-0.8, emotion=(0.49, 0.3, 0.2, 0.01), ironic=0.89, offensive=0.79)
    analyse(people, {"n1": sure, "n2": unsure})
    first, second, _ = author_items(people, client, "a-foe")
    assert "emotion: anger 72.0%" in first
    assert "irony: may be ironic 95.0%" in first
    assert "offence: offensive 90.0%" in first
    assert not {"emotion", "irony", "offence"} & set(second.replace(":", "").split())
    html = client(people).get(BLUE + "/triage").text
    least = re.findall(r'href="\?case=(\d+)"', html)[2]
    html = client(people).get(f"{BLUE}/triage?case={least}").text
    assert 'title="The post may mean the opposite of what it says: probability 95.0%"' in html
    assert words(html).count("anger 72.0%") == 1
