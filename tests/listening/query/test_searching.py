"""What to search a platform for, so that nothing a query wants is missed."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from listening.query import Document, Matcher, parse, search_terms
from listening.query.tokens import WORD, Words, fold, plain
from tests.listening.query.test_any_input import QUERIES, TEXTS, TITLES


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        # terms
        ("jetblue", ("jetblue",)),
        ("JetBlue", ("JetBlue",)),
        ('"jet blue"', ("jet blue",)),
        ("@jetblue", ("@jetblue",)),
        ("#jetblue", ("#jetblue",)),
        ("{BT}", ("BT",)),
        ("C++", ("C++",)),
        ("AT&T", ("AT&T",)),
        ("don't", ("don't",)),
        ("捷蓝", ("捷蓝",)),
        ("💙", ("💙",)),
        ("café", ("café",)),
        # wildcards are nothing that a platform can be searched for
        ("jetblu*", ()),
        ("j?tblue", ()),
        ('"jet blu*"', ()),
        ("{Jet*}", ()),
        ("jetblue.com/*", ()),
        # OR: all of them, or nothing is certain
        ("jetblue OR @jetblue", ("jetblue", "@jetblue")),
        ('jetblue OR "jet blue" OR #jetblue', ("jetblue", "jet blue", "#jetblue")),
        ("jetblue OR (delta OR united)", ("jetblue", "delta", "united")),
        ("jetblue OR jet*", ()),
        ("jetblue OR rating:1", ()),
        ("jetblue OR author:jetblue", ()),
        # once each, whatever the case
        ("jetblue OR jetblue", ("jetblue",)),
        ("{JetBlue} OR jetblue OR JETBLUE", ("JetBlue",)),
        ("straße OR STRASSE", ("straße",)),
        ("café OR cafe", ("café", "cafe")),
        # AND: the part with the fewest terms, of those the one whose shortest is longest
        ("delta AND airlines", ("airlines",)),
        ("airlines AND delta", ("airlines",)),
        ("(delta OR united) AND airlines", ("airlines",)),
        ("(delta OR united) AND at", ("at",)),
        ("(delta OR united) AND (airline OR flight OR gate)", ("delta", "united")),
        ("(delta OR at) AND (airline OR flight)", ("airline", "flight")),
        ("delta AND flight*", ("delta",)),
        ("delt* AND flight*", ()),
        ("delta AND language:en AND authorFollowers:[500 TO *]", ("delta",)),
        ("(delta AND airlines) OR jetblue", ("airlines", "jetblue")),
        ("(delta AND flight*) OR (jetblue AND crew)", ("delta", "jetblue")),
        # NOT
        ("delta NOT force", ("delta",)),
        ("delta -force", ("delta",)),
        ('delta NOT ("delta force" OR dental)', ("delta",)),
        ("delta AND NOT NOT airlines", ("airlines",)),
        # near
        ("delta NEAR/5 flight", ("flight",)),
        ("delta NEAR/5f (flight OR airline)", ("delta",)),
        ("delta ONEAR/5 flight*", ("delta",)),
        ("del* NEAR/5 fli*", ()),
        ("delta SENTENCE/1 airlines", ("airlines",)),
        ("(delta AND airline AND crew)~5", ("airline",)),
        ('"delta airlines"~5', ("airlines",)),
        # fields
        ("title:jetblue", ("jetblue",)),
        ('content:("jet blue" OR jetblue)', ("jet blue", "jetblue")),
        ("title:(jetblue NOT delta)", ("jetblue",)),
        ("title:jetblu*", ()),
        ("url:jetblue", ()),
        ("author:jetblue", ()),
        ("rating:[1 TO 2]", ()),
        ("country:us AND jetblue", ("jetblue",)),
        ("links:jetblue OR jetblue", ()),
    ],
)
def test_what_is_searched_for(query: str, terms: tuple[str, ...]) -> None:
    assert search_terms(parse(query).tree) == terms


def holds(term: str, text: str) -> bool:
    """Whether the words of a term stand in a text one after the other, case and accents apart."""
    wanted = " ".join(WORD.findall(plain(fold(term))))
    return f" {wanted} " in Words(text).line()


@given(QUERIES, TEXTS, TITLES)
@settings(max_examples=1500)
def test_whatever_a_query_matches_is_found_by_one_of_its_terms(
    query: str, text: str, title: str | None
) -> None:
    parsed = parse(query)
    terms = search_terms(parsed.tree)
    assume(terms)
    document = Document(text, title=title, url=text, country=title)
    if Matcher({0: parsed}).match(document):
        areas = [text, *([title] if title is not None else [])]
        assert any(holds(term, area) for term in terms for area in areas)


def test_a_query_of_thousands_is_searched_at_once() -> None:
    names = [f"name{number}" for number in range(2000)]
    assert search_terms(parse(" OR ".join(names)).tree) == tuple(names)
