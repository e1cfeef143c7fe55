"""The broker's CSV documents against its XML and against the true books: the same rows, the same sums."""

import csv
import hashlib
import io
import os
import subprocess
import sys
from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest
from simulator_oracle import Row, read

from transforms.broker_simulator import Simulation, simulate
from transforms.broker_simulator.documents import Document
from transforms.broker_simulator.flex_csv import Framing, column_name

ROOT = Path(__file__).parents[3]
WHEN = datetime(2026, 7, 8, 4, 15)
START, END = date(2024, 1, 1), date(2024, 12, 31)
ACCOUNTS = ("U1000001", "U2000002")
CODES = {
    "ACCT": "AccountInformation",
    "CNAV": "ChangeInNAV",
    "CRTT": "CashReport",
    "EQUT": "EquitySummaryInBase",
    "POST": "OpenPositions",
    "TRNT": "Trades",
    "CTRN": "CashTransactions",
    "TRFR": "Transfers",
    "IACC": "InterestAccruals",
}


@cache
def life() -> Simulation:
    return simulate(extra_trades=400)


def told(*accounts: str) -> Document:
    return life().document(accounts, START, END, WHEN)


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def tables(content: bytes) -> dict[str, list[list[Row]]]:
    """The rows of an Activity Statement by section; each header begins another table of its section."""
    found: dict[str, list[list[Row]]] = defaultdict(list)
    names: dict[str, list[str]] = {}
    for section, kind, *values in cells(content):
        if kind == "Header":
            names[section] = values
            found[section].append([])
            continue
        assert len(values) == len(names[section]), (section, values)
        named = dict(zip(names[section], values, strict=True))
        found[section][-1].append({"#": kind, **named, "cells": "|".join(values)})
    return found


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "") or 0)


def fields(content: bytes, section: str) -> dict[str, str]:
    return {row["Field Name"]: row["Field Value"] for row in tables(content)[section][0]}


def xml_rows(account: str, section: str) -> list[list[str]]:
    """The attributes of a section's rows in document order, as lxml reads them."""
    (statement,) = read(told(account).content())
    return [[value for name, value in row.items() if name != "#"] for row in statement.sections[section]]


@pytest.mark.parametrize("framing", ["sections", "header_data"])
def test_framed_flex_csv_holds_the_rows_of_the_xml(framing: Framing) -> None:
    """Every section of both accounts, in order; EOS counts and sums what stands before it."""
    lines = cells(told(*ACCOUNTS).flex_csv(framing).content())
    assert lines[0][:3] == ["BOF", "U1000001", "tieout"]
    assert {"20240101", "20241231", "20260708"} <= set(lines[0])
    assert lines[-1] == ["EOF", "U1000001"]
    account, found = "", {}
    rows: list[list[str]] = []
    header: list[str] = []
    for line in lines[1:-1]:
        if line[0] == "BOA":
            account = line[1]
        elif line[0] == "BOS":
            rows, header = [], []
        elif line[0] == "EOS":
            assert int(line[2]) == len(rows)
            found[account, line[1]] = rows
            if line[1] == "CRTT":
                at = header.index("EndingCash")
                assert Decimal(line[3]) == sum(Decimal(row[at]) for row in rows)
        elif line[0] != "EOA":
            values = line[2:] if framing == "header_data" else line
            if framing == "header_data":
                assert line[0] == ("HEADER" if not header else "DATA")
            if not header:
                header = values
            else:
                rows.append(values)
    for owner in ACCOUNTS:
        for code, section in CODES.items():
            assert found[owner, code] == xml_rows(owner, section), (owner, code)
    assert len(found) == 2 * 19


def test_tables_repeat_a_header_where_another_begins() -> None:
    lines = cells(told("U2000002").flex_csv("tables").content())
    heads = [n for n, line in enumerate(lines) if line[0] in ("ClientAccountID", "Date/Time")]
    heads += [n for n, line in enumerate(lines) if line[:2] == ["CurrencyPrimary", "AssetClass"]]
    sizes = {
        tuple(lines[n]): m - n - 1
        for n, m in zip(sorted(heads), [*sorted(heads)[1:], len(lines)], strict=True)
    }
    trades = next(size for head, size in sizes.items() if "IBExecID" in head)
    assert trades == len(xml_rows("U2000002", "Trades")) > 300
    assert not any(line[0] in ("BOF", "BOS", "EOS", "HEADER", "DATA") for line in lines)


def test_flex_csv_names_columns_as_public_files_do() -> None:
    named = {
        ("Trades", "buySell"): "Buy/Sell",
        ("Trades", "notes"): "Notes/Codes",
        ("Trades", "putCall"): "Put/Call",
        ("OpenPositions", "position"): "Quantity",
        ("CashReport", "endingCashSec"): "EndingCashSecurities",
        ("CashReport", "depositWithdrawalsCom"): "Deposit/WithdrawalsCommodities",
        ("CashTransactions", "dateTime"): "Date/Time",
        ("Trades", "dateTime"): "DateTime",
        ("EquitySummaryInBase", "notes"): "Notes",
    }
    assert {key: column_name(*key) for key in named} == named


