"""The boolean query language: what is listened for.

`parse` reads a query, `Matcher` holds many against one post after another, `explain` says
why one holds or not. Operators, loosest first: OR, AND, NEAR/n NEAR/nf ONEAR/n SENTENCE/n,
NOT (also -term); see `listening.query.parser`.

    jetblue OR "jet blue" OR @jetblue
    (delta NEAR/5 (flight OR airline)) NOT "delta force"
    {BT} AND language:en AND authorFollowers:[500 TO *]

A word also matches in its @handle and #hashtag and before an apostrophe; `@jetblue` matches
the handle only, `#jetblue` the hashtag only. Case and width never matter but in {braces}.
An accented term matches exactly, an unaccented one both. Terms in scripts without spaces
are found as substrings.
"""

from listening.query.document import Document
from listening.query.explain import Explanation, explain
from listening.query.limits import parse_small
from listening.query.matcher import Match, Matcher
from listening.query.nodes import Query
from listening.query.parser import parse
from listening.query.searching import search_terms

__all__ = [
    "Document",
    "Explanation",
    "Match",
    "Matcher",
    "Query",
    "explain",
    "parse",
    "parse_small",
    "search_terms",
]
