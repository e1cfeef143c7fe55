"""The synthetic market beside the synthetic broker's own documents: marks, rates, corporate actions, dividends."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from xml.etree import ElementTree

import pytest

from transforms.broker_simulator import Simulation, simulate
from transforms.market_simulator import answer
from transforms.market_simulator.listings import LISTINGS

NOW = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
LATER = datetime(2026, 2, 1, 6, 0)
SUFFIX = {"USD": "", "EUR": ".DE", "GBP": ".L"}


@cache
def life(seed: int) -> Simulation:
    return simulate(seed=seed)


@cache
def sections(seed: int) -> dict[str, list[dict[str, str]]]:
    """The rows of all Flex documents about the whole life, by element."""
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    simulation = life(seed)
    document = simulation.document(simulation.accounts, simulation.days[0], simulation.days[-1], LATER)
    for element in ElementTree.fromstring(document.content()).iter():
        found[element.tag].append(dict(element.attrib))
    return found


def day_of(written: str) -> date:
    return datetime.strptime(written.split(";")[0], "%Y%m%d").date()


@cache
def raw_closes(seed: int, symbol: str) -> dict[date, Decimal]:
    """Closes of a US share as Massive tells them unadjusted, by session."""
    path = f"/v2/aggs/ticker/{symbol}/range/1/day/2022-12-01/2026-11-20"
    body = json.loads(answer("massive", path, {"adjusted": "false", "limit": "50000"}, NOW, seed=seed)[2])
    days = [datetime.fromtimestamp(each["t"] / 1000, UTC).date() for each in body["results"]]
    return {day: Decimal(str(each["c"])) for day, each in zip(days, body["results"], strict=True)}


@cache
def stooq_closes(seed: int, symbol: str) -> dict[date, Decimal]:
    """Closes of any share as Stooq tells them, by session."""
    suffix = {"USD": "us", "EUR": "de", "GBP": "uk"}[LISTINGS[symbol].currency]
    lines = (
        answer("stooq", "/q/d/l/", {"s": f"{symbol.lower()}.{suffix}", "i": "d"}, NOW, seed=seed)[2]
        .decode()
        .splitlines()
    )
    return {date.fromisoformat(line.split(",")[0]): Decimal(line.split(",")[4]) for line in lines[1:]}


@pytest.mark.parametrize("seed", [7, 3])
def test_closes_are_the_marks_of_the_brokers_documents(seed: int) -> None:
    """Every mark of a share in OpenPositions and the prior period's rows is the close of that session."""
    simulation, compared = life(seed), 0
    books = simulation.books
    conids = {share.conid: symbol for symbol, each in LISTINGS.items() for _, share in each.held}
    seen = set()
    for account in simulation.accounts:
        for day in books.days(account):
            for conid, (mark, _) in books.marks(account, day).items():
                listing = LISTINGS.get(conids.get(conid, ""))
                if listing is None or not listing.calendar.is_session(day):
                    continue
                closes = (raw_closes if listing.currency == "USD" else stooq_closes)(seed, listing.symbol)
                assert closes[day] == mark, (listing.symbol, day)
                seen.add(listing.symbol)
                compared += 1
    assert compared > 10_000
    assert seen >= {
        "NWD",
        "HLX",
        "VWTI",
        "ORBT",
        "SPNC",
        "OLDN",
        "NEWN",
        "SHRT",
        "RHN",
        "EUWX",
        "BLTC",
        "THMS",
        "CLYD",
    }


def test_the_marks_of_the_last_open_positions_are_closes_too() -> None:
    rows = [
        row
        for row in sections(7)["OpenPosition"]
        if row["assetCategory"] == "STK" and row["symbol"] in LISTINGS
    ]
    assert len(rows) > 10
    for row in rows:
        day, symbol = day_of(row["reportDate"]), row["symbol"]
        if not LISTINGS[symbol].calendar.is_session(day):
            continue  # Frankfurt is closed on the last day of the year
        closes = (raw_closes if row["currency"] == "USD" else stooq_closes)(7, symbol)
        assert closes[day] == Decimal(row["markPrice"]), (symbol, day)


@pytest.mark.parametrize("seed", [7, 3])
def test_reference_rates_are_the_brokers_conversion_rates(seed: int) -> None:
    told = answer("ecb", "/service/data/EXR/D.USD+GBP+CHF.EUR.SP00.A", {"format": "csvdata"}, NOW, seed=seed)[
        2
    ].decode()
    fixed = {}
    for line in told.splitlines()[1:]:
        cells = line.split(",")
        fixed[cells[2], date.fromisoformat(cells[6])] = Decimal(cells[7])
    compared = 0
    for row in sections(seed)["ConversionRate"]:
        day = day_of(row["reportDate"])
        # the euro in the base currency of the account in dollars
        if (row["fromCurrency"], row["toCurrency"]) == ("EUR", "USD") and ("USD", day) in fixed:
            assert fixed["USD", day] == Decimal(row["rate"])
            compared += 1
    assert compared > 700


def test_splits_are_those_of_the_brokers_corporate_actions() -> None:
    told = json.loads(answer("massive", "/v3/reference/splits", {"limit": "1000"}, NOW)[2])["results"]
    market = {(row["ticker"], row["execution_date"]): row["split_to"] / row["split_from"] for row in told}
    assert market == {("NWD", "2024-06-10"): 4.0, ("ORBT", "2024-03-11"): 0.1, ("HALV", "2025-03-03"): 2.0}
    legs = [
        (leg.kind, leg.instrument.symbol, day)
        for account in life(7).accounts
        for day in life(7).books.days(account)
        for leg in life(7).books.corporate_actions(account, day)
    ]
    assert {("FS", "NWD", date(2024, 6, 10)), ("RS", "ORBT", date(2024, 3, 11))} <= set(legs)


def test_listings_begin_and_end_with_the_brokers_corporate_actions() -> None:
    old, new = raw_closes(7, "OLDN"), raw_closes(7, "NEWN")
    assert (max(old), min(new)) == (date(2023, 10, 6), date(2023, 10, 9))
    assert max(raw_closes(7, "TGTM")) == date(2025, 4, 21)
    assert min(raw_closes(7, "SPNC")) == date(2024, 9, 16)
    assert max(raw_closes(7, "HLX")) == date(2026, 11, 20)


@pytest.mark.parametrize("seed", [7, 3])
def test_dividends_are_those_the_broker_accrues(seed: int) -> None:
    """Each accrual's rate is told by the market, on the ex-date or the first session after it."""
    compared = set()
    for row in sections(seed)["ChangeInDividendAccrual"]:
        symbol = row["symbol"]
        if row["currency"] != "USD" or symbol not in LISTINGS:
            continue
        day = day_of(row["exDate"])
        session = LISTINGS[symbol].calendar.next_session(day).isoformat()
        ask = {"ticker": symbol, "ex_dividend_date": session}
        (paid,) = json.loads(answer("massive", "/v3/reference/dividends", ask, NOW, seed=seed)[2])["results"]
        assert Decimal(str(paid["cash_amount"])) == Decimal(row["grossRate"])
        compared.add((symbol, day))
    assert len(compared) > 30