@pytest.mark.parametrize("account", ACCOUNTS)
def test_activity_statement_adds_up_to_the_true_books(account: str) -> None:
    content, books = told(account).activity_statement().content(), life().books
    assert fields(content, "Statement")["Period"] == "January 1, 2024 - December 31, 2024"
    assert fields(content, "Statement")["WhenGenerated"] == "2026-07-08, 04:15:00 EDT"
    last = max(day for day in books.days(account) if day <= END)
    nav, twr = tables(content)["Net Asset Value"]
    assert Decimal(nav[-1]["Current Total"]) == books.nav(account, last)
    assert nav[-1]["Asset Class"] == "Total"
    assert sum(Decimal(row["Current Total"]) for row in nav[:-1]) == books.nav(account, last)
    written = Decimal(twr[0]["Time Weighted Rate of Return"].removesuffix("%"))
    assert abs(written / 100 - books.cumulative_twr(account, START, END)) < Decimal("1e-10")
    change = {name: Decimal(value) for name, value in fields(content, "Change in NAV").items()}
    start, end = change.pop("Starting Value"), change.pop("Ending Value")
    assert start + sum(change.values()) == end == books.nav(account, last)
    moved = [
        amount
        for day in books.days(account)
        if START <= day <= END
        for kind, amount in books.external_flows(account, day)
        if kind in ("deposits", "withdrawals")
    ]
    assert change["Deposits & Withdrawals"] == sum(moved)
    (cash,) = tables(content)["Cash Report"]
    for currency, rows in groupby(cash, lambda row: row["Currency"]):
        amounts = {row["Currency Summary"]: Decimal(row["Total"]) for row in rows}
        parts = [value for name, value in amounts.items() if not name.startswith(("Starting", "Ending"))]
        assert amounts["Starting Cash"] + sum(parts) == amounts["Ending Cash"], currency


@pytest.mark.parametrize("account", ACCOUNTS)
def test_orders_trades_and_lots_of_the_statement(account: str) -> None:
    """Orders, fills and SubTotals say the same; closed lots tell what the closing fills realized."""
    content = told(account).activity_statement().content()
    traded = 0
    for table in tables(content)["Trades"]:
        forex = table[0]["Asset Category"] == "Forex"
        assert table[-1]["#"] == "Total"
        for symbol, group in groupby(table[:-1], lambda row: row["Symbol"]):
            rows = list(group)
            *body, subtotal = rows
            assert subtotal["#"] == "SubTotal"
            by_kind = {
                kind: [row for row in body if row["DataDiscriminator"] == kind]
                for kind in ("Order", "Trade", "ClosedLot")
            }
            for name in ("Quantity",) if forex else ("Quantity", "Comm/Fee", "Realized P/L"):
                sums = [sum(number(row[name]) for row in by_kind[kind]) for kind in ("Order", "Trade")]
                assert sums[0] == sums[1] == number(subtotal[name]), (symbol, name)
            if not forex:
                lots = sum(number(row["Realized P/L"]) for row in by_kind["ClosedLot"])
                assert lots == number(subtotal["Realized P/L"]), symbol
            assert body[0]["DataDiscriminator"] == "Order"
            traded += len(by_kind["Trade"])
    (statement,) = read(told(account).content())
    assert traded == len(statement.rows("Trades", tag="Trade"))


def test_money_tables_sum_up_by_currency_and_in_base() -> None:
    content = told("U1000001").activity_statement().content()
    (rows,) = tables(content)["Dividends"]

    total, own = Decimal(0), Decimal(0)
    for row in rows:
        label = row["Currency"]
        if label == "Total":
            assert number(row["Amount"]) == own
            own = Decimal(0)
        elif label == "Total Dividends in EUR":
            total = number(row["Amount"])
        elif not label.startswith("Total in"):
            own += number(row["Amount"])
    assert total == Decimal(fields(content, "Change in NAV")["Dividends"])


def test_a_day_has_a_statement_too_and_two_accounts_have_none() -> None:
    day = date(2024, 3, 11)
    content = life().document(["U1000001"], day, day, datetime(2024, 3, 12, 4)).activity_statement().content()
    assert fields(content, "Statement")["Period"] == "March 11, 2024"
    assert fields(content, "Statement")["WhenGenerated"].endswith("EDT")
    assert "Corporate Actions" in tables(content)
    with pytest.raises(ValueError, match="one account, not of 2"):
        told(*ACCOUNTS).activity_statement()


def test_same_seed_same_csv_in_another_process() -> None:
    code = (
        "import hashlib; from datetime import date, datetime; from transforms.broker_simulator import simulate\n"
        "s = simulate(3, years=1); h = hashlib.sha256()\n"
        "d = s.document(['U1000001'], date(2023, 1, 1), date(2023, 12, 31), datetime(2024, 1, 5, 4))\n"
        "h.update(d.activity_statement().content()); h.update(d.flex_csv('sections').content())\n"
        "[h.update(a.content()) for a in s.analyses()]\n"
        "print(h.hexdigest())"
    )

    def digest(hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", code]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    first = digest("1")
    assert first == digest("2")
    assert len(first) == hashlib.sha256().digest_size * 2
