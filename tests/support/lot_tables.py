"""Hand-written clean tables for tests of the tax lots: one line a fact, absent columns are null."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from transforms.features.tax_lots import INPUTS, TaxLots, build_tax_lots
from transforms.schemas import CONTRACTS

Row = dict[str, Any]
DAY_1 = date(2024, 1, 2)


def day(number: int) -> date:
    """The nth day of the history, from 1."""
    return DAY_1 + timedelta(number - 1)


def at(number: int, hour: int = 15) -> datetime:
    """An hour of the nth day."""
    return datetime(2024, 1, 2, hour, tzinfo=UTC) + timedelta(number - 1)


@dataclass
class Facts:
    """Facts about account U1, added one by one. Every row gets its place as lineage."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in INPUTS})

    def add(self, table: str, **row: Any) -> None:
        """Add a row to a clean table."""
        ordinal = len(self.rows[table])
        where = {"document_id": "doc", "section": table, "row_ordinal": ordinal}
        known = CONTRACTS[table].columns
        self.rows[table].append({"account_id": "U1", **{k: v for k, v in where.items() if k in known}, **row})

    def trade(self, number: int, quantity: str | int, money: str | int, *, of: str = "A", **more: Any) -> str:
        """A trade on the nth day for net money (− paid); returns its id."""
        name = more.pop("id", str(1000 + len(self.rows["trades"])))
        amount = Decimal(quantity)
        row: Row = {
            "trade_key": name,
            "transaction_id": name,
            "level": "EXECUTION",
            "instrument_key": of,
            "symbol": of,
            "asset_class": "STK",
            "currency": "USD",
            "trade_at": at(number),
            "trade_date": day(number),
            "report_date": day(number),
            "side": "BUY" if amount > 0 else "SELL",
            "is_cancel": False,
            "quantity": amount,
            "proceeds": Decimal(money),
            "fx_rate_to_base": Decimal(1),
        }
        self.add("trades", **{**row, **more})
        return name

    def cancel(self, number: int, original: str, **more: Any) -> None:
        """A cancel, on the nth day, of the trade with this id."""
        (row,) = (row for row in self.rows["trades"] if row["trade_key"] == original)
        name = f"9{original}"
        self.add(
            "trades",
            **{
                **row,
                "trade_key": name,
                "transaction_id": name,
                "is_cancel": True,
                "report_date": day(number),
                "trade_at": at(number),
                "quantity": -row["quantity"],
                "proceeds": -row["proceeds"],
                "orig_transaction_id": original,
                "row_ordinal": len(self.rows["trades"]),
                **more,
            },
        )

    def action(self, number: int, kind: str, of: str, quantity: str | int, **more: Any) -> None:
        """A leg of a corporate action, effective the evening before the nth day."""
        row: Row = {
            "action_key": str(5000 + len(self.rows["corporate_actions"])),
            "action_id": f"{kind}-{number}",
            "type": kind,
            "instrument_key": of,
            "asset_class": "STK",
            "currency": "USD",
            "effective_at": at(number - 1, 23),
            "report_date": day(number),
            "quantity": Decimal(quantity),
        }
        decimals = {"proceeds", "realized_pnl", "value", "cost_basis"}
        self.add(
            "corporate_actions",
            **{**row, **{k: Decimal(v) if k in decimals else v for k, v in more.items()}},
        )

    def transfer(
        self, number: int, quantity: str | int, amount: str | int, of: str = "A", **more: Any
    ) -> None:
        """A transfer of securities on the nth day at this market value."""
        inwards = Decimal(quantity) > 0
        row: Row = {
            "transfer_key": str(7000 + len(self.rows["transfers"])),
            "direction": "IN" if inwards else "OUT",
            "instrument_key": of,
            "asset_class": "STK",
            "currency": "USD",
            "transfer_date": day(number),
            "report_date": day(number),
            "quantity": Decimal(quantity),
            "position_amount": Decimal(amount),
        }
        self.add("transfers", **{**row, **more})

    def covered(self, first: int, last: int) -> None:
        """A statement with the section Trades over these days."""
        self.add(
            "statement_sections",
            statement=0, section="Trades", rows=1, period_start_date=day(first), period_end_date=day(last),
        )  # fmt: skip

    def held(self, number: int, quantity: str | int, cost: str | int | None, of: str = "A") -> None:
        """A position in the snapshot of the nth day."""
        self.add(
            "positions", report_date=day(number), instrument_key=of, asset_class="STK", currency="USD",
            level="SUMMARY", source_rows=1, quantity=Decimal(quantity),
            cost_basis_money=None if cost is None else Decimal(cost),
        )  # fmt: skip

    def lot(self, number: int, quantity: str | int, cost: str | int, opened: datetime, of: str = "A") -> None:
        """A LOT row in the snapshot of the nth day."""
        self.add(
            "position_lots", report_date=day(number), instrument_key=of, asset_class="STK", currency="USD",
            lot_ordinal=len(self.rows["position_lots"]), quantity=Decimal(quantity),
            cost_basis_money=Decimal(cost), open_at=opened,
        )  # fmt: skip

    def instrument(self, key: str, **more: Any) -> None:
        """An instrument."""
        self.add("instruments", **{"instrument_key": key, "symbol": key, **more})

    def tables(self) -> dict[str, pl.DataFrame]:
        """The clean tables."""
        tables = {}
        for name, rows in self.rows.items():
            contract = CONTRACTS[name]
            drop = {"account_id"} - set(contract.columns)
            kept = [{k: v for k, v in row.items() if k not in drop} for row in rows]
            tables[name] = pl.DataFrame(kept, schema=contract.polars_schema)
        return tables

    def build(self, *methods: str, rounding_unit: int = 1) -> TaxLots:
        """The lots by these methods (FIFO where none is named)."""
        return build_tax_lots(self.tables(), methods or ("fifo",), rounding_unit)


def parts(
    made: TaxLots, columns: Sequence[str], *, method: str = "fifo", is_open: bool | None = None
) -> list[Any]:
    """Columns of the parts of lots in the order of closing, open ones last; a single column is flat."""
    rows = made.tax_lots.filter(pl.col("method") == method)
    if is_open is not None:
        rows = rows.filter(pl.col("is_open") == is_open)
    ordered = rows.sort("close_report_date", "open_date", "lot_id", nulls_last=True).select(columns).rows()
    return [row[0] for row in ordered] if len(columns) == 1 else ordered


def balances(made: TaxLots, of: str = "A") -> list[tuple[date, Decimal, Decimal | None]]:
    """Day, quantity and cost basis of an instrument's balances."""
    rows = made.lot_balances.filter(pl.col("instrument_key") == of).sort("change_date")
    return rows.select("change_date", "quantity", "cost_basis").rows()


def total(values: Iterable[Decimal | None]) -> Decimal:
    """The sum of what is known."""
    return sum((value for value in values if value is not None), Decimal(0))
