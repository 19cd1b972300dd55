"""The outbox worked off: by a real server, by several at once, by one that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from listening.access import Actor, Role
from listening.config import Settings
from listening.keyring import Keyring
from listening.notifying import sweep_rejected
from listening.store.brands.brands import get_brand
from listening.store.notifying.channels import add_channel
from listening.store.notifying.notifications import notify
from listening.store.session import Store
from listening.store.tables import Channel, ChannelKind, Delivery, DeliveryStatus
from tests.factories import brand
from tests.listening.sources.rawserver import RawServer, Talk, answering, talking
from workers.jobs import delivering
from workers.jobs.delivering import Delivered, deliver_due

RITA = Actor(name="rita", everywhere=Role.ADMIN)


def hook(store: Store, settings: Settings, server: RawServer) -> None:
    brand(store, "JetBlue", "jetblue")
    with store.work() as session:
        add_channel(
            session, RITA, Keyring.of(settings), name="Desk", kind=ChannelKind.WEBHOOK,
            address={"address": server.url}, events=["sweep.rejected"], quiet_minutes=0,
        )  # fmt: skip


def tell(store: Store, count: int) -> None:
    with store.work() as session:
        blue = get_brand(session, "JetBlue")
        for number in range(count):
            notify(session, sweep_rejected(blue, 1, number, source="feed", rejected=9, rows=9))


def rows(session: Session) -> list[Delivery]:
    return list(session.exec(select(Delivery).order_by(col(Delivery.id))))


def ids_of(server: RawServer) -> list[str]:
    return [json.loads(asked.partition(b"\r\n\r\n")[2])["id"] for asked in server.asked]


def test_what_waits_is_sent_once(store: Store, inside: Settings) -> None:
    with talking(answering(b"thanks")) as server:
        hook(store, inside, server)
        tell(store, 10)
        assert deliver_due(store, inside) == Delivered(sent=10)
        assert deliver_due(store, inside) == Delivered()
    with store.session() as session:
        found = rows(session)
    assert sorted(ids_of(server)) == sorted(one.uid for one in found)
    assert {(one.status, one.answer, one.attempts) for one in found} == {
        (DeliveryStatus.SENT, "200", 1)
    }
    body = json.loads(server.asked[0].partition(b"\r\n\r\n")[2])
    assert body["url"] == "https://desk.example/settings/watches/1"
    assert (body["event"], body["brand"]["name"]) == ("sweep.rejected", "JetBlue")
    assert "path" not in body


def test_several_workers_send_each_once(store: Store, inside: Settings) -> None:
    with talking(answering()) as server:
        hook(store, inside, server)
        tell(store, 30)
        threads = [threading.Thread(target=lambda: deliver_due(store, inside)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(ids_of(server))) == len(ids_of(server)) == 30


def test_one_that_fails_is_tried_again_later(store: Store, inside: Settings) -> None:
    with talking(answering(b"broken", status="500 Oh")) as server:
        hook(store, inside, server)
        tell(store, 1)
        assert deliver_due(store, inside) == Delivered(failed=1)
        assert deliver_due(store, inside) == Delivered()
        with store.work() as session:
            (one,) = rows(session)
            assert one.status is DeliveryStatus.WAITING and one.answer is not None
            assert one.answer.endswith("answers 500: broken")
            one.due_at -= timedelta(hours=1)
        assert deliver_due(store, inside) == Delivered(failed=1)
    assert len(set(ids_of(server))) == 1 and len(server.asked) == 2


def test_a_redirect_is_given_up_at_once(store: Store, inside: Settings) -> None:
    with talking(answering(b"", "Location: http://elsewhere.example/", "302 Found")) as server:
        hook(store, inside, server)
        tell(store, 1)
        assert deliver_due(store, inside) == Delivered(failed=1)
    with store.session() as session:
        (one,) = rows(session)
    assert one.status is DeliveryStatus.FAILED and "redirects are not followed" in str(one.answer)


def test_under_another_secret_it_is_given_up_and_says_so(store: Store, inside: Settings) -> None:
    with talking(answering()) as server:
        hook(store, inside, server)
        tell(store, 1)
        other = Settings(data_dir=inside.data_dir, secret_key="t" * 40)  # type: ignore[arg-type]
        assert deliver_due(store, other) == Delivered(failed=1)
    with store.session() as session:
        (one,) = rows(session)
    assert one.status is DeliveryStatus.FAILED and "another secret" in str(one.answer)
    assert server.asked == []


def test_what_takes_too_long_goes_on_in_the_next_run(store: Store, inside: Settings) -> None:
    with talking(answering()) as server:
        hook(store, inside, server)
        tell(store, 3)
        assert deliver_due(store, inside, seconds=0) == Delivered(more=True)
        assert deliver_due(store, inside) == Delivered(sent=3)


def test_a_report_goes_along_as_a_file(
    store: Store, inside: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def pdf(_session: Session, _settings: Settings, number: int) -> tuple[str, bytes] | None:
        asked.append(number)
        return ("../week 48.pdf", b"%PDF") if number == 7 else None

    monkeypatch.setitem(delivering.ATTACHMENTS, "report", pdf)
    seen: list[tuple[str, bytes] | None] = []

    def taken(_address: str, message: delivering.Message) -> str:
        file = message.file
        seen.append((file.name, file.read_bytes()) if file else None)
        return "taken"

    monkeypatch.setattr(delivering, "send_by_apprise", taken)
    brand(store, "JetBlue", "jetblue")
    with store.work() as session:
        channel, _ = add_channel(
            session, RITA, Keyring.of(inside), name="Mail", kind=ChannelKind.EMAIL,
            address={"to": "a@b.cd", "server": "smtp.x.org", "sender": "l@x.org"},
            events=["report.ready"],
        )  # fmt: skip
        for number in (7, 8):
            session.add(
                Delivery(
                    uid=f"{number}", dedupe=f"{number}", channel_id=int(channel.id or 0),
                    event="report.ready", subject="r", title="t", text="",
                    attachment={"report": number},
                )
            )  # fmt: skip
    assert deliver_due(store, inside).sent == 2
    assert (sorted(asked), seen.count(None)) == ([7, 8], 1)
    assert ("week 48.pdf", b"%PDF") in seen


KILLED = """
import sys
from listening.config import get_settings
from listening.store.session import Store
from workers.jobs.delivering import deliver_due
deliver_due(Store(sys.argv[1]), get_settings())
"""


def test_a_worker_that_is_killed_loses_nothing(store: Store, inside: Settings) -> None:
    """Killed while the receiver has it and has not answered: it is sent again, as the same."""
    reached = threading.Event()

    def silent_at_first(one: Talk) -> None:
        while one.request():
            if not reached.is_set():
                reached.set()
                one.gone(20)
                return
            one.answer(b"thanks")

    with talking(silent_at_first) as server:
        hook(store, inside, server)
        tell(store, 1)
        process = subprocess.Popen([sys.executable, "-c", KILLED, store.url], env=dict(os.environ))
        assert reached.wait(30)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert deliver_due(store, inside) == Delivered(), "its claim still holds"
        with store.work() as session:
            (one,) = rows(session)
            assert (one.status, one.attempts) == (DeliveryStatus.WAITING, 1)
            one.due_at -= timedelta(minutes=3)
        deadline = time.monotonic() + 10
        while deliver_due(store, inside) != Delivered(sent=1):
            assert time.monotonic() < deadline
    first, second = ids_of(server)
    assert first == second
    with store.session() as session:
        assert session.exec(select(Channel)).one().version == 1
        (one,) = rows(session)
    assert (one.status, one.attempts) == (DeliveryStatus.SENT, 2)
