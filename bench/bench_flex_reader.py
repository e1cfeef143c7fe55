"""How fast and lean `read_flex` is beside ibflex on one generated document. Prints ratios, asserts nothing.

Run: python bench/bench_flex_reader.py [--trades 200000] [--repeat 3]

Each reader runs in a fresh process. Peak memory is the process's high-water mark minus that before reading;
the columns stay alive in the reader's process, as in a caller that keeps them all. Their size is that of
their Arrow buffers (text and offsets); polars' own `estimated_size` is printed too, but since polars 2 it
counts only the bytes of text, not the 16 bytes that each cell takes besides, and a column of one value only
once.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# The attributes of a real Trade row in their order, each with the text that it gets.
ATTRIBUTES = """
    accountId=U1234567 acctAlias= model= currency={currency} fxRateToBase={fx} assetCategory=STK
    symbol={symbol} description={description} conid={conid} securityID={isin} securityIDType=ISIN
    cusip={cusip} isin={isin} listingExchange={exchange} underlyingConid= underlyingSymbol={symbol}
    underlyingSecurityID= underlyingListingExchange= issuer= multiplier=1 strike= expiry=
    tradeID={trade_id} putCall= reportDate={day} principalAdjustFactor= dateTime={day};{clock}
    tradeDate={day} settleDateTarget={settle} transactionType=ExchTrade exchange={exchange}
    quantity={quantity} tradePrice={price} tradeMoney={money} proceeds={proceeds} taxes=0
    ibCommission={commission} ibCommissionCurrency={currency} netCash={net} closePrice={close}
    openCloseIndicator={open_close} notes={notes} cost={cost} fifoPnlRealized={pnl} fxPnl=0 mtmPnl={mtm}
    origTradePrice=0 origTradeDate= origTradeID= origOrderID=0 clearingFirmID= transactionID={id}
    buySell={side} ibOrderID={order_id} ibExecID={exec_id} brokerageOrderID={brokerage_id} orderReference=
    volatilityOrderLink= exchOrderId=N/A extExecID={ext_id} orderTime={day};{clock} openDateTime=
    holdingPeriodDateTime= whenRealized= whenReopened= levelOfDetail=EXECUTION changeInPrice=0
    changeInQuantity=0 orderType={order_type} traderID= isAPIOrder=N accruedInt=0
