"""Why figures are old: by the texts of the real TWS, and until what was lost is there again."""

from decimal import Decimal

import pytest

from tws.causes import Causes, farm_of, farms_not_connected
from tws.errors import code_of
from tws.newest import Notice
from tws.values import PositionPnl

RESTORED = "Connectivity between IB and Trader Workstation has been restored - data maintained."
LOST = "The following farms are not connected"
FOLLOWED = {("U1", 1), ("U1", 2)}


def notice(number: int, text: str = "") -> Notice:
    return Notice(code_of(number), text)


def pnl(conid: int, value: int | None) -> PositionPnl:
    told = None if value is None else Decimal(value)
    return PositionPnl("U1", conid, Decimal(1), None, None, None, told)


def back(causes: Causes, conid: int, value: int | None) -> bool:
    return causes.value(pnl(conid, value), lambda: FOLLOWED)


@pytest.mark.parametrize(
    ("text", "farm"),
    [
        ("Market data farm connection is broken:usfarm", "usfarm"),
        ("Market data farm connection is OK:usfarm.nj", "usfarm.nj"),
        ("Market data farm connection is inactive but should be available upon demand.eufarm", "eufarm"),
        (
            "Market data farm connection is inactive but should be available upon demand.usfarm.nj",
            "usfarm.nj",
        ),
    ],
)
def test_the_farm_that_a_text_names(text: str, farm: str) -> None:
    assert farm_of(text) == farm


@pytest.mark.parametrize(
    ("rest", "farms"),
    [
        ("", set()),
        (" All data farms are connected: usfarm.nj; hfarm.", set()),
        (f" The following farms are connected: usfarm; secdefnj. {LOST}: ushmds.", {"ushmds"}),
        (f" {LOST}: usfarm.nj; hfarm. The following farms are connected: jfarm.", {"usfarm.nj", "hfarm"}),
        (f" {LOST}: usfarm.nj", {"usfarm.nj"}),
    ],
)
def test_the_farms_that_are_not_back_with_the_broker(rest: str, farms: set[str]) -> None:
    assert farms_not_connected(RESTORED + rest) == farms


def test_a_farm_that_was_not_lost_brings_nothing_back() -> None:
    causes = Causes()
    assert not causes.hear(notice(2104, "…:usfarm"))
    assert not causes.hear(notice(2103, "…:eufarm"))
    assert not causes.hear(notice(2104, "…:usfarm"))
    assert causes.first is not None
    assert causes.hear(notice(2108, "….eufarm"))
    assert causes.first is None


def test_2110_is_taken_back_by_any_farm_and_1100_is_not() -> None:
    causes = Causes()
    causes.hear(notice(2110))
    assert causes.hear(notice(2104, "…:usfarm"))
    assert (causes.broker_is_lost, causes.broker_changes) == (False, 2)
    causes.hear(notice(1100))
    assert not causes.hear(notice(2104, "…:usfarm"))
    assert causes.hear(notice(1101))
    assert (causes.broker_is_lost, causes.broker_changes) == (False, 4)


def test_a_value_that_was_on_its_way_does_not_bring_market_data_back() -> None:
    causes = Causes()
    causes.hear(notice(10197))
    assert not back(causes, 1, 10)
    assert not back(causes, 2, None)
    assert not back(causes, 1, 10)
    assert back(causes, 2, 10)
    assert causes.first is None


def test_where_none_lost_its_value_each_has_to_be_told_again() -> None:
    causes = Causes()
    causes.hear(notice(10197))
    assert not back(causes, 1, 10)
    assert not back(causes, 1, 11)
    assert back(causes, 2, 10)


def test_a_position_that_never_had_a_value_and_one_that_was_closed_are_not_waited_for() -> None:
    causes = Causes()
    assert not back(causes, 2, None)
    assert not back(causes, 3, 5)
    causes.hear(notice(10197))
    assert not back(causes, 2, None)
    assert not back(causes, 3, None)
    assert back(causes, 1, 10)
