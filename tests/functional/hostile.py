"""What strangers and careless colleagues write, in every field that a page shows."""

from __future__ import annotations

from sqlmodel import select

from listening.access import COMMAND_LINE, Actor, Role
from listening.config import Settings
from listening.sources.base import PostKind
from listening.store.access.views import save_view
from listening.store.cases.notes import add_note, save_canned
from listening.store.flags.reviewing import act
from listening.store.mentions.tagging import tag_mentions
from listening.store.segments.edits import rename_segment
from listening.store.session import Store
from listening.store.tables import Case, Mention, Segment
from tests.factories import analyse, author_id, brand, load, opinion, post
from tests.signed import account
from workers.jobs.flagging import flag

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'`{{7*7}}${7*7}</style></title>"
# Right to left override, isolates that are not closed, and marks upon marks.
BIDI = "\u202egnp.evil\u202c \u2067שלום \u2066مرحبا"
ZALGO = "z" + "\u0336\u0350\u0321\u0489" * 40 + "algo" + "\u0315\u0360" * 40
LONG = "Donaudampfschifffahrtsgesellschaft" * 8
MEGABYTE = "JetBlue " + "lost my bag and never again " * 37_500
AUTHOR = 'h"<b>1'


def make_hostile(store: Store) -> None:
    """Add people who attack the pages to a store with the brand JetBlue (id 1)."""
    brand(store, f"{SCRIPT} {LONG}"[:190], '"zzz unheard of"')
    who = {
        "author": AUTHOR,
        "author_name": f"{SCRIPT} {BIDI} {ZALGO} {LONG}",
        "author_handle": SCRIPT.replace(" ", ""),
        "author_location": f"{SCRIPT} {LONG}",
        "author_followers": 2**40,
        "url": "javascript:alert(1)",
        "links": ("javascript:alert(1)", "https://x.example/<script>"),
        "media": ("data:text/html,<script>alert(1)</script>",),
        "tags": (SCRIPT, LONG),
        "country": SCRIPT,
        "city": LONG,
        "language": "en",
    }
    texts = {
        "h1": f"JetBlue {SCRIPT}",
        "h2": f"JetBlue {BIDI}",
        "h3": f"JetBlue {ZALGO} {LONG}",
        "h4": MEGABYTE,
        "h5": "JetBlue \u0001\u0008\u001b[31m \ufeff\u2028\u2029 ]]>--><!--",
    }
    load(
        store,
        *(
            post(text, id=f"{name}{SCRIPT}", at=f"2026-09-0{n}T08:00Z", title=SCRIPT[:60],
                 kind=PostKind.REPLY, thread="f1", reply_to="f1", **who)
            for n, (name, text) in enumerate(texts.items(), 1)
        ),
    )  # fmt: skip
    analyse(store, {f"{name}{SCRIPT}": opinion(-0.9, warns=True) for name in texts})
    flag(store, Settings(_env_file=None))  # type: ignore[call-arg]
    _written_by_colleagues(store)


def _written_by_colleagues(store: Store) -> None:
    who = account(store)
    ada = Actor(name=who.login, account_id=who.id, everywhere=Role.ADMIN)
    with store.work() as session:
        cases = session.exec(select(Case.id).where(Case.brand_id == 1)).all()
        mentions = session.exec(select(Mention.id).where(Mention.brand_id == 1)).all()
        for case in cases:
            add_note(session, ada, 1, int(case or 0), f"{SCRIPT} {BIDI}\n{LONG}")
        save_canned(session, ada, 1, name=SCRIPT[:60], text=f"{SCRIPT} {{author}}")
        tag_mentions(session, ada, [int(m or 0) for m in mentions], add=[SCRIPT[:40], "late"])
        for page in ("triage", "mentions", "advocates", "detractors"):
            save_view(session, ada, 1, page=page, name=SCRIPT[:60], params={"q": SCRIPT})
        for segment in session.exec(select(Segment)):
            rename_segment(session, segment, f"{SCRIPT[:60]} {BIDI}")
    hostile = author_id(store, AUTHOR)
    with store.work() as session:
        act(session, COMMAND_LINE, 1, [hostile], "note", note=f"{SCRIPT} {LONG}")