"""
ROW = "<Trade {} />\n".format(" ".join('{}="{}"'.format(*pair.split("=", 1)) for pair in ATTRIBUTES.split()))
SYMBOLS = (
    ("AAPL", "APPLE INC", "265598", "US0378331005", "037833100", "NASDAQ", "USD"),
    ("T", "AT&amp;T INC", "37018770", "US00206R1023", "00206R102", "NYSE", "USD"),
    ("IWDA", "ISHARES CORE MSCI WORLD", "100292038", "IE00B4L5Y983", "", "AEB", "EUR"),
    ("NESN", "NESTLE SA-REG", "29612203", "CH0038863350", "", "EBS", "CHF"),
    ("TSLA", "TESLA INC", "76792991", "US88160R1014", "88160R101", "NASDAQ", "USD"),
)


def document(trades: int) -> Iterator[str]:
    """A Flex document of `trades` EXECUTION rows, piece by piece; the same for every run."""
    chance = random.Random(7)
    yield '<FlexQueryResponse queryName="bench" type="AF">\n<FlexStatements count="1">\n'
    yield (
        '<FlexStatement accountId="U1234567" fromDate="20230102" toDate="20251231" period="Custom" '
        'whenGenerated="20260101;043000">\n<Trades>\n'
    )
    start = datetime(2023, 1, 2, 9, 30)
    for number in range(trades):
        yield _row(chance, number, start + timedelta(days=number * 1_090 // trades, seconds=number % 23_400))
    yield "</Trades>\n</FlexStatement>\n</FlexStatements>\n</FlexQueryResponse>\n"


def _row(chance: random.Random, number: int, at: datetime) -> str:
    symbol, description, conid, isin, cusip, exchange, currency = chance.choice(SYMBOLS)
    quantity = chance.choice((1, 5, 10, 25, 100, 250))
    price = chance.randrange(1_000, 50_000) / 100
    buys = chance.random() < 0.5
    money = round(quantity * price * (1 if buys else -1), 4)
    commission = -round(chance.uniform(0.3, 4), 7)
    pnl = 0 if buys else round(chance.uniform(-500, 500), 6)
    identity = chance.getrandbits(64)
    return ROW.format(
        currency=currency,
        fx=round(chance.uniform(0.8, 1.2), 5),
        symbol=symbol,
        description=description,
        conid=conid,
        isin=isin,
        cusip=cusip,
        exchange=exchange,
        trade_id=5_000_000_000 + number,
        day=f"{at:%Y%m%d}",
        clock=f"{at:%H%M%S}",
        settle=f"{at + timedelta(days=2):%Y%m%d}",
        quantity=quantity if buys else -quantity,
        price=price,
        money=money,
        proceeds=-money,
        commission=commission,
        net=round(-money + commission, 7),
        close=round(price * 1.001, 4),
        open_close="O" if buys else "C",
        notes="P" if number % 7 else "",
        cost=round(money - commission, 7) if buys else round(money - pnl, 6),
        pnl=pnl,
        mtm=round(chance.uniform(-50, 50), 4),
        id=20_000_000_000 + number,
        side="BUY" if buys else "SELL",
        order_id=900_000_000 + number // 2,
        exec_id=f"0000e0d5.{identity >> 32:08x}.01.01",
        brokerage_id=f"0012a5d4.{number:08x}.{identity & 0xFFFFFFFF:08x}.0001",
        ext_id=f"{identity:016x}",
        order_type=chance.choice(("LMT", "MKT")),
    )


def _peak_bytes() -> int:
    """Of this program alone: getrusage's figure begins with what the process that started it had, and would hide it."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def read_with_ours(path: Path) -> dict[str, float]:
    """Read with read_flex and keep every column."""
    import polars as pl

    from transforms.flex.reader import SectionBatch, read_flex

    pl.DataFrame({"a": ["x"]}).select(pl.col("a").str.len_bytes())  # polars' own start is not the reader's
    before = _peak_bytes()
    batches: list[SectionBatch] = []
    begin = time.perf_counter()
    with path.open("rb") as stream:
        document = read_flex(stream, "0" * 64, batches.append)
    seconds = time.perf_counter() - begin
    peak = _peak_bytes() - before
    return {
        "seconds": seconds,
        "rows": sum(document.rows_read.values()),
        "peak": peak,
        "columns": sum(batch.frame.to_arrow().nbytes for batch in batches),
        "text": sum(batch.frame.estimated_size() for batch in batches),
    }


def read_with_ibflex(path: Path) -> dict[str, float]:
    """Read with ibflex."""
    from ibflex import parser

    before = _peak_bytes()
    begin = time.perf_counter()
    response = parser.parse(str(path))
    seconds = time.perf_counter() - begin
    rows = len(response.FlexStatements[0].Trades)
    return {"seconds": seconds, "rows": rows, "peak": _peak_bytes() - before}


READERS = {"tieout": read_with_ours, "ibflex": read_with_ibflex}


def _measure(reader: str, path: Path, repeat: int) -> dict[str, float]:
    """The best of `repeat` fresh processes."""
    runs = []
    for _ in range(repeat):
        command = [sys.executable, __file__, "--reader", reader, "--document", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        runs.append(json.loads(done.stdout))
    return min(runs, key=lambda run: run["seconds"])


def main() -> None:
    """Generate, measure, print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trades", type=int, default=200_000)
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--reader", choices=READERS)
    arguments.add_argument("--document", type=Path)
    given = arguments.parse_args()
    if given.reader:
        print(json.dumps(READERS[given.reader](given.document)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "trades.xml")
        with path.open("w", encoding="utf-8") as file:
            file.writelines(document(given.trades))
        print(f"document: {given.trades} trades, {path.stat().st_size / 1e6:.0f} MB")
        ours = _measure("tieout", path, given.repeat)
        theirs = _measure("ibflex", path, 1)
    for name, run in (("tieout", ours), ("ibflex", theirs)):
        rate, peak = run["rows"] / run["seconds"], run["peak"] / 1e6
        print(f"{name:7} {run['seconds']:6.2f} s  {rate:9.0f} rows/s  peak memory {peak:6.0f} MB")
    print(f"rows per second, tieout / ibflex: {theirs['seconds'] / ours['seconds']:.1f} (target: at least 5)")
    for name, size in (("columns yielded", "columns"), ("their estimated_size", "text")):
        ratio, megabytes = ours["peak"] / ours[size], ours[size] / 1e6
        print(
            f"peak memory / {name} ({megabytes:.0f} MB): {ratio:.2f}"
            + " (target: below 3)" * (size == "columns")
        )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
