"""The set of documents, their bytes, how overlapping ones agree, and how the true books stand beside them."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from simulator_oracle import Row, failures, in_base, number, read

from transforms.broker_simulator import Simulation, simulate

ROOT = Path(__file__).parents[3]
LATER = datetime(2027, 1, 1, 4)
ACCOUNT = "U1000001"
# rows of these sections tell of one report day, whatever period the document covers
OF_ONE_DAY = (
    *("CashTransactions", "CorporateActions", "Transfers", "OptionEAE", "ChangeInDividendAccruals"),
    *("ConversionRates", "PriorPeriodPositions", "Trades"),
)


@cache
def life() -> Simulation:
    return simulate()


def one(start: date, end: date, generated: datetime = LATER, account: str = ACCOUNT) -> dict[str, list[Row]]:
    return read(life().document([account], start, end, generated).content())[0].sections


def test_same_seed_same_bytes_in_another_process() -> None:
    """Two interpreters with different hash seeds write the same bytes; another seed writes others."""
    code = (
        "import hashlib, sys; from transforms.broker_simulator import simulate; h = hashlib.sha256()\n"
        "for d in simulate(int(sys.argv[1]), years=1, extra_trades=200).documents():\n"
        "    h.update(d.file_name.encode()); [h.update(c) for c in d.chunks()]\n"
        "print(h.hexdigest())"
    )

    def digest(seed: int, hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code, str(seed)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    assert digest(7, "1") == digest(7, "2") != digest(8, "1")


def test_bytes_are_those_of_every_machine() -> None:
    """Digests kept in the repository; a change that is meant to alter documents writes new ones there."""
    golden = (ROOT / "tests" / "golden" / "broker_simulator_seed7.sha256").read_text().splitlines()
    names = [line.split()[1] for line in golden]
    found = {
        document.file_name: hashlib.sha256(document.content()).hexdigest()
        for document in life().documents()
        if document.file_name in names
    }
    assert [f"{found[name]}  {name}" for name in names] == golden


def test_the_usual_documents(tmp_path: Path) -> None:
    """A yearly, twelve monthly and the last quarter's daily documents for each account, and one with both."""
    paths = simulate(years=1).write(tmp_path / "inbox")
    names = [path.name for path in paths]
    assert len(set(names)) == len(names)
    for account in ("U1000001", "U2000002"):
        own = [name for name in names if name.startswith(account)]
        assert f"{account}_2023.xml" in own
        assert [name for name in own if "-" in name] == [
            f"{account}_2023-{month:02d}.xml" for month in range(1, 13)
        ]
        assert len(own) == 1 + 12 + len([day for day in simulate(years=1).days if day.month > 9])
    both = read((tmp_path / "inbox" / "both_accounts_2023.xml").read_bytes())
    assert [of.about["accountId"] for of in both] == ["U1000001", "U2000002"]
    generated = {
        name: read(path.read_bytes())[0].about["whenGenerated"]
        for name, path in zip(names, paths, strict=True)
    }
    assert (
        generated["U1000001_20231229.xml"]
        < generated["U1000001_2023-12.xml"]
        < generated["U1000001_2023.xml"]
    )
    assert all(path.stat().st_size > 10_000 for path in paths)


def test_chunks_are_small_and_make_the_document() -> None:
    document = simulate(years=1, extra_trades=4_000).document(
        [ACCOUNT], date(2023, 1, 1), date(2023, 12, 31), LATER
    )
    chunks = list(document.chunks())
    assert len(chunks) > 3
    assert max(map(len, chunks)) < 2_000_000
    assert b"".join(chunks) == document.content()


def test_any_split_tells_the_same_rows() -> None:
    """Three overlapping documents hold exactly the rows of the one that covers them all."""
    whole = one(date(2024, 1, 1), date(2024, 12, 31))
    pieces = [
        one(date(2024, 1, 1), date(2024, 5, 7)),
        one(date(2024, 4, 20), date(2024, 9, 1)),
        one(date(2024, 8, 30), date(2024, 12, 31)),
    ]

    def rows(of: dict[str, list[Row]], section: str) -> Counter[tuple[tuple[str, str], ...]]:
        return Counter(tuple(sorted(row.items())) for row in of[section])

    for section in OF_ONE_DAY:
        together: Counter[tuple[tuple[str, str], ...]] = Counter()
        for piece in pieces:
            together |= rows(piece, section)
        assert together == rows(whole, section), section
        assert together or section == "Transfers"
    days = {row["reportDate"]: row for piece in pieces for row in piece["EquitySummaryInBase"]}
    assert days == {row["reportDate"]: row for row in whole["EquitySummaryInBase"]}


def test_funds_lines_of_a_day_do_not_depend_on_the_period() -> None:
    def lines(start: date, end: date) -> list[dict[str, str]]:
        wanted = one(start, end)["StmtFunds"]
        return [
            {
                name: value
                for name, value in row.items()
                if name != "balance" or row["levelOfDetail"] == "Currency"
            }
            for row in wanted
            if row["reportDate"] == "20240507" and row["transactionID"]
        ]

    assert lines(date(2024, 1, 1), date(2024, 12, 31)) == lines(date(2024, 5, 7), date(2024, 5, 7)) != []


