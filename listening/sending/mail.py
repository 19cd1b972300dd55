"""A mail by Apprise: its text as text, and where there is HTML, both as alternatives.

Apprise takes a text for HTML unless told otherwise, and makes the text of a mail that has HTML
by taking the tags away. Here each is what was written for it.
"""

from __future__ import annotations

from email import message_from_string, policy
from typing import Any

from listening.sending.message import Message


def is_mail(plugin: Any) -> bool:
    """Whether what Apprise made of an address sends mails."""
    return str(plugin.url()).startswith(("mailto://", "mailtos://"))


def send_mail(plugin: Any, message: Message, files: Any = None) -> bool:
    """Send it once to everybody; whether all of them have it.

    Args:
        plugin: of Apprise; an address that asks for text (`format=text`) gets text alone.
        message: what.
        files: an attachment of Apprise.
    """
    if message.html is None or plugin.resolve_format("html") != "html":
        arrived = plugin.notify(
            title=message.title, body=message.body, attach=files, body_format="text"
        )
        return bool(arrived)
    return _send_both(plugin, message, files)


def _send_both(plugin: Any, message: Message, files: Any) -> bool:
    from apprise.plugins.email.base import NotifyEmail
    from apprise.plugins.email.smtp import AppriseSMTPController

    arrived = True
    with AppriseSMTPController(
        host=plugin.smtp_host,
        port=plugin.port,
        secure_mode=plugin.secure_mode,
        user=plugin.user,
        password=plugin.password,
        verify_certificate=plugin.verify_certificate,
        socket_connect_timeout=plugin.socket_connect_timeout,
    ) as server:
        for mail in NotifyEmail.prepare_emails(
            subject=message.title,
            body=message.html,
            notify_format="html",
            from_addr=plugin.from_addr,
            to=plugin.targets,
            cc=plugin.cc,
            bcc=plugin.bcc,
            reply_to=plugin.reply_to,
            smtp_host=plugin.smtp_host,
            attach=files,
            headers={"X-Application": plugin.app_id, **plugin.headers},
            names=plugin.names,
            inline=plugin.inline,
            tzinfo=plugin.tzinfo,
        ):
            ready = with_text(mail.body, message.body)
            arrived &= server.sendmail(plugin.from_addr[1], mail.to_addrs, ready)
    return arrived


def with_text(mail: str, text: str) -> str:
    """A mail whose text beside its HTML is this one."""
    parsed = message_from_string(mail, policy=policy.default)
    part = parsed.get_body(("plain",))
    if part is not None:
        part.set_content(text, cte="quoted-printable")
    return parsed.as_string()
