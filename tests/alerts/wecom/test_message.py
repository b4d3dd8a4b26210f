"""An alert as the robot's message: samples, limits in bytes, and nobody's words as markup."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.channels import Text
from alerts.channels.wecom import message
from integrations.errors import Permanent

SAMPLES = sorted((Path(message.__file__).parent / "samples").glob("*.json"))
LINK = "https://tower.example/admin/orders/order/17/change/"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_becomes_the_message_it_expects(sample: Path) -> None:
    read = json.loads(sample.read_text())
    text = read["text"]
    assert (
        message.of(Text(**{**text, "lines": tuple(text["lines"]), "mentions": tuple(text["mentions"])}))
        == read["message"]
    )


def content(text: Text) -> str:
    made = message.of(text)
    return str(made[made["msgtype"]]["content"])


@given(
    st.text(max_size=600),
    st.lists(st.text(max_size=3000), max_size=8),
    st.sampled_from([(), ("zhangsan",), ("@all",), ("13800000000",)]),
)
def test_a_message_of_any_words_keeps_the_limit_and_the_link(
    title: str, lines: list[str], mentions: tuple[str, ...]
) -> None:
    title, lines = title.encode(errors="ignore").decode(), [line.encode(errors="ignore").decode() for line in lines]
    text = Text(title=title, lines=tuple(lines), link=LINK, level="critical", mentions=mentions)
    made = message.of(text)
    limit = {"markdown": 4096, "text": 2048}[made["msgtype"]]
    assert len(content(text).encode()) <= limit
    assert LINK in content(text).splitlines()[-1]


def test_a_message_that_just_fits_is_whole_and_one_byte_more_is_visibly_cut() -> None:
    def filled(count: int) -> str:
        return content(Text(title="t", lines=("a" * count,), link=LINK))

    longest = 4096 - len(filled(0).encode())
    assert "截断" not in filled(longest)
    assert len(filled(longest).encode()) == 4096
    assert "…（内容过长，已截断）" in filled(longest + 1)
    assert len(filled(longest + 1).encode()) <= 4096


@pytest.mark.parametrize("limit", range(9))
def test_a_cut_never_leaves_half_a_character(limit: int) -> None:
    assert message.cut("单a🚚", limit) == ["", "", "", "单", "单a", "单a", "单a", "单a", "单a🚚"][limit]


def test_a_line_break_in_somebodys_words_begins_no_line_of_its_own() -> None:
    assert content(Text(title="a", lines=("x\n# y",))).splitlines()[1:] == ["> x \uff03 y"]


def test_a_link_that_fits_into_no_message_is_refused() -> None:
    with pytest.raises(Permanent, match="longer than a message") as raised:
        message.of(Text(title="a", link="https://tower.example/" + "x" * 4096))
    assert raised.value.code == "link_too_long"
