"""What a later statement changed about an earlier one: values, facts that vanished, facts that came late.

Which row stands is decided in rules.py; here the rows that do not stand are held against those that do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from transforms.schemas import EXACT, RAW_FACTS, TableContract

RESTATEMENTS: Final = RAW_FACTS["clean_restatements"]


@dataclass(frozen=True)
class Tracked:
    """What of a table is compared between statements.

    `values`: the columns that bear the fact; the first is shown where a whole fact vanished or came late.
    `named_by`: columns that tell the facts of a table of transactions apart where they have no id.
    `scope`: for a table with a natural key, the part of the key that a statement reports as a whole; without
    one, a key that a statement does not have says nothing. `date`: the column of the business day.
    """

    values: tuple[str, ...]
    named_by: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    date: str = "report_date"


_POSTED: Final = ("report_date", "currency", "fx_rate_to_base")
_PERIOD: Final = ("account_id", "period_start_date", "period_end_date")

TRACKED_TRANSACTIONS: Final[Mapping[str, Tracked]] = {
    "trades": Tracked(
        values=(
            *("quantity", "price", "multiplier", "proceeds", "commission", "commission_currency", "taxes"),
            *("net_cash", "accrued_interest", "cost", "realized_pnl", "mtm_pnl", "trade_date", "settle_date"),
            *_POSTED,
        ),
        named_by=("instrument_key", "trade_at_text", "side", "quantity", "price"),
    ),
    "closed_lots": Tracked(
        values=("realized_pnl", "cost", "price", "proceeds", *_POSTED),
        named_by=("instrument_key", "transaction_id", "open_at", "close_at", "quantity"),
    ),
    "cash_transactions": Tracked(
        values=("amount", "settle_date", "ex_date", *_POSTED),
        named_by=("instrument_key", "type", "paid_at", "description"),
    ),
    "corporate_actions": Tracked(
        values=("quantity", "proceeds", "value", "cost_basis", "realized_pnl", "mtm_pnl", *_POSTED),
        named_by=("instrument_key", "type", "effective_at", "action_description"),
    ),
    "transfers": Tracked(
        values=(
            *("quantity", "position_amount", "position_amount_base", "cash_transfer", "pnl_amount"),
            *("transfer_date", "settle_date"),
            *_POSTED,
        ),
        named_by=("instrument_key", "type", "direction", "transfer_date"),
    ),
}
"""The tables of transactions that are compared."""

TRACKED_KEYS: Final[Mapping[str, Tracked]] = {
    "positions": Tracked(
        values=(
            *("quantity", "position_value", "mark_price", "cost_basis_money", "unrealized_pnl"),
            *("accrued_interest", "fx_rate_to_base"),
        ),
        scope=("account_id", "report_date"),
    ),
    "position_marks": Tracked(values=("price", "prior_mtm_pnl", "fx_rate_to_base"), date="mark_date"),
    "nav_daily": Tracked(values=("total", "*exact")),
    "change_in_nav": Tracked(values=("ending_value", "*exact"), date="period_end_date"),
    "cash_balances": Tracked(values=("ending_cash", "*exact"), scope=_PERIOD, date="period_end_date"),
    "fifo_performance": Tracked(values=("total_fifo_pnl", "*exact"), scope=_PERIOD, date="period_end_date"),
    "fx_rates": Tracked(values=("rate",), date="rate_date"),
}
"""The tables with a natural key that are compared; `*exact` stands for the other exact columns.

Left out: statement_of_funds, whose lines repeat trades and cash transactions and whose balances run on from
every changed line; dividend_accruals, whose rows are numbered in each statement by itself.
"""

_VERSIONS: Final = ("_version_was", "_version_became")
_COVERAGE_KEY: Final = ("account_id", "_date", "_level", "_id_usable")


def values_of(tracked: Tracked, contract: TableContract) -> tuple[str, ...]:
    """The columns that are compared, `*exact` spelled out."""
    exact = [field.name for field in contract.fields if field.dtype == EXACT]
    named = [exact if name == "*exact" else [name] for name in tracked.values]
    return tuple(dict.fromkeys(name for names in named for name in names))


def raw_hash(contract: TableContract, columns: Sequence[str]) -> pl.Expr:
    """A number that is the same for rows whose text in these columns' attributes is the same."""
    attributes = dict.fromkeys(
        name for column in columns if column in contract.columns for name in contract.field(column).source
    )
    return pl.struct(sorted(attributes)).hash()


