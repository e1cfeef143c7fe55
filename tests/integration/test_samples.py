"""Real documents, anonymised by their publishers: every one is taken in whole, and ties where it reports totals."""

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lxml import etree

from orchestration.resources.files import exclusive
from tests.support.command import tieout

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "flex"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs the documents in ../shared/samples")


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data folder with all samples taken in and published. Read only."""
    base = tmp_path_factory.getbasetemp()
    data = (base if worker_id == "master" else base.parent) / "samples"
    with exclusive(data.with_name("samples.lock")):
        if not (data / "finished").exists():
            inbox = data / "inbox"
            inbox.mkdir(parents=True, exist_ok=True)
            for path in SAMPLES.rglob("*.xml"):
                (inbox / f"{path.parent.name}-{path.name}").write_bytes(path.read_bytes())
            tieout(data, "run")
            (data / "finished").touch()
    return data


def marts(samples: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(samples / "published" / "current.duckdb"), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        return connection.execute(sql).fetchall()


def counted_by_lxml(path: Path) -> dict[str, int]:
    """Elements in each section; a section that is one element with attributes counts as one."""
    counts: Counter[str] = Counter()
    for statement in etree.parse(path).iter("FlexStatement"):
        for section in statement.iterchildren(tag=etree.Element):
            counts[section.tag] += sum(1 for _ in section.iterdescendants(tag=etree.Element)) + bool(
                section.attrib
            )
    return dict(counts)


def test_every_document_is_loaded(samples: Path) -> None:
    loaded = marts(samples, "select count(*) from document where status = 'loaded'")
    assert loaded == [(len(list(SAMPLES.rglob("*.xml"))),)]


def test_every_element_is_counted(samples: Path) -> None:
    ours: dict[str, dict[str, int]] = {}
    sql = "select file_name, section, rows_read from document_section join document using (document_id)"
    for name, section, rows in marts(samples, sql):
        ours.setdefault(name, {})[section] = rows
    for path in SAMPLES.rglob("*.xml"):
        assert ours.get(f"{path.parent.name}-{path.name}", {}) == counted_by_lxml(path), path.name


def test_every_row_is_accounted_for(samples: Path) -> None:
    sql = "select * from document_section where rows_read <> rows_kept + rows_superseded + rows_rejected"
    assert marts(samples, sql) == []


def statuses(samples: Path, account: str, file_name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    sql = f"""
        select r.check_name, r.status
        from reconciliation as r
        join document as d
            on d.file_name = '{file_name}' and r.period_start = d.period_start_date and r.period_end = d.period_end_date
        where r.account_id = '{account}'
    """
    for check, status in marts(samples, sql):
        found.setdefault(check, set()).add(status)
    return found


def test_the_year_of_671_trades_ties_where_it_reports_and_says_where_it_does_not(samples: Path) -> None:
    found = statuses(samples, "U9999999", "opensteuerauszug-eTax_report_anonymised_2025.xml")
    assert found, "no reconciliation rows for this document"
    reported = set().union(*found.values())
    assert "broken" not in reported, {k: v for k, v in found.items() if "broken" in v}
    assert reported == {"tied", "not_reported"}


def test_the_document_with_all_sections_ties(samples: Path) -> None:
    found = statuses(samples, "U1111111", "portfolio-performance-testIBFlexStatementFile17.xml")
    assert found, "no reconciliation rows for this document"
    assert "broken" not in set().union(*found.values()), {k: v for k, v in found.items() if "broken" in v}
    assert sum("tied" in v for v in found.values()) >= 8


def test_what_breaks_is_what_the_known_differences_list(samples: Path) -> None:
    listed = set()
    for line in (ROOT / "docs" / "known-differences.md").read_text().splitlines():
        if ".xml |" in line:
            document, account, check, currency, reason = (cell.strip() for cell in line.strip("|").split("|"))
            assert reason
            listed.add((document.replace("/", "-"), account, check, currency))
    sql = """
        select d.file_name, r.account_id, r.check_name, coalesce(r.currency, '')
        from reconciliation as r
        join document as d using (document_id)
        where r.status = 'broken'
    """
    # A period that several samples report bears the name of the newest of them.
    assert set(marts(samples, sql)) == listed
    assert marts(samples, "select * from reconciliation_row where check_name like '%by_symbol'") == []


SUMMARIES = (
    "mtm_total", "mtm_change_in_nav", "position_value_mtm", "position_value_components", "mtm_prior_by_symbol",
    "mtm_transactions_by_symbol", "realized_by_symbol", "unrealized_by_symbol", "lots_by_symbol",
    "interest_accrual_components", "interest_accrual_change", "nav_interest_accruals", "interest_details",
    "transaction_taxes", "sales_taxes", "cash_rebuilt",
)  # fmt: skip


def test_the_summaries_of_the_document_with_all_sections(samples: Path) -> None:
    found = statuses(samples, "U1111111", "portfolio-performance-testIBFlexStatementFile17.xml")
    tied = {name for name in SUMMARIES if found.get(name) == {"tied"}}
    assert tied == {
        "mtm_total", "mtm_change_in_nav", "position_value_mtm", "position_value_components", "mtm_prior_by_symbol",
        "mtm_transactions_by_symbol", "realized_by_symbol", "unrealized_by_symbol", "interest_accrual_change",
        "sales_taxes",
    }  # fmt: skip
    sql = """
        select check_name, cast(ours as double), cast(broker as double) from reconciliation
        where account_id = 'U1111111' and period_end = date '2023-03-02'
        and check_name in ('mtm_change_in_nav', 'position_value_mtm', 'mtm_prior_by_symbol', 'sales_taxes')
    """
    assert {name: figures for name, *figures in marts(samples, sql)} == {
        "mtm_change_in_nav": [8.31, 8.31],
        "position_value_mtm": [8.31, 8.31],
        "mtm_prior_by_symbol": [13, 13],
        "sales_taxes": [-0.9, -0.9],
    }


def test_cash_is_rebuilt_from_trades_and_cash_transactions(samples: Path) -> None:
    sql = """
        select d.file_name, r.currency, r.explanation
        from reconciliation as r
        join document as d using (document_id)
        where r.check_name = 'cash_rebuilt' and r.status = 'tied'
    """
    found = {(name, currency): explanation for name, currency, explanation in marts(samples, sql)}
    year = "opensteuerauszug-eTax_report_anonymised_2025.xml"
    month = "portfolio-performance-testIBFlexStatementFile14.xml"
    assert {key for key in found if key[0] in (year, month)} == {
        (year, "CHF"), (year, "EUR"), (year, "USD"), (month, "CHF"), (month, "USD"),
    }  # fmt: skip
    with_the_reports_commissions = {
        key for key, explanation in found.items() if "commissions of the report" in explanation
    }
    assert with_the_reports_commissions == {(year, "CHF"), (year, "USD")}


def test_interest_accruals_add_up(samples: Path) -> None:
    columns = "cast(period_end as varchar), currency, status"
    sql = f"select {columns} from reconciliation where check_name = 'interest_accrual_components'"
    assert set(marts(samples, sql)) == {
        ("2023-04-17", "BASE_SUMMARY", "tied"),
        ("2023-05-23", "BASE_SUMMARY", "tied"),
        ("2023-05-23", "USD", "tied"),
    }


def test_confirmations_stand_in_as_trades_and_enter_no_reconciliation(samples: Path) -> None:
    path = SAMPLES / "ibkr-conduit" / "trade-confirmations.xml"
    executions = list(etree.parse(path).iter("TradeConfirm"))
    ours = marts(samples, "select exec_id, net_cash, realized_pnl_base from fct_trade where is_provisional")
    assert {exec_id for exec_id, *_ in ours} == {row.get("execID") for row in executions}
    assert len(ours) == len(executions)
    assert sum(cash for _, cash, _ in ours) == sum(Decimal(row.get("netCash")) for row in executions)
    assert {realized for *_, realized in ours} == {None}
    assert marts(samples, "select * from reconciliation where period_end = date '2026-04-09'") == []
    last = "select max(report_date) < date '2026-04-01' from fct_trade where not is_provisional"
    assert marts(samples, last) == [(True,)]


def test_sales_taxes_are_charges_beside_the_cash_transactions(samples: Path) -> None:
    sql = "select charge_type, count(*), sum(amount_base) from fct_charge group by all"
    assert marts(samples, sql) == [("sales_tax", 3, Decimal("-0.9"))]


def test_pnl_by_instrument_and_cause_adds_up_exactly_on_every_day(samples: Path) -> None:
    days = marts(
        samples,
        """
        select r.account_id, r.return_date, r.pnl_base, coalesce(sum(p.total_base), 0)
        from fct_return_daily as r
        left join fct_pnl_daily as p on r.account_id = p.account_id and r.return_date = p.pnl_date
        where r.pnl_base is not null
        group by all
        """,
    )
    assert days
    assert [day for day in days if day[2] != day[3]] == []
    causes = ("price", "dividends", "withholding", "fees", "taxes", "other", "total")
    sums = ", ".join(f"sum({cause}_base)" for cause in causes)
    ((*amounts,),) = marts(samples, f"select {sums} from fct_pnl_daily where account_id = 'U1111111'")
    # The broker's own: mtm 8.31, change of dividend accruals 1.15 - 0.17, other fees -4.5, sales tax -0.9.
    assert [float(amount) for amount in amounts] == [8.31, 1.15, -0.17, -4.5, -0.9, 0, 3.89]
