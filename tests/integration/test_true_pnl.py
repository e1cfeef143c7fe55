"""Our PnL by instrument and cause against the simulator's true books, exactly, for each day.

The demo's documents are always checked, and one more life that is told by yearly documents alone. More lives:
TIEOUT_TEST_SEEDS="11 12 13".
"""

import os
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.support.books import build_marts
from transforms.broker_simulator import Simulation, simulate

CAUSES = (
    "price", "trading", "fx_translation", "dividends", "withholding", "interest", "commissions", "fees", "taxes",
    "other",
)  # fmt: skip
SEEDS = [int(seed) for seed in os.environ.get("TIEOUT_TEST_SEEDS", "11").split()]
Explained = dict[tuple[str, date], dict[tuple[str, str], Decimal]]
NOTHING = Decimal(0)


def told(marts: Path) -> Explained:
    """What fct_pnl_daily says, in the keys of the true books."""
    sums = ", ".join(f"sum({cause}_base)" for cause in CAUSES)
    sql = f"""
        select account_id, pnl_date, coalesce(instrument_key, ''), {sums}
        from marts.fct_pnl_daily group by all
    """
    found: Explained = defaultdict(dict)
    with duckdb.connect(str(marts), read_only=True) as connection:
        for account, day, key, *amounts in connection.execute(sql).fetchall():
            found[account, day] |= {
                (key, cause): v for cause, v in zip(CAUSES, amounts, strict=True) if v != 0
            }
    return found


def true(life: Simulation) -> Explained:
    """The true books; the documents tell interest accruals in base only, so their translation is interest."""
    books, found = life.books, {}
    for account in books.accounts:
        for day in books.days(account):
            pnl = dict(books.pnl(account, day))
            interest = pnl.pop(("", "interest"), NOTHING) + pnl.pop(("", "fx_translation"), NOTHING)
            found[account, day] = pnl | ({("", "interest"): interest} if interest else {})
    return found


def differences(ours: Explained, theirs: Explained) -> list[object]:
    return [
        (account, day, key, ours[account, day].get(key), pnl.get(key))
        for (account, day), pnl in theirs.items()
        for key in ours[account, day].keys() | pnl.keys()
        if ours[account, day].get(key) != pnl.get(key)
    ]


def test_each_day_of_the_demo(demo: Path) -> None:
    ours, theirs = told(demo / "published" / "current.duckdb"), true(simulate(seed=7))
    assert sum(len(pnl) for pnl in theirs.values()) > 30_000
    assert ours.keys() <= theirs.keys()
    assert differences(ours, theirs) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_each_day_of_lives_told_by_yearly_documents(seed: int, tmp_path: Path) -> None:
    life = simulate(seed=seed)
    years = [d for d in life.documents() if len(d.file_name) == len("U1000001_2023.xml")]
    assert len(years) == 6
    warehouse = build_marts([(d.file_name, b"".join(d.chunks())) for d in years], tmp_path)
    assert differences(told(warehouse), true(life)) == []
