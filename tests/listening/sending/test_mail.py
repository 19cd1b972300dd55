"""What a mail is made of: text as it was written, HTML beside it, the file along."""

from __future__ import annotations

from pathlib import Path

import pytest

from listening.sending.apprised import send_by_apprise
from listening.sending.message import Message, NotSentError
from tests.mailserver import address_at, mail_server

TEXT = "Fewer <mentions> & more.\n\nA line of its own, naïve:\n.dot\n" + "long " * 400
HTML = "<!DOCTYPE html><html><body><p>Größer: <b>&lt;b&gt;</b></p></body></html>"


def message(html: str | None = HTML, file: Path | None = None) -> Message:
    return Message(
        uid="u", event="report.ready", title="Repört", text=TEXT, url="http://desk/x", payload={},
        html=html, file=file,
    )  # fmt: skip


def lines(text: str) -> list[str]:
    return text.rstrip().splitlines()


def test_html_stands_beside_the_text_and_the_file_goes_along(tmp_path: Path) -> None:
    file = tmp_path / "week.pdf"
    file.write_bytes(b"%PDF-1.7 figures")
    with mail_server() as server:
        assert send_by_apprise(address_at(server.port), message(file=file)) == "taken"
    (mail,) = server.parsed()
    assert mail.get_content_type() == "multipart/mixed"
    both, attached = mail.iter_parts()
    assert both.get_content_type() == "multipart/alternative"
    text, html = both.iter_parts()
    assert [text.get_content_type(), html.get_content_type()] == ["text/plain", "text/html"]
    assert lines(text.get_content()) == lines(f"{TEXT}\n\nhttp://desk/x")
    assert html.get_content().strip() == HTML
    assert attached.get_filename() == "week.pdf"
    assert attached.get_payload(decode=True) == b"%PDF-1.7 figures"
    assert (mail["subject"], mail["from"]) == ("Repört", "Listening <l@x.org>")
    assert max(len(line) for line in server.mails[0].split(b"\r\n")) <= 998


def test_what_has_no_html_is_text_alone_and_keeps_its_lines() -> None:
    with mail_server() as server:
        assert send_by_apprise(address_at(server.port), message(html=None)) == "taken"
    (mail,) = server.parsed()
    assert mail.get_content_type() == "text/plain"
    assert lines(mail.get_content()) == lines(f"{TEXT}\n\nhttp://desk/x")


def test_an_address_that_asks_for_text_gets_text_alone() -> None:
    with mail_server() as server:
        assert send_by_apprise(f"{address_at(server.port)}&format=text", message()) == "taken"
    assert [one.get_content_type() for one in server.parsed()] == ["text/plain"]


def test_each_gets_a_mail_of_their_own_and_copies_go_out() -> None:
    with mail_server() as server:
        address = address_at(server.port, to="ann@x.org, bob@x.org") + "&cc=eve@x.org&bcc=vi@x.org"
        assert send_by_apprise(address, message()) == "taken"
    assert [mail["to"] for mail in server.parsed()] == ["ann@x.org", "bob@x.org"]
    copies = [b"eve@x.org", b"vi@x.org"]
    assert server.people == [b"ann@x.org", *copies, b"bob@x.org", *copies]
    assert b"vi@x.org" not in b"".join(server.mails)


@pytest.mark.parametrize("html", [HTML, None])
def test_who_is_refused_has_not_got_it(html: str | None) -> None:
    with mail_server(refuses=True) as server, pytest.raises(NotSentError) as found:
        send_by_apprise(address_at(server.port), message(html))
    assert not found.value.hopeless and str(found.value)
    assert server.mails == []


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with mail_server() as server:
        port = server.port
    with pytest.raises(NotSentError, match=r"not sent: .*refused") as found:
        send_by_apprise(address_at(port), message())
    assert not found.value.hopeless
