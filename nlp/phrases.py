"""Direct recommendation and warning language, and the marks of spam, by plain patterns.

Patterns are kept narrow: a miss costs a little evidence, a false hit tells a brand team
something nobody said. Each is tried on the text with handles and addresses masked.
"""

from __future__ import annotations

import re

_NEGATED = (
    r"(?:never|not|n't|n’t|cannot|wouldn|wouldnt|dont|don|cant|hardly|no longer)\b[\w\s'’]{0,24}"
)

_RECOMMENDS = re.compile(
    r"""
    \b(?:highly|really|totally|definitely|strongly|absolutely|can|would|thoroughly|fully)\s+
        recommend(?:ed)?\b
    | \brecommend(?:ed|ing)?\s+(?:it|them|this|these|@user|to\s+(?:my|every|any|all|friends))\b
    | \brecommend(?:ed|ing)?\b[^.!?\n]{0,30}\bto\s+(?:my|every|any|all|friends|anybody|others)\b
    | \bworth\s+every\s+(?:penny|cent|pound|euro|dollar|bit)\b
    | \b(?:you\s+)?(?:won'?t|will\s+not|wont)\s+(?:regret|be\s+disappointed)\b
    | \b(?:just|go|please|do)\s+(?:buy|get)\s+(?:one|it|yourself|this)\b
    | \b(?:get|buy)\s+(?:one|yourself\s+one)\s*(?:!|now|today|already|please)
    | (?:^|[,:;.!?(]|\byes\b|\bsaid\b)\s*(?:just\s+)?(?:buy|get)\s+(?:it|one)\b
        (?!\s+(?:was|is|back|fixed|to))
    | \b(?:everyone|everybody)\s+(?:should|needs?\s+to|has\s+to|must)\s+(?:get|buy|try|own|have)\b
    | \byou\s+(?:should|have\s+to|must|need\s+to)\s+(?:buy|try)\b
    | \b(?:do\s+yourself\s+a\s+favou?r)\b
    | \b(?:10/10|ten\s+out\s+of\s+ten)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WARNS = re.compile(
    r"""
    \b(?:stay|steer|keep|run)\s+(?:far\s+|well\s+|the\s+hell\s+)?(?:away|clear)\b
    | \b(?:do\s+not|don'?t|don’t|dont|never)\s+(?:ever\s+)?
        (?:buy|waste|bother|trust|fly|order|fall\s+for|give\s+them|use|purchase|get\s+(?:one|this))\b
    | \bsave\s+your(?:self|\s+(?:money|time|cash|sanity|nerves))\b
    | \bwaste\s+of\s+(?:money|time|cash|space)\b
    | \bavoid\s+(?:it|them|this|these|like|at\s+all|@user|the)\b
    | \b(?:buyer|buyers|everyone|folks|people)?\s*beware\b
    | \b(?:would|do|could|ca|can)(?:n'?t|n’t|\s?not)\s+recommend\b
    | \b(?:never|not)\s+(?:be\s+)?(?:flying|fly|buying|buy|using|use|ordering)\b
        [^.!?\n]{0,30}\bagain\b
    | \bnever\s+again\b
    | \blook\s+elsewhere\b | \bgo\s+(?:somewhere|anywhere)\s+else\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NEGATED_RECOMMENDATION = re.compile(
    rf"\b(?:\w*{_NEGATED})(?:recommend|buy|get)|\bzero\s+out\b", re.IGNORECASE
)

_SPAM = re.compile(
    r"""
    \b(?:dm|inbox|whatsapp|telegram|text)\s+(?:me|us|now)\b[^.\n]{0,40}\b(?:earn|price|deal|offer|profit|investment)\b
    | \bgiveaway\b[^\n]{0,80}(?:http|follow|click|retweet|\brt\b|dm\b)
    | (?:http|click|follow)[^\n]{0,60}\b(?:giveaway|free\s+gift|gift\s*card)\b
    | \b(?:crypto|bitcoin|btc|forex|airdrop)\b[^\n]{0,80}(?:http|profit|earn|dm|join|invest)
    | \b(?:earn|make)\s+(?:up\s+to\s+)?[$€£]\s?\d[\d,.]*\s*(?:k|/|per|a|every|daily|weekly)\b
    | \b(?:promo|discount|coupon|voucher)\s+code\b[^\n]{0,60}http
    | \b\d{2}\s?%\s+off\b[^\n]{0,60}http
    | \bclick\s+(?:the\s+)?(?:link|here)\b[^\n]{0,40}(?:bio|http|win|claim)
    | \b(?:wholesale|cheapest|lowest)\s+prices?\b[^\n]{0,60}(?:http|dm|whatsapp|bio)
    | \b(?:win|claim|receive)\b[^\n]{0,90}
        \b(?:tag\s+\d|link\s+in\s+bio|enter\s+card|shipping\s+only)\b
    | \bgiveaway\b[^\n]{0,60}\b(?:winners?|verify|card)\b
    | \b(?:airdrop|apy|presale)\b[^\n]{0,60}\b(?:wallets?|join|token)\b
    | \b(?:wallets?|token|stake)\b[^\n]{0,60}\b(?:airdrop|apy|presale)\b
    | \bdm\s+["“']\w+["”']
    | \bmoq\s*\d | \b\d+\s+pcs\b[^\n]{0,40}\b(?:only|ship|price)
    | \b(?:promo|coupon|voucher|discount)\s+(?:code|coupon)\b[^\n]{0,80}
        \b(?:coupon|voucher|near\s+m|verified)
    | \b(?:follow|sub)\s*(?:4|for)\s*(?:follow|sub)\b
    | \bcheck\s+out\s+my\s+(?:channel|page|store|shop|link|bio)\b
    | \b(?:subscribe\s+to\s+my|free\s+followers|link\s+in\s+bio\s+to\s+claim)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


def warns(text: str) -> bool:
    """Whether the author tells others to leave it."""
    return bool(_WARNS.search(text))


def recommends(text: str) -> bool:
    """Whether the author tells others to take it; "would not recommend" does not."""
    if not _RECOMMENDS.search(text):
        return False
    return not (_NEGATED_RECOMMENDATION.search(text) or warns(text))


def looks_like_spam(text: str) -> bool:
    """Whether the text has the marks of advertising by bots and resellers."""
    return bool(_SPAM.search(text))
