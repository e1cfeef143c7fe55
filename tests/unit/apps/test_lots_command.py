"""`tieout lots`: which lots it prints, in which order, and what it says of a method that was not built."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.invented_books import EUR_ACCOUNT, USD_ACCOUNT
from tests.support.invented_marts import make_books
from tests.support.published_fixture import write_published
from tests.unit.apps.test_read_commands import Command

D = Decimal


def lot(account: str, method: str, name: str, closed: date | None, **more: object) -> dict[str, object]:
    is_open = closed is None
    row: dict[str, object] = {
        "account_id": account,
        "method": method,
        "lot_id": name,
        "part": 0,
        "instrument_key": "1",
        "symbol": "ABC",
        "side": "long",
        "is_open": is_open,
        "open_date": date(2024, 1, 5),
        "close_date": closed,
        "close_report_date": closed,
        "quantity": D(10),
        "cost": D(1000),
        "proceeds": None if is_open else D(1500),
        "realized_pnl": None if is_open else D(500),
        "origin": "trade",
    }
    return row | more


@pytest.fixture(scope="module")
def tieout(tmp_path_factory: pytest.TempPathFactory) -> Command:
    books = make_books(version="000001-3fa9c1d2")
    books.rows["fct_tax_lot"].extend(
        [
            lot(EUR_ACCOUNT, "fifo", "a", date(2024, 3, 1)),
            lot(EUR_ACCOUNT, "fifo", "b", date(2024, 5, 1)),
            lot(EUR_ACCOUNT, "fifo", "c", None),
            lot(EUR_ACCOUNT, "lifo", "d", date(2024, 4, 1), cost=D(1200), realized_pnl=D(300)),
            lot(USD_ACCOUNT, "fifo", "e", None),
        ]
    )
    return Command(write_published(tmp_path_factory.mktemp("lots") / "published", books))


def names(tieout: Command, *arguments: str) -> list[object]:
    return [row["lot_id"] for row in tieout.json("lots", *arguments)]


def test_open_lots_first_then_the_newest_closing(tieout: Command) -> None:
    assert names(tieout, "-a", EUR_ACCOUNT) == ["c", "b", "a"]
    assert names(tieout) == ["c", "e", "b", "a"]
    assert names(tieout, "--open") == ["c", "e"]
    assert names(tieout, "--from", "2024-04-01", "--to", "2024-12-31") == ["b"]


def test_another_method(tieout: Command) -> None:
    (row,) = tieout.json("lots", "-a", EUR_ACCOUNT, "--method", "lifo")
    assert (row["cost"], row["realized_pnl"]) == (1200, 300)


def test_a_method_that_was_not_built_is_no_empty_answer(tieout: Command) -> None:
    message = tieout("lots", "--method", "lifo", expect=2).stderr
    assert USD_ACCOUNT in message
    assert "fifo" in message


def test_an_unknown_method_names_the_known_ones(tieout: Command) -> None:
    assert "hifo" in tieout("lots", "--method", "best", expect=2).stderr


def test_a_table_for_people(tieout: Command, tmp_path: Path) -> None:
    printed = tieout("lots", "-a", EUR_ACCOUNT).stdout
    assert "ABC" in printed
    assert "lot_id" not in printed
