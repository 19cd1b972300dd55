"""Mail and other services: addresses checked and masked, mail to a real server on loopback."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from listening.errors import InvalidError
from listening.sending import apprised
from listening.sending.addresses import settle
from listening.sending.apprised import send_by_apprise
from listening.sending.message import Message, NotSentError
from listening.store.tables import ChannelKind
from tests.mailserver import MAIL, address_at, mail_server


def message(file: Path | None = None) -> Message:
    return Message(
        uid="u", event="test", title="Tëst", text="It works.", url="http://desk/x", payload={},
        file=file,
    )  # fmt: skip


def test_a_mail_arrives_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / "week.pdf"
    file.write_bytes(b"%PDF-1.7 figures")
    with mail_server() as server:
        assert send_by_apprise(address_at(server.port), message(file)) == "taken"
    (mail,) = server.parsed()
    assert (mail["subject"], mail["to"]) == ("Tëst", "ann@desk.example")
    assert mail["from"] == "Listening <l@x.org>"
    body = mail.get_body(("html", "plain"))
    assert body is not None and "It works." in body.get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "week.pdf"
    assert attached.get_payload(decode=True) == b"%PDF-1.7 figures"


def test_a_mail_that_is_refused_says_why() -> None:
    with mail_server(refuses=True) as server, pytest.raises(NotSentError) as found:
        send_by_apprise(address_at(server.port), message())
    assert not found.value.hopeless and str(found.value)
    assert server.mails == []


@pytest.mark.parametrize(
    "option",
    [
        "template=x", "KeyFile=x", "%6beyfile=x", "%256beyfile=x", "subfile=x", "pgppub=x",
        "wkd=yes", "redirect=yes", "a=b&redirect=yes", "a=b;redirect=yes", ":template=x",
        "image=http://x.example", "image=http%253A%252F%252Fx.example", "x=/etc/passwd",
        "x=%2Fetc", "x=a/b", "x=~a", "x=..%5Ca", "tz=/etc/x", "tz=a//b", "x=file:a",
    ],
)  # fmt: skip
def test_an_option_that_leads_to_a_file_or_another_address_is_refused(option: str) -> None:
    address = f"ntfys://token@ntfy.example/topic?{option}"
    with pytest.raises(InvalidError, match="is not taken") as found:
        settle(ChannelKind.APPRISE, {"address": address})
    assert found.value.field == "address"
    with pytest.raises(NotSentError, match="is not taken") as failed:  # kept from earlier days
        send_by_apprise(address, message())
    assert failed.value.hopeless


def test_other_options_are_taken() -> None:
    settle(
        ChannelKind.APPRISE,
        {"address": "ntfys://token@ntfy.example/topic?priority=high&tz=Europe/Berlin"},
    )


def test_a_redirect_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_response(307)
            self.send_header("Location", "/inside")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(apprised, "_reachable", lambda _: None)  # loopback is refused before
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(NotSentError):
                send_by_apprise(f"gotify://127.0.0.1:{server.server_port}/tokentoken1", message())
        finally:
            server.shutdown()
    assert len(asked) == 1 and "/inside" not in asked


def test_a_service_inside_this_network_is_refused() -> None:
    with pytest.raises(NotSentError, match="inside this network") as found:
        send_by_apprise("gotify://127.0.0.1/tokentoken12345", message())
    assert found.value.hopeless


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        (
            ChannelKind.EMAIL, MAIL | {"to": "a@b.cd; e@f.gh", "port": "2525"},
            "a@b.cd, e@f.gh by 127.0.0.1",
        ),
        (
            ChannelKind.EMAIL,
            MAIL | {"security": "ssl", "user": "me@x.org", "password": "p:/@ ?w"},
            "ann@desk.example by 127.0.0.1",
        ),
        (
            ChannelKind.SLACK,
            {"address": "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/"
             "TIiajkdnlazkcOXrIdevi7FQ"},  # pragma: allowlist secret
            "slack://T...2/A...D/T...Q",
        ),
        (
            ChannelKind.APPRISE, {"address": "ntfys://token@ntfy.example/topic"},
            "ntfys://ntfy.example/...",
        ),
        (
            ChannelKind.WEBHOOK, {"address": "https://hooks.example/abc?x=1"},
            "https://hooks.example/...",
        ),
        (ChannelKind.WEBHOOK, {"address": "http://hooks.example"}, "http://hooks.example"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_what_is_secret(
    kind: ChannelKind, given: dict[str, str], shown: str
) -> None:
    kept, told = settle(kind, given)
    assert told == shown
    assert ("secret" in kept) is (kind is ChannelKind.WEBHOOK)


@pytest.mark.parametrize(
    ("kind", "given", "field", "told"),
    [
        (ChannelKind.EMAIL, MAIL | {"to": ""}, "to", "mail addresses"),
        (ChannelKind.EMAIL, MAIL | {"to": "ann"}, "to", "mail addresses"),
        (ChannelKind.EMAIL, MAIL | {"to": ",".join(["a@b.c"] * 51)}, "to", "1 to 50"),
        (ChannelKind.EMAIL, MAIL | {"server": "x/y"}, "server", "mail server"),
        (ChannelKind.EMAIL, MAIL | {"security": "tls"}, "security", "starttls"),
        (ChannelKind.EMAIL, MAIL | {"port": "99999"}, "port", "65535"),
        (ChannelKind.EMAIL, MAIL | {"port": "²"}, "port", "65535"),
        (ChannelKind.EMAIL, MAIL | {"sender": "me"}, "sender", "comes from"),
        (ChannelKind.SLACK, {"address": "https://evil.example/"}, "address", "Slack"),
        (ChannelKind.SLACK, {}, "address", "address to send to"),
        (ChannelKind.APPRISE, {"address": "nonsense"}, "address", "no address"),
        (ChannelKind.APPRISE, {"address": "syslog://"}, "address", "is not sent to"),
        (ChannelKind.APPRISE, {"address": "json://localhost/x"}, "address", "webhook"),
        (ChannelKind.APPRISE, {"address": "vapid://a@b.cd/x"}, "address", "is not sent to"),
        (ChannelKind.APPRISE, {"address": "tgram://" + "1" * 5000}, "address", "no address"),
        (ChannelKind.WEBHOOK, {"address": "ftp://a.b/"}, "address", "web address"),
        (ChannelKind.WEBHOOK, {"address": "https://me:hunter2@a.b/"}, "address", "left out|leave"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_by_its_field(
    kind: ChannelKind, given: dict[str, str], field: str, told: str
) -> None:
    with pytest.raises(InvalidError, match=told) as found:
        settle(kind, given)
    assert found.value.field == field
    assert "hunter2" not in str(found.value)
