"""People of a big store and what they say, as arrays (pure): the same seed, the same crowd.

Nobody is real: names are a colour and a bird, texts are words of a topic put together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from nlp.types import Ints

Reals = npt.NDArray[np.float64]

BRANDS = ("Alder Air", "Birch Mobile", "Cedar Coffee", "Dogwood Bank", "Elm Rail", "Fir Foods")
SHARES = (0.5, 0.18, 0.12, 0.09, 0.07, 0.04)
SOURCES = ("bluesky", "mastodon", "reddit", "hackernews", "file")
DAYS = 365
TOPICS = tuple(
    tuple(line.split())
    for line in """
    suitcase carousel tag handle luggage belt
    seat legroom recline armrest aisle window
    delay gate departure board queue announcement
    coffee beans roast grinder filter espresso
    refund voucher claim receipt form balance
    signal coverage mast roaming tariff bars
    app login update button screen crash
    meal menu vegetarian snack tray drink
    crew steward smile welcome cabin uniform
    price fare discount sale ticket offer
    card payment chip terminal limit fee
    train platform carriage conductor track signalbox
    cycling helmet pedal saddle chain wheel
    garden tomato seedling compost trowel greenhouse
    chess opening gambit endgame rook clock
    hiking trail summit boots map ridge
    piano chord scale concert sheet tuning
    camera lens shutter tripod exposure print
    football goal keeper corner league pitch
    knitting yarn needle pattern stitch wool
    baking flour dough oven crust yeast
    astronomy telescope nebula orbit comet eclipse
    sailing mast rudder harbour tide knot
    novel chapter plot library author paperback
    painting canvas brush pigment gallery easel
    router wifi cable modem packet outage
    dog leash puppy kennel walk treat
    cinema film scene director trailer popcorn
    running marathon pace shoe lap finish
    recipe garlic onion stew spice ladle
    airport terminal lounge shuttle parking security
    loan mortgage rate branch clerk account
    loyalty points tier status reward upgrade
    packaging carton lid plastic label recycle
    battery charger cable adapter socket watt
    language grammar verb accent course tutor
    vinyl record turntable needle sleeve album
    fishing rod lure river trout bait
    robot sensor motor gripper firmware arm
    weather storm forecast thunder breeze frost
    """.strip().splitlines()
)
GOOD = "great lovely excellent smooth friendly perfect wonderful brilliant".split()
BAD = "terrible broken awful late rude useless disappointing cancelled".split()
PLAIN = "usual ordinary daily regular normal next other recent".split()
COLOURS = "Amber Cobalt Coral Indigo Ivory Jade Ochre Scarlet Teal Umber".split()
BIRDS = "Heron Finch Plover Wren Curlew Swift Avocet Siskin Dunlin Petrel".split()


@dataclass(frozen=True, slots=True)
class People:
    """(n,) of each, for authors 1 to n."""

    segment: Ints
    noise: Ints
    strength: Reals
    xy: Reals
    lean: Reals
    followers: Ints  # below 0: unknown
    home: Ints  # the brand they speak of most


@dataclass(frozen=True, slots=True)
class Posts:
    """(p,) of each, for posts 1 to p, earliest first; brands are numbers from 0.

    Attributes:
        second: another brand in the same post; below 0: none.
        mention: id of the first mention; that of the second is one more.
        back: seconds before the end.
        polarity: towards the first brand.
        draw: (p, 8) random bits, of which texts and facts are made.
    """

    author: Ints
    brand: Ints
    second: Ints
    mention: Ints
    back: Ints
    polarity: Reals
    scored: Ints
    draw: Ints


def people(seed: int, count: int, segments: int) -> People:
    """Everybody, segments falling in size."""
    random = np.random.default_rng([seed, 1])
    sizes = 1 / (np.arange(segments) + 3.0)
    segment = random.choice(segments, count, p=sizes / sizes.sum())
    middles = random.uniform(-10, 10, (segments, 2))
    noise = random.random(count) < 0.2
    spread = np.where(noise, 1.8, random.uniform(0.25, 0.7, segments)[segment])[:, None]
    known = random.random(count) < 0.6
    return People(
        segment=segment,
        noise=noise.astype(np.int64),
        strength=np.where(noise, random.uniform(0, 0.3, count), random.uniform(0.3, 1, count)),
        xy=middles[segment] + spread * random.normal(size=(count, 2)),
        lean=random.normal(0, 0.25, segments)[segment] + random.normal(0, 0.3, count),
        followers=np.where(known, random.lognormal(5.5, 2.0, count), -1).astype(np.int64),
        home=random.choice(len(BRANDS), count, p=SHARES),
    )


def posts(seed: int, who: People, mentions: int) -> Posts:
    """What they say: few say much, and everybody something."""
    random = np.random.default_rng([seed, 2])
    authors, count = len(who.segment), mentions - mentions // 21
    weights = random.permutation(1 / (np.arange(authors) + 10.0) ** 0.7)
    more = random.choice(authors, max(count - authors, 0), p=weights / weights.sum())
    author = random.permutation(np.concatenate([np.arange(authors), more])[:count])
    others = random.choice(len(BRANDS), count, p=SHARES)
    brand = np.where(random.random(count) < 0.8, who.home[author], others)
    second = np.full(count, -1)
    two = np.arange(0, count, 20)[: mentions - count]
    second[two] = (brand[two] + 1 + random.integers(len(BRANDS) - 1, size=len(two))) % len(BRANDS)
    return Posts(
        author=author,
        brand=brand,
        second=second,
        mention=np.arange(count) + np.cumsum(second >= 0) - (second >= 0) + 1,
        back=np.sort((DAYS * 86_400 * random.random(count) ** 1.3).astype(np.int64))[::-1],
        polarity=np.clip(who.lean[author] + random.normal(0, 0.45, count), -0.99, 0.99),
        scored=(random.random(count) < 0.93).astype(np.int64),
        draw=random.integers(0, 2**31, (count, 8)),
    )


def words(topic: Ints, brand: str, polarity: float, draw: Ints) -> tuple[str, list[str]]:
    """A text and its hashtags; the brand comes after the first two words."""
    own = TOPICS[int(topic) % len(TOPICS)]
    other = TOPICS[int(draw[0]) % len(TOPICS)]
    mood = GOOD if polarity > 0.3 else BAD if polarity < -0.3 else PLAIN
    first, then = own[draw[1] % len(own)], own[draw[2] % len(own)]
    tag = [own[0]] if draw[3] % 3 == 0 else []
    text = (
        f"My {first} {brand} and the {mood[draw[4] % len(mood)]} {then}, then the "
        f"{other[draw[5] % len(other)]} of day {draw[6] % 1000}: {mood[draw[7] % len(mood)]} "
        f"{own[draw[5] % len(own)]} {own[draw[6] % len(own)]}, as a {PLAIN[draw[3] % 8]} "
        f"{other[draw[7] % len(other)]}"
    )
    return text + "".join(f" #{t}" for t in tag), tag


def name_of(author: int) -> str:
    """A name that nobody has."""
    return f"{COLOURS[author % 10]} {BIRDS[author // 10 % 10]} {author}"


def moment(end: datetime, back: int) -> datetime:
    """So many seconds before the end."""
    return end - timedelta(seconds=int(back))
