"""The simulated ECB: euro reference rates as `csvdata`. Other data flows than EXR have nothing here."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from transforms.market_simulator.bodies import Answered, as_csv, as_html
from transforms.market_simulator.fixings import CURRENCIES, Currency, fixings, known_at
from transforms.market_simulator.prices import prices

PATH = "/service/data/EXR/"
HEAD = (
    "KEY,FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,EXR_SUFFIX,TIME_PERIOD,OBS_VALUE,OBS_STATUS,OBS_CONF,OBS_PRE_BREAK,OBS_COM,"
    "TIME_FORMAT,BREAKS,COLLECTION,COMPILING_ORG,DISS_ORG,DOM_SER_IDS,PUBL_ECB,PUBL_MU,PUBL_PUBLIC,UNIT_INDEX_BASE,"
    "COMPILATION,COVERAGE,DECIMALS,NAT_TITLE,SOURCE_AGENCY,SOURCE_PUB,TITLE,TITLE_COMPL,UNIT,UNIT_MULT\n"
)


def answer(path: str, params: Mapping[str, str], now: datetime, seed: int, defects: bool) -> Answered:
    """Answer a request for daily reference rates; currencies that it does not have are left out."""
    key = path.removeprefix(PATH).strip("/").split(".")
    if not path.startswith(PATH) or len(key) != 5:
        return as_html("<html><body>Bad Request: the key has other dimensions than EXR</body></html>", 400)
    if params.get("format") != "csvdata":
        return as_html(
            "<html><body>Not Acceptable: the simulation answers format=csvdata alone</body></html>", 406
        )
    try:
        first, last = (
            date.fromisoformat(params.get(name, default))
            for name, default in (("startPeriod", "1999-01-04"), ("endPeriod", "9999-12-31"))
        )
        since = params.get("updatedAfter")
        is_unchanged = since is not None and _unchanged(since, now)
    except ValueError as error:
        return as_html(f"<html><body>Bad Request: {error}</body></html>", 400)
    if is_unchanged:
        return 304, {}, b""
    codes = [code for code in key[1].split("+") if code in CURRENCIES] if key[1] else list(CURRENCIES)
    if key[0] != "D" or key[2:] != ["EUR", "SP00", "A"]:
        codes = []
    rows = [row for code in sorted(codes) for row in _rows(CURRENCIES[code], seed, now, first, last)]
    if not rows:
        return as_html("<html><body>No results found.</body></html>", 404)
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return as_csv(HEAD + written.getvalue())


def _rows(currency: Currency, seed: int, now: datetime, first: date, last: date) -> list[list[str]]:
    code, name = currency.code, currency.name
    head = [f"EXR.D.{code}.EUR.SP00.A", "D", code, "EUR", "SP00", "A"]
    title = f"ECB reference exchange rate, {name}/Euro, 2.15 pm (C.E.T.)"
    tail = ["A", "F", "", "", "P1D", "", "A", "", "", "", "", "", "", "99Q1=100", "", "", str(currency.places), "",
            "4F0", "", f"{name}/Euro ECB reference exchange rate", title, code, "0"]  # fmt: skip
    told = fixings(prices(seed, now.year), code)
    return [
        [*head, day.isoformat(), str(rate), *tail]
        for day, rate in told.items()
        if first <= day <= last and known_at(day) <= now
    ]


def _unchanged(since: str, now: datetime) -> bool:
    """Say whether no rate came out after a moment. Raises ValueError for what is no time."""
    told = datetime.fromisoformat(since)
    after = told if told.tzinfo else told.replace(tzinfo=now.tzinfo)
    days = ((now - timedelta(n)).date() for n in range(10))
    return not any(after < known_at(day) <= now for day in days if day.weekday() < 5)
