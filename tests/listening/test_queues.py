"""How many messages wait, as the broker really keeps them."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from listening.config import Settings
from listening.health import Queues
from listening.queues import _for_redis, read_queues


def settings(folder: Path, broker: str | None = None) -> Settings:
    url = None if broker is None else SecretStr(broker)
    return Settings(data_dir=folder, broker_url=url, _env_file=None)  # type: ignore[call-arg]


def test_messages_that_celery_sent_through_files_are_counted(tmp_path: Path) -> None:
    from workers.app import make_app

    own = settings(tmp_path)
    app = make_app(own)
    for queue, count in (("nlp", 3), ("sweep", 2), ("backfill", 1), ("other", 1)):
        for _ in range(count):
            app.send_task("nothing.listens", queue=queue)
    assert read_queues(own) == Queues({"nlp": 3, "sweep": 2})
    assert read_queues(own, ["backfill", "nlp"]) == Queues({"backfill": 1, "nlp": 3, "sweep": 2})


def test_what_is_no_message_is_not_counted(tmp_path: Path) -> None:
    folder = tmp_path / "queue" / "messages"
    folder.mkdir(parents=True)
    for name in ("1_a.nlp.msg", "1_b.nlp.msg.part", "1_c.nlp.taken", "nlp.msg", "notes.txt"):
        (folder / name).touch()
    assert read_queues(settings(tmp_path)) == Queues({"nlp": 1, "sweep": 0})


def test_before_anything_was_sent_nothing_waits(tmp_path: Path) -> None:
    assert read_queues(settings(tmp_path / "none")) == Queues({"nlp": 0, "sweep": 0})


def test_a_broker_that_accepts_and_says_nothing_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        found = read_queues(settings(tmp_path, f"redis://127.0.0.1:{mute.getsockname()[1]}/0"))
    assert found.depth == {"nlp": None, "sweep": None}
    assert found.error == "Timeout reading from socket"


def test_the_lists_of_every_priority_are_added_up(tmp_path: Path) -> None:
    """Over a socket that speaks Redis's protocol: each LLEN is answered by its number."""
    asked: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as lines:
            while head := lines.readline():
                words = []
                for _ in range(int(head[1:])):
                    lines.readline()
                    words.append(lines.readline().rstrip(b"\r\n"))
                if words[0] == b"LLEN":
                    asked.append(words[1])
                    connection.sendall(b":%d\r\n" % len(asked))
                else:
                    connection.sendall(b"-ERR unknown command\r\n" if words[0] == b"HELLO"
                                       else b"+OK\r\n")  # fmt: skip

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        address = f"redis://127.0.0.1:{server.getsockname()[1]}/0?protocol=2"
        found = read_queues(settings(tmp_path, address))
        thread.join(5)
    assert found == Queues({"nlp": 1 + 2 + 3 + 4, "sweep": 5 + 6 + 7 + 8})
    assert asked[:4] == [b"nlp", b"nlp\x06\x163", b"nlp\x06\x166", b"nlp\x06\x169"]


def test_of_another_broker_nothing_is_known_and_nothing_is_wrong(tmp_path: Path) -> None:
    found = read_queues(settings(tmp_path, "amqp://me:hunter2@host//"))
    assert found == Queues({"nlp": None, "sweep": None})


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("rediss://:x@h/0?ssl_cert_reqs=CERT_REQUIRED", "rediss://:x@h/0?ssl_cert_reqs=required"),
        ("rediss://h/0?ssl_cert_reqs=none",
         "rediss://h/0?ssl_cert_reqs=none&ssl_check_hostname=False"),
        ("redis://h:1/2", "redis://h:1/2"),
    ],
)  # fmt: skip
def test_celerys_way_of_naming_tls_is_read(url: str, read: str) -> None:
    assert _for_redis(url) == read
