"""The queue in files: order, one taker, broken files, what a kill leaves, a full disk."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty
from threading import Barrier

import pytest
from kombu import Connection, Exchange, Queue
from kombu.exceptions import ChannelError

from listening.config import Settings
from workers.app import make_app
from workers.files import tidy

SWEEP = Queue("sweep", Exchange("sweep"), "sweep")
NLP = Queue("nlp", Exchange("nlp"), "nlp")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.folder("queue/messages")


def connected(settings: Settings) -> Connection:
    return make_app(settings).connection_for_write()


def send(settings: Settings, body: object, queue: Queue = SWEEP) -> None:
    with connected(settings) as connection, connection.Producer() as producer:
        producer.publish(
            body, exchange=queue.exchange, routing_key=queue.routing_key, declare=[queue]
        )


def receive(settings: Settings, queue: Queue = SWEEP) -> list[object]:
    """Take everything that waits."""
    found: list[object] = []
    with connected(settings) as connection:
        simple = connection.SimpleQueue(queue)
        while True:
            try:
                message = simple.get(block=False)
            except Empty:
                return found
            message.ack()
            found.append(message.payload)


def test_messages_come_in_order_and_by_queue(settings: Settings, folder: Path) -> None:
    for number in range(12):
        send(settings, number)
    send(settings, "text", NLP)
    assert receive(settings, NLP) == ["text"]
    assert receive(settings) == list(range(12))
    assert list(folder.iterdir()) == [], "nothing is left, here or in a folder of bindings"
    assert [path.name for path in (settings.data_dir / "queue").iterdir()] == ["messages"]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b'{"body": "eyJ',
        b"\xff\xfe\x00",
        b"[]",
        b"{}",
        b'{"body": "e30=", "headers": {}, "properties": {}}',
        b'{"body": null, "headers": {}, '
        b'"properties": {"delivery_tag": "1", "delivery_info": {"exchange": ""}}}',
    ],
)
def test_a_file_that_is_no_message_is_dropped(
    settings: Settings, folder: Path, broken: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "00000000000000000001_x.sweep.msg").write_bytes(broken)
    send(settings, "after it")
    assert receive(settings) == ["after it"]
    assert list(folder.iterdir()) == []
    assert "cannot be read: 00000000000000000001_x.sweep.msg" in caplog.text


def test_what_is_being_written_is_not_seen(settings: Settings, folder: Path) -> None:
    (folder / "00000000000000000001_x.sweep.part").write_bytes(b'{"body"')
    assert receive(settings) == []


def test_one_taker_gets_a_message(settings: Settings) -> None:
    for number in range(60):
        send(settings, number)
    start = Barrier(6)

    def take(_: int) -> list[object]:
        start.wait()
        return receive(settings)

    with ThreadPoolExecutor(6) as pool:
        taken = [number for own in pool.map(take, range(6)) for number in own]
    assert sorted(taken) == list(range(60))


def test_what_was_not_acknowledged_comes_back(settings: Settings) -> None:
    send(settings, "held by a worker that is told to end")
    with connected(settings) as connection:
        connection.SimpleQueue(SWEEP).get(block=False)
        assert receive(settings) == []
        connection.default_channel.close()
    assert receive(settings) == ["held by a worker that is told to end"]


def test_what_a_kill_left_is_tidied_up(folder: Path) -> None:
    day, hour = 24 * 3600, 3600
    ages = {
        "1_a.sweep.part": hour + 60,
        "2_b.sweep.taken": hour + 60,
        "3_c.sweep.msg": day + 60,
        "4_d.sweep.msg": -day - 60,
        "5_e.sweep.part": hour - 60,
        "6_f.sweep.msg": day - 60,
        "7_g.sweep.msg": -hour,
        "keep.txt": 9 * day,
    }
    for name, age in ages.items():
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    assert tidy(folder) == 4
    assert sorted(path.name for path in folder.iterdir()) == [
        "5_e.sweep.part", "6_f.sweep.msg", "7_g.sweep.msg", "keep.txt",
    ]  # fmt: skip


def test_sending_tidies_up(settings: Settings, folder: Path) -> None:
    left = folder / "1_a.nlp.msg"
    left.touch()
    os.utime(left, (0, 0))
    send(settings, "new")
    assert not left.exists()


def test_a_disk_that_takes_nothing_more_leaves_no_half(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str, **_: object) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ChannelError, match="No space left on device"):
        send(settings, "lost")
    assert list(folder.iterdir()) == []
