"""The pages below /settings that set things up, as people use them: forms, errors, who may."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from listening.access import Role
from listening.config import get_settings
from listening.schedule import Schedule
from listening.store.brands.brands import get_brand
from listening.store.session import Store
from listening.store.tables import (
    Brand,
    Channel,
    Credential,
    Delivery,
    Erasure,
    QuarantinedRow,
    Watch,
)
from listening.store.watches.pushkeys import push_secret
from listening.store.watches.sweeps import begin_sweep, end_sweep, quarantine
from listening.store.watches.watches import add_watch
from tests.api.conftest import HOSTILE, Client
from tests.listening.sources.rawserver import answering, talking
from tests.signed import csrf_of, sign_in
from tests.wholestore import places_of

PAGES = (
    "/settings/brands",
    "/settings/watches",
    "/settings/watches/add",
    "/settings/quarantine",
    "/settings/sources",
    "/settings/notifications",
    "/settings/notifications/log",
    "/settings/erasing",
)


class Browser:
    """Somebody who fills in forms."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, path: str) -> tuple[int, str]:
        answer = self._client.get(path)
        return answer.status_code, answer.text

    def send(self, path: str, **fields: object) -> tuple[int, str]:
        """Send a form; the page that is shown after it."""
        token = csrf_of(self._client, "/settings/watches")
        answer = self._client.post(path, data={"csrf": token, **fields})
        return answer.status_code, answer.text


@pytest.fixture
def ada(people: Store, client: Client) -> Browser:
    return Browser(client(people))


def number(store: Store, name: str = "JetBlue") -> int:
    with store.session() as session:
        return int(get_brand(session, name).id or 0)


def watch(store: Store) -> int:
    with store.work() as session:
        brand = get_brand(session, "JetBlue")
        made, _ = add_watch(session, brand, "feed", {"address": "https://a.example/"}, Schedule())
        sweep = begin_sweep(session, source="feed", label="a", watch_id=made.id)
        sweep.posts_new, sweep.quarantined = 3, 1
        end_sweep(session, sweep, error=f"it said {HOSTILE}")
        quarantine(
            session, sweep_id=sweep.id, file="https://a.example/",
            rows=[(1, "date", "no date", HOSTILE)],
        )  # fmt: skip
        return int(made.id or 0)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_with_nothing_there_and_with_something(
    people: Store, ada: Browser, path: str
) -> None:
    assert ada.get(path)[0] == 200
    watch(people)
    status, text = ada.get(path)
    assert status == 200
    assert "<script>alert" not in text and "{{" not in text.replace("{{ 7*7 }}", "")
    assert not re.search(r"\son\w+=|style=", re.sub(r"<pre.*?</pre>", "", text, flags=re.S))


def test_a_query_is_tried_before_it_is_saved(people: Store, ada: Browser) -> None:
    where = f"/settings/brands/{number(people)}"
    fields = {"name": "JetBlue", "query": "jetblue AND bag", "version": "1"}
    status, text = ada.send(f"{where}/try", **fields)
    assert status == 200
    assert "<b>2</b> of the last 9 posts match" in text
    assert '<code><bdi>bag</bdi></code></th><td class="r num" data-label="Posts">2</td>' in text
    assert "<mark>bag</mark>" in text
    with people.session() as session:
        assert get_brand(session, "JetBlue").query == "jetblue"
    status, text = ada.send(where, **fields)
    assert status == 200 and "Saved. Stored posts are matched" in text
    status, text = ada.send(where, **fields)
    assert status == 409 and "changed meanwhile by ada@example.com (brand.edit)" in text
    status, text = ada.send(where, **fields | {"query": "jetblue AND (", "version": "2"})
    assert status == 422 and 'aria-invalid="true"' in text
    assert "jetblue AND (" in text, "what was typed is kept"


def test_a_brand_is_added_and_removed_by_typing_its_name(people: Store, ada: Browser) -> None:
    status, text = ada.send("/settings/brands", name="Zed <b>", query="", names="zed air\n\nzed")
    assert status == 200 and "Zed &lt;b&gt; is added." in text
    with people.session() as session:
        assert get_brand(session, "Zed <b>").query == '"Zed <b>" OR "zed air" OR "zed"'
    where = f"/settings/brands/{number(people, 'Zed <b>')}/remove"
    assert ada.send(where, typed="Zed")[0] == 422
    assert ada.send(where, typed="zed <B>")[0] == 200
    with people.session() as session:
        assert len(session.exec(select(Brand)).all()) == 2


