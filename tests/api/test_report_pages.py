"""The overview in its windows, reports by forms, and the same in the API."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from starlette.testclient import TestClient

from api.web.timecharts import counts_of, time_chart, voice_chart
from listening.access import Role
from listening.digestmail import as_html
from listening.incidents import Incident, IncidentKind
from listening.reports import Day
from listening.store.brands.brands import get_brand
from listening.store.reports.digests import get_report
from listening.store.session import Store
from listening.store.tables import Channel, ChannelKind
from listening.voice import voice
from listening.windows import Window
from tests.api.conftest import Client
from tests.api.test_pages import words
from tests.factories import brand, load, post
from tests.signed import sign_in

BLUE = "/brands/jetblue"
API = "/api/v1/brands/1"


@pytest.fixture
def desk(people: Store, client: Client) -> TestClient:
    found: TestClient = client(people)
    return found


def send(desk: TestClient, address: str, **fields: str) -> str:
    token = desk.get(BLUE).text.split('name="csrf-token" content="')[1].split('"')[0]
    answer = desk.post(address, data={"csrf": token, **fields})
    return words(answer.text)


def test_windows_and_comparisons(desk: TestClient) -> None:
    text = words(desk.get(BLUE).text)
    assert "nobody has mentioned it since 4 Sep 2026, so windows end there" in text
    assert "8 mentions; the 28 days before lie before anything stored." in text
    own = words(desk.get(f"{BLUE}?since=2026-09-01&until=2026-09-02&compare=none").text)
    assert "5 mentions by 2 authors, 1 Sep 2026 to 2 Sep 2026" in own
    other = desk.get(f"{BLUE}?window=all&compare=virgin+%2F+america%3F")
    assert "Virgin / America?: " in words(other.text)
    assert words(desk.get(f"{BLUE}?since=2020-01-01&until=2020-01-02").text).count(
        "No mentions in this window"
    )


@pytest.mark.parametrize(
    "asked", ["window=8", "since=x", "since=2026-09-03&until=2026-09-01", "compare=nobody",
              "against=nobody", "window=" + "9" * 99]
)  # fmt: skip
def test_what_makes_no_sense_is_told(desk: TestClient, asked: str) -> None:
    answer = desk.get(f"{BLUE}?{asked}")
    assert 400 <= answer.status_code < 500
    assert "<main" in answer.text


def test_one_sees_the_brands_that_are_theirs(people: Store, client: Client) -> None:
    site = client(people, signed=False)  # type: ignore[call-arg]
    sign_in(site, "vi@example.com", None, {1: Role.VIEWER})
    home = site.get("/").text
    assert "JetBlue" in home
    assert "Virgin" not in home
    page = site.get(BLUE).text
    assert "Virgin" not in page.split("<main")[1].split("What changed")[0]
    assert "There is no other brand to share with" in words(page)
    assert site.get(f"{BLUE}?compare=virgin+%2F+america%3F").status_code == 422
    assert site.get(f"{BLUE}/reports").status_code == 200
    assert site.post(f"{BLUE}/reports", data={"days": "7"}).status_code == 403
    assert [b["name"] for b in site.get("/api/v1/overview").json()["items"]] == ["JetBlue"]


def test_a_report_is_made_and_opened(desk: TestClient) -> None:
    said = send(desk, f"{BLUE}/reports", days="28")
    assert "The report is made." in said
    assert "8 mentions" in said
    assert "Fay Fan" in said
    assert "JetBlue: 8 Aug 2026 to 4 Sep 2026" in words(desk.get(f"{BLUE}/reports").text)
    pdf = desk.get(f"{BLUE}/reports/1/report.pdf")
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF")
    assert "report-jetblue-2026-08-08-2026-09-04.pdf" in pdf.headers["content-disposition"]
    assert desk.get(f"{BLUE}/reports/2").status_code == 404
    assert desk.get("/brands/virgin%20%2F%20america%3F/reports/1").status_code == 404


def test_a_mail_leads_to_what_its_report_leads_to(people: Store, desk: TestClient) -> None:
    said = send(desk, f"{BLUE}/reports", days="28")
    with people.session() as session:
        brand = get_brand(session, "JetBlue")
        report = get_report(session, brand, 1)
        mail = as_html(report.content, brand, 1, "http://testserver/")
    linked = [unescape(url) for url in re.findall(r'href="http://testserver([^"]+)"', mail)]
    page = [unescape(url) for url in re.findall(r'href="([^"]+)"', desk.get(linked[0]).text)]
    assert linked[0] == f"{BLUE}/reports/1"
    behind = [url for url in linked if "/mentions?" in url]
    assert behind and set(behind) <= set(page)
    assert {desk.get(url).status_code for url in linked} == {200}
    for one in report.content["sentences"]:
        assert one["text"] in words(mail) and one["text"] in said
    assert "Fay Fan" in said and "Fay Fan" not in mail


def test_a_schedule_by_forms(people: Store, desk: TestClient) -> None:
    fields = {"name": "<b>Weekly</b>", "weekday": "0", "at": "08:00", "timezone": "Europe/Berlin"}
    said = send(desk, f"{BLUE}/reports/schedules", days="7", **fields)
    assert "“<b>Weekly</b>” is made from now on." in said
    assert "Every Monday at 08:00, Europe/Berlin, about 7 days; next" in said
    assert "Told: nobody, no channel asks for reports." in said
    assert "Nobody is told yet" in said
    with people.work() as session:
        common = Channel(
            name="Common",
            kind=ChannelKind.WEBHOOK,
            secret="",
            shown="",
            events=["report.ready"],
            created_by="test",
        )
        session.add(common)
    told = words(desk.get(f"{BLUE}/reports").text)
    assert "Told: whoever asks for reports, Common." in told
    assert "Nobody is told" not in told and "Told: nobody" not in told
    # Removing takes a second step.
    page = desk.get(f"{BLUE}/reports").text
    assert re.search(r'<details><summary>Remove(?:(?!</details>).)*value="remove"', page)
    assert page.count('value="remove"') == 1
    bad = send(desk, f"{BLUE}/reports/schedules", days="7", **fields | {"timezone": "Nowhere"})
    assert "there is no 'Nowhere'" in bad
    for number in ("100000000000000000000", "9" * 19, "1" * 5000):
        bad = send(desk, f"{BLUE}/reports/schedules", days="7", channel=number, **fields)
        assert "not a number of a channel" in bad
    said = send(desk, f"{BLUE}/reports/schedules/1", do="pause", version="1")
    assert "is paused" in said
    said = send(desk, f"{BLUE}/reports/schedules/1", do="resume", version="1")
    assert "was changed meanwhile" in said
    assert "is removed" in send(desk, f"{BLUE}/reports/schedules/1", do="remove", version="2")


def test_figures_by_the_api(desk: TestClient) -> None:
    found = desk.get(f"{API}/overview", params={"window": "7"}).json()
    assert (found["part"]["counts"]["mentions"], found["part"]["counts"]["scored"]) == (8, 6)
    assert found["part"]["people"]["authors"] == 4
    assert found["share_of_voice"] == pytest.approx(8 / 9)
    assert found["sentences"][0]["filters"] == {"startDate": "2026-08-29", "endDate": "2026-09-04"}
    days = desk.get(f"{API}/series", params={"startDate": "2026-09-01", "endDate": "2026-09-04"})
    assert [day["mentions"] for day in days.json()["items"]] == [2, 3, 2, 1]
    voices = desk.get(f"{API}/share-of-voice").json()
    assert [s["mentions"] for s in voices["whole"]["shares"]] == [8, 1]
    assert desk.get(f"{API}/themes").json()["found"] is False
    assert desk.get(f"{API}/incidents", params={"k": 3}).json() == {
        "window": {"first": "2026-08-08", "last": "2026-09-04", "name": "28"}, "k": 3.0,
        "items": [],
    }  # fmt: skip
    bad = desk.get(f"{API}/overview", params={"window": "8"})
    assert (bad.status_code, bad.headers["content-type"]) == (422, "application/problem+json")


def test_reports_by_the_api(desk: TestClient) -> None:
    token = desk.get(BLUE).text.split('name="csrf-token" content="')[1].split('"')[0]
    headers = {"X-CSRF-Token": token}
    made = desk.post(f"{API}/reports", json={"days": 7}, headers=headers)
    assert (made.status_code, made.json()["title"]) == (201, "JetBlue: 29 Aug 2026 to 4 Sep 2026")
    desk.post(f"{API}/reports", json={"days": 1}, headers=headers)
    first = desk.get(f"{API}/reports", params={"limit": 1}).json()
    rest = desk.get(f"{API}/reports", params={"cursor": first["next_cursor"]}).json()
    assert ([r["id"] for r in first["items"]], [r["id"] for r in rest["items"]]) == ([2], [1])
    whole = desk.get(f"{API}/reports/1").json()
    assert whole["items"]["advocates"][0]["author_id"]
    assert "Fay Fan" not in str(whole)
    assert desk.get(f"{API}/reports/1/pdf").content.startswith(b"%PDF")
    wanted = {"name": "Weekly", "cron": "0 8 * * 1"}
    added = desk.post(f"{API}/report-schedules", json=wanted, headers=headers).json()
    address = f"{API}/report-schedules/{added['id']}"
    late = desk.put(address, json=wanted, headers=headers | {"If-Match": '"7"'})
    assert late.status_code == 409
    edited = desk.put(address, json=wanted | {"days": 28, "version": 1}, headers=headers).json()
    assert (edited["days"], edited["version"]) == (28, 2)
    assert desk.delete(address, headers=headers).status_code == 204
    assert desk.get(f"{API}/report-schedules").json()["items"] == []


def test_a_number_beyond_those_of_channels_is_refused(desk: TestClient) -> None:
    token = desk.get(BLUE).text.split('name="csrf-token" content="')[1].split('"')[0]
    wanted = {"name": "W", "cron": "0 8 * * 1", "channels": [10**20]}
    bad = desk.post(f"{API}/report-schedules", json=wanted, headers={"X-CSRF-Token": token})
    assert bad.status_code == 422


def day(number: int, *counts: int) -> Day:
    return Day(date(2015, 2, number), sum(counts), *counts)


def test_where_the_marks_of_a_window_stand() -> None:
    window = Window(date(2015, 2, 1), date(2015, 2, 4))
    days = [day(1, 2, 0, 0), day(2, 0, 0, 0), day(3, 0, 0, 4), day(4, 1, 0, 1)]
    at = window.start + timedelta(days=2)
    one = Incident(
        kind=IncidentKind.VOLUME, began=at, ended=at + timedelta(hours=24), at=at, value=4,
        usual=1, spread=1, k=3, mentions=4, scored=4, negative=0,
    )  # fmt: skip
    chart = time_chart(window, days, [one], [day(1, 0, 8, 0)] * 4)
    assert chart is not None
    assert [(m.number, m.x, m.width) for m in chart.marks] == [(1, 50.0, 25.0)]
    assert [p.value for p in chart.own.points] == [-1.0, None, 1.0, 0.0]
    assert len(chart.own.segments) == 1, "no line through a day without opinions"
    assert [tick.label for tick in chart.ticks] == ["+1", "0", "\N{MINUS SIGN}1"]
    assert {level.mentions for level in chart.levels} == {8}
    assert counts_of(chart.volume.bars[0])["negative"] == 2
    assert time_chart(window, [Day(d.day, 0, 0, 0, 0) for d in days], []) is None


def test_bars_of_shares_are_of_one_height() -> None:
    window = Window(date(2015, 2, 1), date(2015, 2, 2))
    volumes = {"A": {date(2015, 2, 1): 3}, "B": {date(2015, 2, 1): 1}}
    chart = voice_chart(voice(volumes, window))
    assert chart is not None
    first, second = chart.bars
    assert [(s.name, s.y, s.height) for s in first.slices] == [("A", 30.0, 90.0), ("B", 0.0, 30.0)]
    assert second.slices == ()
    assert voice_chart(voice({"A": {}, "B": {}}, window)) is None


def test_a_long_window_is_still_a_small_page(store: Store, client: Client) -> None:
    brand(store, "JetBlue")
    start = datetime(2025, 1, 1, tzinfo=UTC)
    load(
        store,
        *(
            post("JetBlue", id=f"p{n}", author=f"a{n % 50}",
                 at=(start + timedelta(days=n)).isoformat(), source=f"s{n % 6}")
            for n in range(400)
        ),
    )  # fmt: skip
    for window in ("90", "all"):
        answer = client(store).get(f"{BLUE}?window={window}")
        assert answer.status_code == 200
        assert len(answer.content) < 100_000