def suspicious(facts: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Of rows that stand or stood, those whose fact another statement tells differently, by their raw text.

    `facts` are the rows at the finest level, with `_said` and `_named` (`raw_hash`); `covered` is their `coverage`.
    """
    span = covered.group_by(_COVERAGE_KEY).agg(
        _oldest=pl.col("_version").min(), _latest=pl.col("_version").max()
    )
    facts = _identified(facts, "_named").join(span, on=_COVERAGE_KEY, how="left")
    told = facts.group_by("_fact").agg(
        _first=pl.col("_version").min(),
        _last=pl.col("_version").max(),
        _differs=pl.col("_said").min() != pl.col("_said").max(),
        _since=pl.col("_oldest").min(),
        _until=pl.col("_latest").max(),
    )
    found = told.filter(
        pl.col("_differs") | (pl.col("_since") < pl.col("_first")) | (pl.col("_until") > pl.col("_last"))
    )
    return facts.join(found.select("_fact"), on="_fact", how="semi")


def transaction_restatements(
    rows: pl.DataFrame, covered: pl.DataFrame, statements: pl.DataFrame, contract: TableContract, section: str
) -> pl.DataFrame:
    """The restatements among suspicious rows, now typed.

    `covered` is the `coverage` of all rows. A value that a statement does not give is not compared: it may
    lack the column.
    """
    tracked = TRACKED_TRANSACTIONS[contract.name]
    name = pl.concat_str([_text(rows, column).fill_null("?") for column in tracked.named_by], separator="|")
    rows = _identified(rows.with_columns(_name=name, _said=name.hash()), "_name")
    rows = rows.with_columns(
        _key=pl.when("_id_usable").then("_id").otherwise("_name"), _scope=pl.struct(_COVERAGE_KEY).hash()
    )
    scopes = covered.with_columns(_scope=pl.struct(_COVERAGE_KEY).hash()).select("_scope", "_version")
    values = values_of(tracked, contract)
    comparable = pl.when(pl.col("_firm") & pl.col("_in_period")).then("_scope")
    found = [_changes(rows, values), *_absences(rows.with_columns(_scope=comparable), scopes, values[0])]
    return _told(pl.concat(found), rows, statements, contract.name, section, "_date")


def key_restatements(
    rows: pl.DataFrame, statements: pl.DataFrame, contract: TableContract, section: str
) -> pl.DataFrame:
    """The restatements of a table with a natural key, from the typed rows of all statements.

    Rows of model portfolios and of several accounts together are left out, and so is a key that one statement
    gives several rows of.
    """
    tracked = TRACKED_KEYS[contract.name]
    key = list(contract.key)
    rows = rows.filter(~pl.col("_consolidated") & (pl.col("_model") == ""))
    if rows["_version"].n_unique() < 2:
        return RESTATEMENTS.empty()
    values = values_of(tracked, contract)
    scope = pl.struct(tracked.scope).hash() if tracked.scope else pl.lit(None, dtype=pl.UInt64)
    rows = rows.with_columns(_fact=pl.struct(key).hash(), _scope=scope)
    scopes = rows.filter(pl.col("_scope").is_not_null()).select("_scope", "_version").unique()
    rows = rows.filter(pl.len().over("_fact", "_version") == 1).with_columns(_said=pl.struct(values).hash())
    span = scopes.group_by("_scope").agg(_oldest=pl.col("_version").min(), _latest=pl.col("_version").max())
    told = rows.group_by("_fact").agg(
        _scope=pl.col("_scope").first(),
        _first=pl.col("_version").min(),
        _last=pl.col("_version").max(),
        _differs=pl.col("_said").min() != pl.col("_said").max(),
    )
    found = told.join(span, on="_scope", how="left").filter(
        pl.col("_differs")
        | ((pl.col("_oldest") < pl.col("_first")) | (pl.col("_latest") > pl.col("_last"))).fill_null(False)
    )
    rows = rows.join(found.select("_fact"), on="_fact", how="semi")
    name = [_text(rows, column).fill_null("") for column in key if column != "account_id"]
    rows = rows.with_columns(_key=pl.concat_str(name, separator="|"))
    if "account_id" not in contract.columns:
        rows = rows.with_columns(account_id=pl.lit(None, dtype=pl.String))
    parts = [_changes(rows, values), *_absences(rows, scopes, values[0])]
    return _told(pl.concat(parts), rows, statements, contract.name, section, tracked.date)


def coverage(facts: pl.DataFrame, before: pl.DataFrame, reporting: pl.DataFrame) -> pl.DataFrame:
    """Which statements would report a fact of a day and kind: `_COVERAGE_KEY` and `_version`, a row each.

    `facts` are the rows at the finest level, `before` the rows of all levels; `reporting` has `account_id`,
    `_version`, `_period_start`, `_period_end` and `rows` of each statement that has the section.
    A statement says that something did not happen only if it has the section, its period holds the day, and it
    reports rows of that kind (level of detail, with or without ids) or has no row in the section at all.
    It says nothing about a day that it reports at a coarser level only.
    """
    days = facts.filter(pl.col("_firm") & pl.col("_in_period")).select(_COVERAGE_KEY).unique()
    kinds = days.select("account_id", "_level", "_id_usable").unique()
    showing = facts.select("account_id", "_version", "_level", "_id_usable").unique()
    empty = reporting.filter(pl.col("rows") == 0).select("account_id", "_version")
    able = pl.concat([showing, empty.join(kinds, on="account_id").select(showing.columns)]).unique()
    coarser = before.join(facts, on=["_version", "_row"], how="anti").select(
        "account_id", "_version", "_date"
    )
    periods = reporting.select("account_id", "_version", "_period_start", "_period_end")
    return (
        able.join(periods, on=["account_id", "_version"])
        .join(days, on=["account_id", "_level", "_id_usable"])
        .filter(pl.col("_date").is_between("_period_start", "_period_end"))
        .join(coarser.unique(), on=["account_id", "_version", "_date"], how="anti")
        .select(*_COVERAGE_KEY, "_version")
    )


def _identified(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add `_fact`: the id, else the name and an occurrence number within its statement."""
    by_id = rows.filter("_id_usable").with_columns(_fact=pl.struct("account_id", "_id").hash())
    unnamed = rows.filter(~pl.col("_id_usable"))
    if unnamed.is_empty():
        return by_id
    alike = ("account_id", "_version", name)
    unnamed = (
        unnamed.sort("_said", "_version", "_row")
        .with_columns(_nth=pl.int_range(pl.len()).over(alike))
        .with_columns(_fact=pl.struct("account_id", name, "_nth").hash())
        .drop("_nth")
    )
    return pl.concat([by_id, unnamed])


def _changes(rows: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """A row per value that differs from what the statements before said of the same fact."""
    rows = rows.sort("_fact", "_version")
    parts = [_no_difference(), *(_changes_of(rows, column) for column in values if column in rows.columns)]
    return pl.concat(parts)


def _changes_of(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    said = rows.filter(pl.col(column).is_not_null()).select(
        "_fact", "_version", "_row", _value=pl.col(column), _text=_text(rows, column)
    )
    before = pl.col("_value").shift(1).over("_fact")
    said = said.filter(before.is_null() | (pl.col("_value") != before))
    number = rows.schema[column] == EXACT
    difference = (pl.col("_value") - pl.col("_value").shift(1).over("_fact")) if number else None
    return (
        said.with_columns(
            change=pl.lit("changed"),
            field=pl.lit(column),
            was=pl.col("_text").shift(1).over("_fact"),
            became="_text",
            difference=pl.lit(None, dtype=EXACT) if difference is None else difference.cast(EXACT),
            _version_was=pl.col("_version").shift(1).over("_fact"),
            _row_was=pl.col("_row").shift(1).over("_fact"),
        )
        .filter(pl.col("_version_was").is_not_null())
        .select("_fact", "change", "field", "was", "became", "difference", "_version_was",
                _version_became="_version", _row_was="_row_was", _row_became="_row")
        .cast(_DIFFERENCE)
    )  # fmt: skip


def _absences(rows: pl.DataFrame, scopes: pl.DataFrame, column: str) -> list[pl.DataFrame]:
    """Facts that a later statement of their scope no longer has, and facts that an earlier one did not have."""
    exact = pl.col(column) if rows.schema[column] == EXACT else pl.lit(None, dtype=EXACT)
    rows = rows.with_columns(_value=_text(rows, column), _exact=exact)
    ends = ("_version", "_row", "_value", "_exact", "_scope")
    edges = rows.group_by("_fact").agg(
        *(pl.col(name).sort_by("_version").first().alias(f"{name}<") for name in ends),
        *(pl.col(name).sort_by("_version").last().alias(f"{name}>") for name in ends),
    )
    other = scopes.select("_scope", _other="_version")
    after = edges.join(other, left_on="_scope>", right_on="_scope").filter(
        pl.col("_other") > pl.col("_version>")
    )
    ahead = edges.join(other, left_on="_scope<", right_on="_scope").filter(
        pl.col("_other") < pl.col("_version<")
    )
    return [_one_sided(after, "vanished", column), _one_sided(ahead, "appeared", column)]


def _one_sided(found: pl.DataFrame, change: str, column: str) -> pl.DataFrame:
    """A row per fact that the statement `_other`, the earliest of them, does not have."""
    found = found.sort("_other").unique("_fact", keep="first", maintain_order=True)
    nothing = pl.lit(None, dtype=pl.String)
    said: dict[str, str | pl.Expr]
    if change == "vanished":
        said = {"was": "_value>", "became": nothing, "difference": -pl.col("_exact>"), "_version_was": "_version<",
                "_version_became": "_other", "_row_was": "_row<", "_row_became": pl.lit(None)}  # fmt: skip
    else:
        said = {"was": nothing, "became": "_value<", "difference": "_exact<", "_version_was": "_other",
                "_version_became": "_version<", "_row_was": pl.lit(None), "_row_became": "_row<"}  # fmt: skip
    return found.select("_fact", change=pl.lit(change), field=pl.lit(column), **said).cast(_DIFFERENCE)


_DIFFERENCE: Final = pl.Schema(
    {
        "_fact": pl.UInt64(),
        "change": pl.String(),
        "field": pl.String(),
        "was": pl.String(),
        "became": pl.String(),
        "difference": EXACT,
        "_version_was": pl.Int32(),
        "_version_became": pl.Int32(),
        "_row_was": pl.Int32(),
        "_row_became": pl.Int32(),
    }
)


def _no_difference() -> pl.DataFrame:
    return pl.DataFrame(schema=_DIFFERENCE)


def _told(
    found: pl.DataFrame, rows: pl.DataFrame, statements: pl.DataFrame, entity: str, section: str, day: str
) -> pl.DataFrame:
    """The differences with the fact's key and day, and the documents and instants of their two statements."""
    facts = rows.sort("_version").group_by("_fact").agg(
        pl.col("account_id").last(), key=pl.col("_key").last(), report_date=pl.col(day).last()
    )  # fmt: skip
    for side, instant, document in zip(
        _VERSIONS, ("known_from_at", "changed_at"), ("document_was", "document_became"), strict=True
    ):
        named = {side: "_version", instant: "_generated_at", document: "_document_id"}
        found = found.join(statements.select(**named), on=side, how="left")
    table = found.join(facts, on="_fact", how="left").select(
        "account_id", pl.lit(entity).alias("entity"), "key", "report_date", "change", "field", "was", "became",
        "difference", "known_from_at", "changed_at", "document_was", "document_became",
        pl.lit(section).alias("section"), row_ordinal_was="_row_was", row_ordinal_became="_row_became",
    )  # fmt: skip
    return RESTATEMENTS.validate(
        table.cast(RESTATEMENTS.polars_schema).sort(
            *("account_id", "report_date", "key", "field", "changed_at", "document_became", "change"),
            *("document_was", "row_ordinal_was", "row_ordinal_became"),
            nulls_last=False,
        )
    )


def _text(rows: pl.DataFrame, column: str) -> pl.Expr:
    """A value in words: numbers without the zeros that say nothing, dates and instants in ISO form."""
    kind, cell = rows.schema[column], pl.col(column)
    if kind == EXACT:
        return cell.cast(pl.String).str.replace(r"\.?0+$", "")
    if isinstance(kind, pl.Datetime):
        return cell.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return cell.cast(pl.String)
