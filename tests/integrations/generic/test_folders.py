"""A watched folder: a file is taken once, by its content, only when it is whole, and nothing outside is ever read."""

import os
from pathlib import Path
from typing import Any

import pytest

from integrations.adapter import Message, Polled
from integrations.errors import Permanent, Unreadable
from integrations.feeds import folders, reading
from integrations.platforms.generic import adapter
from tests.integrations.generic.conftest import access
from tests.integrations.generic.test_reading import xlsx
from tests.integrations.wire import to_the_end

MAPPING = {
    "order": {"platform_order_id": "单号", "status": {"default": "paid"}, "placed_at": "时间"},
    "lines": {"sku": "编码", "quantity": "数量"},
}
SETTINGS: dict[str, Any] = {"mapping": MAPPING, "pull": "folder"}
HEAD = "单号,时间,编码,数量\n"


@pytest.fixture
def room(tmp_path: Path, settings: Any) -> Path:
    settings.FEED_ROOT = tmp_path / "feeds"
    room = tmp_path / "feeds" / "7"
    room.mkdir(parents=True)
    return room


class Watch:
    """Looks at the folder again and again, as the poll does."""

    def __init__(self, **more: Any) -> None:
        self.settings = {**SETTINGS, **more}
        self.cursor: dict[str, Any] = {}

    def look(self) -> list[Message]:
        def step(kept: dict[str, Any]) -> Polled:
            return adapter.poll(access(**self.settings), kept)

        messages, self.cursor = to_the_end(step, self.cursor, at_most=30)
        return messages

    def numbers(self) -> list[str]:
        return [message.key.split(":")[1] for message in self.look()]


def test_a_file_is_read_at_the_second_look_and_never_again(room: Path) -> None:
    (room / "a.csv").write_bytes((HEAD + "1,2026-11-11,A,1\n2,2026-11-11,B,1\n").encode("gb18030"))
    watch = Watch()
    assert watch.numbers() == []
    assert watch.numbers() == ["1", "2"]
    assert watch.numbers() == []
    assert (room / "a.csv").exists()


def test_a_file_that_still_grows_waits(room: Path) -> None:
    watch, file = Watch(), room / "a.csv"
    for line in (HEAD, "1,2026-11-11,A,1\n", "2,2026-11-11,B,1\n"):
        with file.open("a") as opened:
            opened.write(line)
        assert watch.numbers() == []
    assert watch.numbers() == ["1", "2"]


@pytest.mark.parametrize("name", ["~$a.xlsx", ".a.csv", "a.csv.part", "a.exe", "a.crdownload"])
def test_what_is_not_finished_or_no_data_is_passed_over(room: Path, name: str) -> None:
    (room / name).write_text(HEAD + "1,2026-11-11,A,1\n")
    watch = Watch()
    assert watch.numbers() + watch.numbers() == []


def test_the_same_content_under_another_name_is_not_taken_again_and_a_changed_file_is(room: Path) -> None:
    (room / "a.csv").write_text(HEAD + "1,2026-11-11,A,1\n")
    watch = Watch()
    watch.look(), watch.look()
    (room / "a.csv").rename(room / "b.csv")
    assert watch.numbers() + watch.numbers() == []
    (room / "b.csv").write_text(HEAD + "1,2026-11-11,A,1\n3,2026-11-11,A,1\n")
    os.utime(room / "b.csv", ns=(1, 1))
    assert watch.numbers() + watch.numbers() == ["1", "3"]


def test_an_excel_file_keeps_long_numbers_and_says_where_excel_has_lost_them(room: Path) -> None:
    rows: list[list[object]] = [
        ["单号", "时间", "编码", "数量"],
        ["320260311000000017", "2026-11-11", "A", 1],
        [3.2e17, "2026-11-11", "B", 1],
    ]
    (room / "a.xlsx").write_bytes(xlsx(rows))
    watch = Watch()
    watch.look()
    good, bad = watch.look()
    [said] = adapter.parse_kept(good, settings=SETTINGS, at=None)
    assert said.subject == "320260311000000017"
    with pytest.raises(Unreadable, match="科学计数法"):
        adapter.parse_kept(bad, settings=SETTINGS, at=None)


def test_a_long_file_is_read_in_steps(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "RECORDS_A_STEP", 3)
    (room / "a.csv").write_text(HEAD + "".join(f"{number},2026-11-11,A,1\n" for number in range(10)))
    (room / "b.csv").write_text(HEAD + "b,2026-11-11,A,1\n")
    watch = Watch()
    watch.look()
    first = adapter.poll(access(**SETTINGS), watch.cursor)
    assert (len(first.messages), first.more) == (3, True)
    assert watch.numbers() == [str(number) for number in range(10)] + ["b"]


def test_a_broken_file_is_kept_whole_with_its_reason_and_does_not_stop_the_others(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LARGEST_BODY", 3_000_000)
    (room / "a.json").write_text('{"list": [')
    (room / "b.csv").write_text(HEAD + "1,2026-11-11,A,1\n")
    (room / "c.csv").write_bytes(b"x" * 3_000_001)
    watch = Watch()
    watch.look()
    broken, good, large = watch.look()
    assert good.kind == "order"
    with pytest.raises(Unreadable, match="不是 JSON"):
        adapter.parse_kept(broken, settings=SETTINGS, at=None)
    with pytest.raises(Unreadable, match=r"c\.csv：内容超过"):
        adapter.parse_kept(large, settings=SETTINGS, at=None)
    assert len(large.body) < 1000


def test_links_out_of_the_room_are_not_followed(room: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.csv").write_text(HEAD + "1,2026-11-11,A,1\n")
    (room / "s.csv").symlink_to(secret / "s.csv")
    (room / "sub").symlink_to(secret)
    watch = Watch()
    assert watch.numbers() + watch.numbers() == []
    with pytest.raises(Permanent, match="不在本连接的目录里"):
        Watch(folder="sub").look()


def test_the_operator_may_make_the_room_itself_a_link_to_a_share(room: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    (share / "out").mkdir(parents=True)
    (share / "out" / "a.csv").write_text(HEAD + "1,2026-11-11,A,1\n")
    room.rmdir()
    room.symlink_to(share)
    watch = Watch(folder="out")
    assert watch.numbers() + watch.numbers() == ["1"]


def test_the_room_is_made_at_the_first_look(room: Path) -> None:
    room.rmdir()
    assert Watch().numbers() == []
    assert room.is_dir()
    assert adapter.watched(access(**SETTINGS)) == str(room.resolve())


def test_a_folder_that_is_not_there_is_said_by_its_whole_path(room: Path) -> None:
    with pytest.raises(Permanent, match=r"feeds/7/missing"):
        Watch(folder="missing").look()