def test_what_a_retention_would_take_is_shown_first(people: Store, ada: Browser) -> None:
    where = f"/settings/brands/{number(people)}/retention"
    status, text = ada.send(where, retention_days="1", version="1")
    assert status == 200 and "would go within the hour" in text and "8 mentions" in text
    with people.session() as session:
        assert get_brand(session, "JetBlue").retention_days is None
    status, text = ada.send(where, retention_days="1", version="1", sure="yes")
    assert "Mentions are kept for 1 day; what is older goes within the hour." in text
    assert ada.send(where, retention_days="0", version="2", sure="yes")[0] == 422
    assert "Mentions are kept for good." in ada.send(where, retention_days="", version="2")[1]


def test_a_watch_is_set_up_from_what_its_source_takes(people: Store, ada: Browser) -> None:
    own = str(number(people))
    status, text = ada.get(f"/settings/watches/add?brand={own}&source=feed")
    assert status == 200 and 'name="set-address"' in text and "required" in text
    fields = {"brand": own, "source": "feed", "every": "1h", "set-keep_all": "yes"}
    status, text = ada.send("/settings/watches/add", **fields)
    assert status == 422 and "address is missing" in text
    fields["set-address"] = "https://a.example/feed"
    status, text = ada.send("/settings/watches/add", **fields)
    assert status == 200 and "The watch is added" in text
    with people.session() as session:
        made = session.exec(select(Watch)).one()
    assert made.params == {"address": "https://a.example/feed", "keep_all": True}
    assert made.interval_seconds == 3600
    where = f"/settings/watches/{made.id}"
    fields = {"every": "5m", "quiet": "22:00-06:00", "timezone": "Europe/Berlin"}
    assert ada.send(f"{where}/schedule", **fields, version="1")[0] == 200
    assert ada.send(f"{where}/schedule", **fields, version="1")[0] == 409
    status, text = ada.send(f"{where}/schedule", **fields | {"timezone": "Mars"}, version="2")
    assert status == 422 and "IANA" in text
    assert "It is paused." in ada.send(f"{where}/pause")[1]
    assert ada.send(f"{where}/run")[0] == 409
    assert "It is swept again." in ada.send(f"{where}/resume")[1]
    assert "swept within seconds" in ada.send(f"{where}/run")[1]
    assert ada.send(f"{where}/backfill", since="soon")[0] == 422
    assert "The watch is removed." in ada.send(f"{where}/remove")[1]


def test_what_a_watch_listens_for_is_changed_in_the_form_that_it_was_made_in(
    people: Store, ada: Browser
) -> None:
    own = watch(people)
    where = f"/settings/watches/{own}"
    text = ada.get(where)[1]
    assert re.search(r'name="set-address"[^>]* value="https://a\.example/"', text)
    fields = {"set-address": "https://b.example/?a=1&b=2", "set-keep_all": "yes", "version": "1"}
    status, text = ada.send(f"{where}/listens", **fields)
    assert status == 200 and "Its next sweep asks for this" in text
    assert 'value="https://b.example/?a=1&amp;b=2"' in text and "<option selected>yes" in text
    with people.session() as session:
        found = session.get_one(Watch, own)
    assert found.params == {"address": "https://b.example/?a=1&b=2", "keep_all": True}
    assert (found.version, found.cursor) == (2, None)
    status, text = ada.send(f"{where}/listens", **fields)
    assert status == 409 and "changed meanwhile by ada@example.com (watch.edit)" in text
    status, text = ada.send(f"{where}/listens", **fields | {"set-address": "x", "version": "2"})
    assert status == 422 and 'value="x"' in text
    assert re.search(r'<details class="card" open>\s*<summary>Change what it listens for', text)
    assert re.search(r'name="set-address"[^>]* aria-invalid="true"', text)


def test_a_folder_is_told_anew_by_an_admin_alone(
    people: Store, client: Client, tmp_path: Path
) -> None:
    with people.work() as session:
        brand = get_brand(session, "JetBlue")
        made, _ = add_watch(session, brand, "folder", {"path": str(tmp_path)}, Schedule())
    where = f"/settings/watches/{made.id}"
    roles = {int(made.brand_id): Role.BRAND}
    eve = Browser(sign_in(client(people), "eve@example.com", None, roles))
    text = eve.get(where)[1]
    assert "Change the schedule" in text and "Change what it listens for" not in text
    assert eve.send(f"{where}/listens", **{"set-path": "/etc", "version": "1"})[0] == 403
    assert eve.send(f"{where}/listens/try", **{"set-path": "/etc"})[0] == 403