@pytest.mark.parametrize("account", ["U1000001", "U2000002"])
def test_documents_tell_the_true_books(account: str) -> None:
    books, last = life().books, date(2025, 12, 31)
    told = one(date(2023, 1, 1), last, account=account)
    nav = {row["reportDate"]: number(row, "total") for row in told["EquitySummaryInBase"][1:]}
    assert nav == {f"{day:%Y%m%d}": books.nav(account, day) for day in books.days(account)}
    realized: dict[str, Decimal] = {}
    for section, level in (("Trades", "EXECUTION"), ("CorporateActions", "DETAIL")):
        for row in told[section]:
            if row["levelOfDetail"] == level:
                day = row["reportDate"]
                realized[day] = realized.get(day, Decimal(0)) + in_base(row, "fifoPnlRealized")
    for day in books.days(account):
        assert realized.get(f"{day:%Y%m%d}", Decimal(0)) == books.realized_base(account, day)
    for day in books.days(account)[::60]:
        held = one(day, day, account=account)
        shown = [row for row in held["OpenPositions"] if row["levelOfDetail"] == "SUMMARY"]
        assert {int(row["conid"]): number(row, "position") for row in shown} == books.positions(account, day)
        cash = {row["currency"]: number(row, "endingCash") for row in held["CashReport"][1:]}
        assert {name: amount for name, amount in cash.items() if amount} == books.cash(account, day)
        lots = Counter(int(row["conid"]) for row in held["OpenPositions"] if row["levelOfDetail"] == "LOT")
        assert lots == {conid: len(own) for conid, own in books.lots(account, day).items()}


def test_the_second_account_opens_two_days_later_with_nothing_before() -> None:
    books = life().books
    first, second, third = books.days("U2000002")[:3]
    assert books.nav("U2000002", first) == books.nav("U2000002", second) == 0
    assert books.twr("U2000002", first) is None
    assert books.external_flows("U2000002", third)[0][1] == 80_000
    assert books.inflow("U2000002", third) == 81_000


def test_large_withdrawal_is_an_outflow_and_no_loss() -> None:
    books = life().books
    day = min(day for day in books.days(ACCOUNT) if day >= date(2024, 11, 19))
    assert books.outflow(ACCOUNT, day) == 240_000
    assert books.nav(ACCOUNT, day) < 300_000
    assert abs(books.twr(ACCOUNT, day) or 1) < Decimal("0.05")


def _facts(of: dict[str, list[Row]]) -> dict[str, str]:
    """Money of each identified fact, by transactionID."""
    facts = {
        row["transactionID"]: row["netCash"] for row in of["Trades"] if row["levelOfDetail"] == "EXECUTION"
    }
    return facts | {row["transactionID"]: row["amount"] for row in of["CashTransactions"]}


@pytest.mark.parametrize(("account", "corrections"), [("U1000001", 1), ("U2000002", 2)])
def test_facts_are_corrected_in_a_later_document(account: str, corrections: int) -> None:
    """Early documents tell another figure under the same transactionID, and add up with it; the books know
    the last.
    """
    quarter = (date(2025, 10, 1), date(2025, 11, 12))
    early_document = life().document([account], *quarter, datetime(2025, 11, 13, 4))
    early, late = (
        _facts(one(*quarter, datetime(2025, 11, 13, 4), account)),
        _facts(one(*quarter, account=account)),
    )
    changed = {key: (early[key], late[key]) for key in early if early[key] != late[key]}
    assert early.keys() == late.keys()
    assert len(changed) == corrections
    assert failures(early_document.content()) == []
    last = quarter[1]
    told = one(last, last, datetime(2025, 11, 13, 4), account)["EquitySummaryInBase"][-1]
    assert number(told, "total") != life().books.nav(account, last)
    told = one(last, last, account=account)["EquitySummaryInBase"][-1]
    assert number(told, "total") == life().books.nav(account, last)


def test_documents_of_the_usual_set_disagree_only_on_what_was_corrected() -> None:
    seen: dict[tuple[str, str], dict[str, set[str]]] = {}
    for document in life().documents():
        if "2025" in document.file_name:
            for of in read(document.content()):
                for key, amount in _facts(of.sections).items():
                    seen.setdefault((of.about["accountId"], key), {}).setdefault(amount, set()).add(
                        document.file_name
                    )
    corrected = {key: told for key, told in seen.items() if key[1] and len(told) > 1}
    assert sorted(account for account, _ in corrected) == ["U1000001", "U2000002", "U2000002"]
    for (account, _), told in corrected.items():
        newest = next(names for names in told.values() if "both_accounts_2025.xml" in names)
        oldest = next(names for names in told.values() if names is not newest)
        assert f"{account}_2025.xml" in newest
        assert any(len(name) == len("U1000001_20251014.xml") for name in oldest)


def test_bad_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="no such account: U9"):
        life().document(["U9"], date(2024, 1, 1), date(2024, 1, 31), LATER)
    with pytest.raises(ValueError, match="no simulated business day"):
        life().document([ACCOUNT], date(2024, 1, 6), date(2024, 1, 7), LATER)
    with pytest.raises(ValueError, match="years must be at least 1"):
        simulate(years=0)
    with pytest.raises(KeyError):
        life().books.nav(ACCOUNT, date(2024, 1, 6))


def test_other_lengths_and_starts_close_their_books() -> None:
    """The ledger refuses to close a day it cannot explain, so that running is the test."""
    for years, start in ((1, date(2020, 1, 1)), (5, date(2019, 1, 1)), (2, date(2022, 7, 1))):
        simulation = simulate(3, years=years, start=start)
        last = simulation.days[-1]
        document = simulation.document(simulation.accounts, last - timedelta(20), last, LATER)
        assert failures(document.content()) == []
        assert hashlib.sha256(document.content()).digest() == hashlib.sha256(document.content()).digest()
