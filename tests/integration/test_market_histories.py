"""Histories that an update must not lose: an earlier first day, a run that is killed, answers that hold less."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.market.outcome import DatasetOutcome
from orchestration.market.work import MarketData
from orchestration.resources.market_lake import Partition
from orchestration.resources.vendors import Way
from tests.fakes.vendors import BODIES, Answer, VendorServer, vendor_server
from tests.integration.test_market_update import NOON, Market
from transforms.market.series import DatasetId


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with vendor_server() as running:
        running.clock = lambda: NOON
        running.defects = False
        yield running


@pytest.fixture
def market(server: VendorServer, tmp_path: Path) -> Market:
    return Market(server, tmp_path)


def recorded(market: Market, dataset: DatasetId) -> DatasetOutcome:
    """An update as the command makes it, which remembers what was asked."""
    data = MarketData(market.settings, Way(paced=False))
    wanted = [one for one in data.plan.wanted() if one.dataset == dataset]
    (outcome,) = data.bring_in(wanted)
    return outcome


def days(market: Market, dataset: DatasetId) -> pl.Series:
    return market.data.lake.read("clean", dataset)["session_date"]


def test_an_earlier_first_day_is_fetched_once(server: VendorServer, market: Market) -> None:
    """Also where the vendor has nothing so old: it is not asked for the whole history each morning."""
    server.clock = lambda: datetime.now(UTC)
    dataset = market.want("stooq", "SPY", first=date(2025, 1, 2)).dataset
    recorded(market, dataset)
    last = days(market, dataset)
    market.want("stooq", "SPY", first=date(1990, 1, 1))
    server.asked.clear()

    (earlier,) = recorded(market, dataset).series

    assert earlier.since == date(1990, 1, 1)
    assert days(market, dataset).min() < date(2023, 2, 1)  # type: ignore[operator]
    assert set(last) < set(days(market, dataset))
    assert days(market, dataset).is_unique().all()
    (again,) = recorded(market, dataset).series
    assert next(one.params["d1"] for one in server.asked if one.vendor == "stooq") == "19900101"
    assert again.asked is not None
    assert again.asked[0] > date(2025, 1, 1)
    assert (again.changed, again.since) == (False, date(1990, 1, 1))


def test_an_earlier_first_day_that_failed_is_asked_for_again(server: VendorServer, market: Market) -> None:
    server.clock = lambda: datetime.now(UTC)
    dataset = market.want("stooq", "SPY", first=date(2025, 1, 2)).dataset
    recorded(market, dataset)
    market.want("stooq", "SPY", first=date(2024, 1, 2))
    server.script("stooq", BODIES["stooq"]["quota"], times=1)
    (failed,) = recorded(market, dataset).series
    assert (failed.problem is not None, failed.since) == (True, date(2025, 1, 2))
    (healed,) = recorded(market, dataset).series
    assert (healed.problem, healed.since) == (None, date(2024, 1, 2))
    assert days(market, dataset).min() == date(2024, 1, 2)


def test_a_run_that_is_killed_between_actions_and_bars_loses_neither(
    market: Market, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: VendorServer
) -> None:
    wanted = market.want("massive", "AAPL", "SPY", first=date(2024, 1, 2))
    kinds: list[str] = []
    replace = Partition.replace

    def killed(partition: Partition, frame: pl.DataFrame) -> bool:
        kind = "actions" if "ex_date" in frame.columns else "bars"
        kinds.append(kind)
        if kind != kinds[0]:
            raise KeyboardInterrupt
        return replace(partition, frame)

    monkeypatch.setattr(Partition, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        market.bring_in(wanted)
    monkeypatch.undo()
    assert len(set(kinds)) == 2

    market.bring_in(wanted)

    undisturbed = Market(server, tmp_path / "undisturbed")
    undisturbed.bring_in(undisturbed.want("massive", "AAPL", "SPY", first=date(2024, 1, 2)))
    for kind in ("bars", "actions"):
        dataset = DatasetId("massive", kind, "main", "1d")  # type: ignore[arg-type]
        rows, expected = (
            one.data.lake.read("clean", dataset).drop("ingested_at", "document_id")
            for one in (market, undisturbed)
        )
        assert rows.height > 5
        assert rows.equals(expected)


@pytest.mark.parametrize("body", [b"Date,Open,High,Low,Close,Volume\n", b"No data"])
def test_a_series_of_which_nothing_comes_any_more_stays(
    server: VendorServer, market: Market, body: bytes
) -> None:
    """Delisted, or dropped by the vendor: what is stored stands, the others go on, and the checks call it stale."""
    wanted = market.want("stooq", "SPY", "AAPL")
    market.bring_in(wanted)
    before = market.data.lake.read("clean", wanted.dataset)
    later = datetime(2026, 12, 4, 17, tzinfo=UTC)
    server.clock = lambda: later
    server.script("stooq", Answer(body=body), times=20, matching="spy")

    outcome = market.bring_in(wanted, later)

    stored = market.data.lake.read("clean", wanted.dataset)
    assert stored.join(before, on=before.columns, how="semi", nulls_equal=True).height == before.height
    gone, fine = outcome.series
    assert (gone.added, fine.problem, fine.added > 5) == (0, None, True)
    assert ("SPY", "stale") in set(outcome.findings.select("symbol", "check_name").iter_rows())


def test_an_answer_with_fewer_bars_takes_none_away(server: VendorServer, market: Market) -> None:
    wanted = market.want("stooq", "SPY")
    market.bring_in(wanted)
    before = market.files()
    row = market.data.lake.read("clean", wanted.dataset).row(-3, named=True)
    one = (
        f"{row['session_date']},{row['open']},{row['high']},{row['low']},{row['close']},{row['volume']:.0f}\n"
    )
    server.script("stooq", Answer(body=b"Date,Open,High,Low,Close,Volume\n" + one.encode()))

    (outcome,) = market.bring_in(wanted).series

    assert (outcome.unchanged, outcome.changed, outcome.problem) == (1, False, None)
    assert market.files() == before


def test_a_series_that_is_no_longer_wanted_stays_and_is_not_judged(
    server: VendorServer, market: Market
) -> None:
    server.defects = True
    then = datetime(2025, 3, 3, 17, tzinfo=UTC)
    server.clock = lambda: then
    market.want("stooq", "VZRO", "SPY", first=date(2024, 1, 2))
    before = market.bring_in(market.data.plan.wanted()[0], then)
    assert set(before.findings["check_name"]) == {"zero_volume"}
    path = market.data.plan.path
    path.write_text(path.read_text().replace('"VZRO", ', ""))
    rows = market.files()

    outcome = market.bring_in(market.data.plan.wanted()[0], then)

    assert [one.symbol for one in outcome.series] == ["SPY"]
    assert outcome.findings.is_empty()
    assert market.files() == rows


def test_two_runs_that_end_at_once_are_both_recorded(market: Market) -> None:
    """The command's beside one of the services: each replaces the record in one step."""
    dataset = market.want("stooq", "SPY").dataset
    records = market.data.records

    def keep(count: int) -> None:
        for n in range(count):
            records.keep(NOON, DatasetOutcome(dataset, (), (n,)))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(keep, 40) for _ in range(4)]:
            done.result()
    kept = records.of(dataset)
    assert kept is not None
    assert kept.outcome.years == (39,)
