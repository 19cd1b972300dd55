"""A digest by mail, from the store to a real server."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlmodel import select

from listening.access import COMMAND_LINE
from listening.config import Settings
from listening.keyring import Keyring
from listening.store.brands.brands import get_brand
from listening.store.notifying.channels import add_channel
from listening.store.reports.schedules import make_now
from listening.store.session import Store
from listening.store.tables import Channel, ChannelKind, Delivery, Report, ReportItem
from listening.store.tables.types import now
from tests.factories import author_id, brand, load, post
from tests.listening.sources.rawserver import answering, talking
from tests.mailserver import MAIL, mail_server
from workers.jobs.delivering import Delivered, deliver_due

WHO = {"author_name": "Gone Guy", "author_handle": "goneguy"}


def channel(store: Store, settings: Settings, kind: ChannelKind, address: dict[str, str]) -> None:
    with store.work() as session:
        add_channel(
            session, COMMAND_LINE, Keyring.of(settings), name=f"To {kind}", kind=kind,
            address=address, events=["report.ready"],
        )  # fmt: skip


def told(store: Store) -> Report:
    """A report that is made and told; somebody stands in it."""
    load(store, post("JetBlue lost me", author="a1", at=(now() - timedelta(days=2)).isoformat(),
                     **WHO))  # fmt: skip
    with store.work() as session:
        report = make_now(session, COMMAND_LINE, get_brand(session, "JetBlue"), 7, tell=True)
        session.add(ReportItem(report_id=int(report.id or 0), part="advocates", place=0,
                               author_id=author_id(store, "a1"), score=0.5))  # fmt: skip
    return report


def parts(mail: EmailMessage) -> dict[str, str]:
    return {
        part.get_content_type(): part.get_payload(decode=True).decode()  # type: ignore[union-attr]
        for part in mail.walk()
        if part.get_content_maintype() == "text"
    }


def test_a_report_arrives_as_text_html_and_pdf(store: Store, inside: Settings) -> None:
    brand(store, "JetBlue")
    with mail_server() as server:
        channel(store, inside, ChannelKind.EMAIL, MAIL | {"port": str(server.port)})
        report = told(store)
        assert deliver_due(store, inside) == Delivered(sent=1)
    (mail,) = server.parsed()
    with store.session() as session:
        delivery = session.exec(select(Delivery)).one()
    text, html = parts(mail)["text/plain"], parts(mail)["text/html"]
    page = f"https://desk.example/brands/jetblue/reports/{report.id}"
    assert text.split() == f"{delivery.text}\n\n{page}".split()
    assert f'<a href="{page}"' in html and "/brands/jetblue/mentions?startDate=" in html
    assert "1 mention" in html
    (pdf,) = mail.iter_attachments()
    assert pdf.get_payload(decode=True).startswith(b"%PDF")  # type: ignore[union-attr]
    for name in (*WHO.values(), "lost me"):
        assert name.encode() not in server.mails[0] and name not in html, "a mail names nobody"
    assert "<" not in delivery.text, "the log keeps the text alone"


def test_a_report_that_is_gone_is_told_as_text(store: Store, inside: Settings) -> None:
    brand(store, "JetBlue")
    with mail_server() as server:
        channel(store, inside, ChannelKind.EMAIL, MAIL | {"port": str(server.port)})
        told(store)
        with store.work() as session:
            session.delete(session.exec(select(Report)).one())
        assert deliver_due(store, inside) == Delivered(sent=1)
    assert [mail.get_content_type() for mail in server.parsed()] == ["text/plain"]


def test_a_webhook_and_a_chat_get_no_html(
    store: Store, inside: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    brand(store, "JetBlue")
    monkeypatch.setattr("listening.sending.apprised._reachable", lambda _: None)
    with talking(answering()) as hook, talking(answering(b'{"id": 1}')) as chat:
        channel(store, inside, ChannelKind.WEBHOOK, {"address": hook.url})
        place = chat.url.removeprefix("http://").rstrip("/")
        channel(store, inside, ChannelKind.APPRISE, {"address": f"gotify://{place}/tokentoken1"})
        told(store)
        assert deliver_due(store, inside) == Delivered(sent=2)
    with store.session() as session:
        assert len(session.exec(select(Channel)).all()) == 2
    for asked in (*hook.asked, *chat.asked):
        assert b"<!DOCTYPE" not in asked and b"<table" not in asked
        assert b"1 mention" in asked and b"/reports/1" in asked
