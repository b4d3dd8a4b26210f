"""Whose number it may be: a corpus of every courier, and of what was never a waybill."""

import pytest

from orders.services.waybill_numbers import (
    COURIERS,
    CURRENT,
    OLDER,
    candidates,
    is_ean13,
    is_mistyped,
    is_product_code,
    is_square_code,
    name_of,
    normalise,
    possible,
    upu_check_digit,
)

# Public samples and made-up numbers: number → who numbers like this today.
CORPUS = {
    "SF7444407670710": {"sf"},
    "SF1234567890123": {"sf"},
    "SFA234567890123": {"sf"},
    "73111390619708": {"zto"},
    "75706890164395": {"zto"},
    "78123456789012": {"zto"},
    "YT9693083639795": {"yto"},
    "YT0000000000012": {"yto"},
    "777174159154537": {"sto"},
    "77300000000001": {"sto"},
    "4311159956248": set(),
    "462598779470531": {"yunda"},
    "312345678901234": {"yunda"},
    "5123456789012": {"yunda"},
    "430123456789012": {"sto", "yunda"},
    "JT0006968326954": {"jt", "best"},
    "JT3002232682242": {"jt", "best"},
    "JDVA11408814483": {"jd"},
    "JD0012345678901": {"jd"},
    "DPK364112047425": {"deppon"},
    "1240921381750": {"ems"},
    "9812345678901": {"ems"},
    "PA12345678901": {"ems"},
    "621123456789012": {"cainiao"},
}
# Only older ranges have them: number → who may have given it.
OLD = {
    "444003077898": {"sf", "zto", "yto", "ane", "yimidida"},
    "268123456789": {"sf", "zto", "yto", "sto", "ane", "yimidida"},
    "4311159956248": {"yunda"},
    "STO1234567890": {"sto"},
    "881234567890123": {"sto", "yunda"},
    "JT000123456789": {"jt"},
    "DPK36411204742-1-2": {"deppon"},
    "12345678": {"deppon"},
    "EA123456785CN": {"ems"},
    "Y123456789012": {"yto"},
    "DD8123456789012345": {"yto"},
}
NEVER = (
    "",
    " ",
    "SF",
    "SF12345",
    "T0000000012",
    "T0000000012-1",
    "20261111000000000001",
    "2026111100000000123456",
    "CREAM-50",
    "W20261111-07",
    "A-03-02",
    "NOBODY-KNOWS-THIS",
    "SF74444076707_10",
    "顺丰7444407670710",
    "YT969308363979五",
    "<script>",
    "1" * 300,
)
GOODS = ("6901234567892", "6901028075831")


@pytest.mark.parametrize(("code", "couriers"), CORPUS.items(), ids=list(CORPUS))
def test_a_number_is_guessed_by_how_couriers_number_today(code: str, couriers: set[str]) -> None:
    assert set(candidates(code)) == couriers
    assert couriers <= possible(code)
    assert possible(code)


@pytest.mark.parametrize(("code", "couriers"), OLD.items(), ids=list(OLD))
def test_an_older_number_is_possible_and_no_candidate_of_theirs(code: str, couriers: set[str]) -> None:
    assert possible(code) == couriers
    assert not set(candidates(code)) & couriers


@pytest.mark.parametrize("code", NEVER, ids=[code[:20] or "empty" for code in NEVER])
def test_what_is_nobody_s_number_is_no_waybill(code: str) -> None:
    assert candidates(code) == ()
    assert not possible(code)


@pytest.mark.parametrize("code", sorted(CORPUS))
@pytest.mark.parametrize("dress", ["]C1{}", "]c0{}\r\n", "  {}\t", "\u3000{}\x1d"])
def test_what_scanners_add_does_not_count(code: str, dress: str) -> None:
    assert normalise(dress.format(code.lower())) == code
    assert candidates(dress.format(code.lower())) == candidates(code)


def test_every_courier_has_a_name_and_a_number_in_the_corpus() -> None:
    assert {*CURRENT, *OLDER} <= COURIERS.keys()
    seen = {courier for code in [*CORPUS, *OLD] for courier in possible(code)}
    assert seen == COURIERS.keys()
    assert name_of("sf") == "顺丰"
    assert name_of("zjs") == "zjs"


# Products -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("code", ["6901234567892", "6901028075831", "4006381333931", "0000000000000"])
def test_the_check_digit_of_a_product_code_fits(code: str) -> None:
    assert is_ean13(code)


@pytest.mark.parametrize(
    "code", ["6901234567893", "6901028075813", "690123456789", "69012345678921", "690123456789X", ""]
)
def test_a_wrong_check_digit_is_no_product_code(code: str) -> None:
    assert not is_ean13(code)
    assert not is_product_code(code)


@pytest.mark.parametrize("code", GOODS)
def test_a_69_code_is_goods_and_no_waybill(code: str) -> None:
    assert is_product_code(code)
    assert possible(code) == frozenset()


def test_thirteen_digits_that_fit_by_chance_stay_a_waybill_where_they_do_not_begin_with_69() -> None:
    assert is_ean13("4006381333931")
    assert possible("4006381333931") == {"yunda"}


def test_a_number_beginning_with_69_whose_check_digit_is_wrong_may_be_a_waybill() -> None:
    assert possible("6901234567893") == {"yunda"}


# UPU S10 ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("serial", "digit"), [("12345678", 5), ("47312482", 9), ("00000000", 5), ("00000006", 2)])
def test_the_check_digit_of_an_international_number(serial: str, digit: int) -> None:
    assert upu_check_digit(serial) == digit


def test_every_remainder_gives_one_digit() -> None:
    assert {upu_check_digit(f"{serial:08}") for serial in range(200)} == set(range(10))


@pytest.mark.parametrize("code", ["RB123456785GB", "rb123456785gb", "]C1RB473124829US", "EA123456785CN"])
def test_a_number_whose_check_digit_fits_is_not_mistyped(code: str) -> None:
    assert not is_mistyped(code)


@pytest.mark.parametrize("code", ["RB123456786US", "RB123456875GB", "EA123456780CN"])
def test_one_wrong_digit_shows(code: str) -> None:
    assert is_mistyped(code)


@pytest.mark.parametrize(
    "code", ["SF7444407670711", "YT9693083639796", "73111390619709", "6901234567893", "", "RB12345678GB"]
)
def test_numbers_without_a_published_check_digit_are_never_called_mistyped(code: str) -> None:
    assert not is_mistyped(code)


def test_the_square_code_of_a_label_is_told_from_its_bars() -> None:
    assert is_square_code("MMM={'k1':'755W','k3':'SF7444407670710'}")
    assert not is_square_code("SF7444407670710")
