"""`tieout pnl`: rows by cause, instrument and month over a period. The oracle is addition by hand."""

from pathlib import Path

import duckdb
import pytest
from typer.testing import Result

from apps.cli.pnl_queries import CAUSES
from tests.unit.apps.test_read_commands import Command

_BASE = ", ".join(f"{cause}_base DECIMAL(38, 10)" for cause in CAUSES)
_DAYS = (
    # account, day, instrument, price, trading, commissions, other; None: withheld
    ("U1", "2024-12-31", "1", 100, 0, 0, 0),
    ("U1", "2025-01-02", "1", "10.25", "-1", "-0.35", 0),
    ("U1", "2025-02-03", "1", "-4", 0, 0, 0),
    ("U1", "2025-02-03", "2", None, None, "-1", 0),
    ("U1", "2025-02-03", None, 0, 0, 0, "2.5"),
    ("U2", "2025-02-03", "1", "7", 0, 0, 0),
)


@pytest.fixture(scope="module")
def tieout(tmp_path_factory: pytest.TempPathFactory) -> Command:
    published = tmp_path_factory.mktemp("data") / "published"
    version = published / "000001-aaaaaaaa"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "tieout.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_account as select 'U1' as account_id, 'Main' as alias")
        connection.execute("insert into marts.dim_account values ('U2', null)")
        connection.execute(
            "create table marts.fct_pnl_daily (account_id text, pnl_date date, instrument_key text, symbol text,"
            f" asset_class text, {_BASE}, total_base DECIMAL(38, 10), withheld_reason text)"
        )
        for account, day, key, price, trading, commissions, other in _DAYS:
            amounts = {"price": price, "trading": trading, "commissions": commissions, "other": other}
            values = [amounts.get(cause, 0) for cause in CAUSES]
            connection.execute(
                f"insert into marts.fct_pnl_daily values (?, ?, ?, ?, 'STK', {', '.join('?' * len(CAUSES))}, "
                "?::DECIMAL(38, 10) + ?::DECIMAL(38, 10) + ?::DECIMAL(38, 10) + ?::DECIMAL(38, 10), ?)",
                [
                    account, day, key, f"S{key}" if key else None, *values,
                    price or 0, trading or 0, commissions, other, "No price." if price is None else None,
                ],
            )  # fmt: skip
        connection.execute(
            "create table marts.fct_return_daily as select distinct account_id, pnl_date as return_date "
            "from marts.fct_pnl_daily"
        )
    (published / "CURRENT").symlink_to(version.name)
    return Command(published)


def figures(rows: list[dict[str, object]], key: str) -> dict[object, str]:
    return {row[key]: f"{row['pnl_base']:.2f}" for row in rows}


def test_causes_of_the_year_add_up(tieout: Command) -> None:
    rows = tieout.json("pnl", "-a", "main")
    assert [row["cause"] for row in rows] == [*CAUSES, "total"]
    by_cause = figures(rows, "cause")
    assert by_cause == {
        **dict.fromkeys(CAUSES, "0.00"),
        **{"price": "6.25", "trading": "-1.00", "commissions": "-1.35", "other": "2.50", "total": "6.40"},
    }
    assert [row["rows_withheld"] for row in rows[:2]] == [1, 1]
    assert {row["first_date"] for row in rows} == {"2025-01-01"}


def test_instruments_largest_first_and_the_accounts_own_row(tieout: Command) -> None:
    rows = tieout.json("pnl", "--by", "instrument", "-a", "U1")
    assert figures(rows, "symbol") == {"S1": "4.90", "account": "2.50", "S2": "-1.00"}
    assert [row["symbol"] for row in rows] == ["S1", "account", "S2"]
    assert rows[2]["withheld_reason"] == "No price."


def test_months_of_every_account_since_inception(tieout: Command) -> None:
    rows = tieout.json("pnl", "--by", "month", "--period", "all")
    assert [(row["account_id"], row["month_date"], f"{row['pnl_base']:.2f}") for row in rows] == [
        ("U1", "2024-12-01", "100.00"),
        ("U1", "2025-01-01", "8.90"),
        ("U1", "2025-02-01", "-2.50"),
        ("U2", "2025-02-01", "7.00"),
    ]
    assert "S1" in tieout("pnl", "--by", "instrument", "--period", "MTD").stdout


def test_bad_usage_is_told(tieout: Command) -> None:
    assert "is none of 1D, 1W, MTD" in told(tieout("pnl", "--period", "Decade", expect=2))
    assert "U9" in told(tieout("pnl", "-a", "U9", expect=2))
    assert tieout("pnl", "--by", "mood", expect=2).exit_code == 2


def told(result: Result) -> str:
    return " ".join(result.output.split())


def test_an_account_without_days_has_no_rows(tmp_path: Path) -> None:
    version = tmp_path / "published" / "000001-aaaaaaaa"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "tieout.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_return_daily (account_id text, return_date date)")
        connection.execute(
            "create table marts.fct_pnl_daily (account_id text, pnl_date date, instrument_key text, symbol text, "
            f"asset_class text, {_BASE}, total_base DECIMAL(38, 10), withheld_reason text)"
        )
    (tmp_path / "published" / "CURRENT").symlink_to(version.name)
    assert Command(tmp_path / "published").json("pnl") == []