FEED = b"""<rss version="2.0"><channel><title>News</title>
<item><guid>1</guid><title>JetBlue &lt;b&gt;again&lt;/b&gt;</title>
<pubDate>Fri, 27 Nov 2026 10:00:00 GMT</pubDate><link>https://n.example/1</link></item>
<item><guid>2</guid><title>Nothing of the kind</title>
<pubDate>Fri, 27 Nov 2026 11:00:00 GMT</pubDate><link>https://n.example/2</link></item></channel></rss>"""


def test_a_source_is_tried_before_it_is_watched(
    people: Store, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTENING_SOURCES_ALLOW_PRIVATE", "true")
    get_settings.cache_clear()
    fields = {"brand": str(number(people)), "source": "feed"}
    where = "/settings/watches/add/try"
    with talking(answering(FEED, "Content-Type: application/rss+xml")) as server:
        status, text = ada.send(where, **fields, **{"set-address": f"{server.url}/feed"})
        assert status == 200
        assert "2 posts read, 1 would be stored, 1 passed over" in text
        assert "JetBlue" in text and "<b>again" not in text
    get_settings.cache_clear()
    with people.session() as session:
        assert session.exec(select(Watch)).all() == []
    assert ada.send(where, **fields)[0] == 422
    status, text = ada.send(f"/settings/watches/{watch(people)}/listens/try")
    assert status == 422 and "address is missing" in text
    status, text = ada.send(where, brand=str(number(people)), source="push")
    assert status == 422 and "sent to it" in text


def test_a_watch_that_takes_pushes_shows_its_secret_once(people: Store, ada: Browser) -> None:
    fields = {"brand": str(number(people)), "source": "push", "set-label": "crm"}
    assert "The watch is added" in ada.send("/settings/watches/add", **fields)[1]
    with people.session() as session:
        own = session.exec(select(Watch)).one()
    where = f"/settings/watches/{own.id}"
    (secret,) = re.findall(r"<code>([0-9a-f]{64})</code>", ada.send(f"{where}/secret")[1])
    assert secret not in ada.get(where)[1]
    (another,) = re.findall(r"<code>([0-9a-f]{64})</code>", ada.send(f"{where}/secret")[1])
    assert another != secret
    with people.session() as session:
        assert push_secret(session, session.get_one(Watch, own.id)) == another
    assert ada.send(f"/settings/watches/{watch(people)}/secret")[0] == 422


def test_a_rejected_row_is_looked_at_and_settled(people: Store, ada: Browser) -> None:
    own = watch(people)
    status, text = ada.get(f"/settings/quarantine?watch={own}")
    assert status == 200 and "no date" in text and "&lt;script&gt;" in text
    with people.session() as session:
        row = session.exec(select(QuarantinedRow.id)).one()
    back = f"/settings/quarantine?watch={own}"
    status, text = ada.send(f"/settings/quarantine/{row}/ignored", back=back)
    assert status == 200 and "The row is ignored." in text and "Nothing waits" in text
    assert "Undo" in text
    assert ada.send(f"/settings/quarantine/{row}/waiting", back="https://evil.example/")[0] == 200
    assert ada.send(f"/settings/quarantine/{row}/eaten", back="")[0] == 404


def test_a_credential_is_typed_and_never_shown(people: Store, ada: Browser) -> None:
    where = "/settings/sources/credentials/LISTENING_YOUTUBE_KEY"
    status, text = ada.send(where, value="hunter2-hunter2")
    assert status == 200 and "is kept, encrypted" in text and "hunter2" not in text
    assert places_of(people, "hunter2") == []
    assert ada.send(where, value="a\x01b")[0] == 422
    assert ada.send(f"{where}/delete")[0] == 200
    with people.session() as session:
        assert session.exec(select(Credential)).all() == []


def test_a_webhook_is_added_tried_and_signed_anew(people: Store, ada: Browser) -> None:
    fields = {"kind": "webhook", "name": "Desk", "address": "https://h.example/hunter2"}
    status, text = ada.send("/settings/notifications", **fields)
    assert status == 422 and "choose at least one" in text and "hunter2" not in text
    status, text = ada.send("/settings/notifications", **fields, events="watch.failing")
    assert status == 200 and "What it is signed with" in text and "hunter2" not in text
    (secret,) = re.findall(r"<pre><code>(.*?)</code></pre>", text)
    with people.session() as session:
        own = session.exec(select(Channel)).one().id
    where = f"/settings/notifications/{own}"
    status, text = ada.get(where)
    assert secret not in text and "https://h.example/..." in text
    assert "A test is sent" in ada.send(f"{where}/test")[1]
    status, text = ada.get("/settings/notifications/log?status=waiting")
    assert "Listening: this is a test" in text
    with people.session() as session:
        sent = session.exec(select(Delivery.id)).one()
    assert "waits to be sent" in ada.send(f"/settings/notifications/log/{sent}/resend")[1]
    fields = {"name": "Night", "events": "incident", "version": "1", "address": ""}
    assert "Saved." in ada.send(where, **fields)[1]
    assert ada.send(where, **fields)[0] == 409
    again = re.findall(r"<pre><code>(.*?)</code></pre>", ada.send(f"{where}/secret")[1])
    assert again and again != [secret]
    assert "Nothing is sent to it" in ada.send(f"{where}/pause")[1]
    assert "The channel is removed." in ada.send(f"{where}/remove")[1]


def test_mail_is_set_up_by_its_parts_and_keeps_what_was_typed(people: Store, ada: Browser) -> None:
    fields = {"kind": "email", "name": "Team", "to": "ann@x.org", "server": "smtp.x.org",
              "sender": "me", "password": "hunter2", "events": "report.ready"}  # fmt: skip
    status, text = ada.send("/settings/notifications", **fields)
    assert status == 422 and "comes from" in text and 'value="smtp.x.org"' in text
    assert "hunter2" not in text
    status, text = ada.send("/settings/notifications", **fields | {"sender": "me@x.org"})
    assert status == 200 and "ann@x.org by smtp.x.org" in text


def test_an_author_is_looked_at_and_erased_after_typing(people: Store, ada: Browser) -> None:
    who = {"source": "file", "who": "@fay"}
    status, text = ada.send("/settings/erasing/look", **who)
    assert status == 200 and "file a-fan (@fay, Fay Fan)" in text
    assert '<dt>Posts</dt><dd class="num">3</dd>' in text
    assert ada.send("/settings/erasing", **who, typed="fay")[0] == 422
    assert ada.send("/settings/erasing/look", source="", who="")[0] == 422
    assert "erased within seconds" in ada.send("/settings/erasing", **who, typed="@fay")[1]
    with people.session() as session:
        assert session.exec(select(Erasure.who)).one() == "a-fan"


def test_each_sees_what_is_theirs_to_set(people: Store, client: Client) -> None:
    own, other = number(people), number(people, "Virgin / America?")
    browser = client(people)
    watch(people)
    bob = Browser(sign_in(browser, "bob@example.com", None, {own: Role.BRAND}))
    _, text = bob.get("/settings/brands")
    assert "JetBlue" in text and "Virgin" not in text and "Add a brand" not in text
    assert bob.get(f"/settings/brands/{own}")[0] == 200
    assert bob.get(f"/settings/brands/{other}")[0] == 404
    for path in ("/settings/notifications", "/settings/erasing"):
        assert bob.get(path)[0] == 403
    assert "Set" not in re.findall(r"<button>(\w+)</button>", bob.get("/settings/sources")[1])
    assert bob.send(f"/settings/brands/{own}/remove", typed="JetBlue")[0] == 403
    eve = Browser(sign_in(browser, "eve@example.com", None, {other: Role.VIEWER}))
    assert "feed" not in eve.get("/settings/watches")[1]
    assert eve.get("/settings/watches/1")[0] == 404
    assert eve.send("/settings/watches/1/pause")[0] in (403, 404)
    assert eve.get("/settings/brands")[0] == 403


def test_a_brand_leads_to_its_settings(people: Store, client: Client) -> None:
    answer = client(people).get(
        "/brands/virgin%20%2F%20america%3F/settings", follow_redirects=False
    )
    own = number(people, "Virgin / America?")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/settings/brands/{own}")
