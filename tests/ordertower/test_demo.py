import json
import socket
import stat

import pytest

from ordertower.demo import Child, Demo, DemoFailed, cells, insist_that_ports_are_free, table, welcome, write_privately

FACTS = {
    "url": "http://localhost:8000",
    "emulators_url": "http://localhost:8100",
    "users": {"warehouse_lead": {"username": "lead", "password": "secret-word"}},
    "api_key": "key-of-the-demo",
}


def test_columns_line_up_where_a_chinese_character_is_two_cells_wide():
    first, second = table([("仓管组长", "lead"), ("cs", "小王")])
    assert cells(first[: first.index("lead")]) == cells(second[: second.index("小王")])


def test_the_welcome_names_every_address_user_and_key():
    text = welcome(FACTS)
    addresses = ("8000/admin/", "8000/scan/", "8000/api/docs/", "8100/")
    for word in (*addresses, "仓管组长", "lead", "secret-word", "key-of-the-demo"):
        assert word in text


def test_the_file_with_passwords_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "var" / "demo.json"
    write_privately(path, json.dumps(FACTS))
    write_privately(path, json.dumps(FACTS))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == FACTS
    assert [entry.name for entry in path.parent.iterdir()] == ["demo.json"]


def test_a_port_in_use_is_named_and_nothing_starts():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DemoFailed, match=str(port)):
            insist_that_ports_are_free(port)


def test_a_child_that_ends_by_itself_ends_the_others_and_leaves_its_last_words(monkeypatch):
    demo = Demo(port=1, facts=FACTS)

    def start_one_that_lives_and_one_that_dies() -> None:
        wait_for_ever = "import threading; threading.Event().wait()"
        demo.children = [Child("living", ["shell", "-c", wait_for_ever], {}), Child("dying", ["no-such-command"], {})]

    monkeypatch.setattr(demo, "_start", start_one_that_lives_and_one_that_dies)
    with pytest.raises(DemoFailed, match=r"(?s)dying.*Unknown command: 'no-such-command'"):
        demo.run(announce=print)
    assert [child.ended() is not None for child in demo.children] == [True, True]
