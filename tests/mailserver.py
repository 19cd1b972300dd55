"""A mail server on loopback that keeps what it is given."""

from __future__ import annotations

import email
import email.policy
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from listening.sending.addresses import settle
from listening.store.tables import ChannelKind

MAIL = {"to": "ann@desk.example", "server": "127.0.0.1", "security": "none", "sender": "l@x.org"}


class MailServer:
    """Takes the mails of one connection and keeps them; or refuses whoever they are for."""

    def __init__(self, *, refuses: bool) -> None:
        self._refuses = refuses
        self.mails: list[bytes] = []
        self.people: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        connection.settimeout(10)
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            for line in lines:
                word = line.split(None, 1)[0].upper().removesuffix(b":")
                if word == b"DATA":
                    connection.sendall(b"354 go on\r\n")
                    body = b""
                    while (part := lines.readline()) not in (b".\r\n", b""):
                        body += part[1:] if part.startswith(b"..") else part
                    self.mails.append(body)
                if word == b"RCPT":
                    self.people.append(line.split(b":", 1)[1].strip(b"<> \r\n"))
                refused = word == b"RCPT" and self._refuses
                connection.sendall(b"550 no such person\r\n" if refused else b"250 fine\r\n")
                if word == b"QUIT":
                    return

    def parsed(self) -> list[EmailMessage]:
        """The mails, read."""
        read = [email.message_from_bytes(raw, policy=email.policy.default) for raw in self.mails]
        return [one for one in read if isinstance(one, EmailMessage)]

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # closing alone would leave it accepting
        self._socket.close()
        self._thread.join(5)
        assert not self._thread.is_alive()


@contextmanager
def mail_server(*, refuses: bool = False) -> Iterator[MailServer]:
    server = MailServer(refuses=refuses)
    try:
        yield server
    finally:
        server.stop()


def address_at(port: int, **more: str) -> str:
    """An address of Apprise that sends there."""
    return settle(ChannelKind.EMAIL, MAIL | {"port": str(port)} | more)[0]["address"]
