"""Builders of what TWS tells within the day: accounts, positions, PnL, fills. Nothing here feeds a booked figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import polars as pl

from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import Typed, all_issues, attributes_of, issue_frame, typed_rows
from transforms.clean.rules import instrument_key
from transforms.clean.tables import finish, issues_of, nothing, split_incomplete
from transforms.flex.values import decimal_expr
from transforms.schemas.contract import INSTANT, Field, TableContract
from transforms.schemas.intraday import ACCOUNT_SNAPSHOT, EXECUTION_INTRADAY, PNL_SNAPSHOT, POSITION_SNAPSHOT
from transforms.tws import known_sections as tws

SNAPSHOT: Final = tws.raw_section(tws.SNAPSHOT)
ACCOUNTS: Final = tws.raw_section(tws.ACCOUNTS)
ACCOUNT_VALUES: Final = tws.raw_section(tws.ACCOUNT_VALUES)
POSITIONS: Final = tws.raw_section(tws.POSITIONS)
ACCOUNT_PNL: Final = tws.raw_section(tws.ACCOUNT_PNL)
POSITION_PNL: Final = tws.raw_section(tws.POSITION_PNL)
EXECUTIONS: Final = tws.raw_section(tws.EXECUTIONS)
COMMISSIONS: Final = tws.raw_section(tws.COMMISSIONS)

BROKERS_CLOCK: Final = "America/New_York"
BROKERS_EVENING: Final = 17
"""The hour from which a fill may be booked on the next trading day: futures, currencies, Asian shares."""

_NAMED_LOCALLY: Final = ("OPT", "FOP", "FUT", "WAR", "CASH")
_NUMBER: Final = r"^-?\d{1,28}(\.\d{1,10})?$"

_REPORT: Final = TableContract(
    "execution_intraday",
    "The report of a fill's commission.",
    (),
    (
        Field("exec_id", "id", "Execution id.", ("execution_id",)),
        Field("commission", "exact", "Commission, + paid.", ("commission",)),
        Field("commission_currency", "text", "Its currency.", ("currency",)),
        Field("realized_pnl", "exact", "Realised PnL.", ("realized_pnl",)),
    ),
)


def build_account_snapshots(raw: RawSections, context: CleanContext) -> Cleaned:
    """Every figure of each account; words such as the account's type have no amount."""
    contract = ACCOUNT_SNAPSHOT
    rows = _last_of_day(raw, ACCOUNT_VALUES, context)
    if rows is None:
        return nothing(contract)
    typed = _typed(rows, _without(contract, "amount"), ACCOUNT_VALUES, context)
    number = pl.col("value").str.contains(_NUMBER).fill_null(False)
    frame = typed.rows.with_columns(amount=decimal_expr(pl.when(number).then(pl.col("value"))))
    return _snapshot_table(frame, typed.issues, contract, ACCOUNT_VALUES)


def build_position_snapshots(raw: RawSections, context: CleanContext) -> Cleaned:
    """Every position; an account that is flat has none."""
    contract = POSITION_SNAPSHOT
    rows = _last_of_day(raw, POSITIONS, context)
    if rows is None:
        return nothing(contract)
    typed = _typed(rows, contract, POSITIONS, context, {"_local_symbol": "local_symbol"})
    return _snapshot_table(_instruments(typed.rows), typed.issues, contract, POSITIONS)


def build_pnl_snapshots(raw: RawSections, context: CleanContext) -> Cleaned:
    """Profit and loss of accounts, and of positions."""
    contract = PNL_SNAPSHOT
    parts = []
    for section in (ACCOUNT_PNL, POSITION_PNL):
        rows = _last_of_day(raw, section, context)
        if rows is None:
            continue
        typed = _typed(rows, contract, section, context)
        frame = typed.rows
        lacking = frame.filter(pl.col("conid").is_null() & (section == POSITION_PNL))
        # Without its conid a position's row would be taken for the account's own.
        problem = "the row has no conid, so that its position is not known: it is left out"
        told = issue_frame(lacking, section, column="conid", problem=problem, severity="error")
        frame = frame.join(lacking.select("_document_id", "_row"), on=["_document_id", "_row"], how="anti")
        part = _snapshot_table(frame, typed.issues, contract, section)
        parts.append(replace(part, issues=pl.concat([part.issues, told])))
    if not parts:
        return nothing(contract)
    table = pl.concat([part.table for part in parts]).sort(contract.key).rechunk()
    return Cleaned(table, all_issues([part.issues for part in parts]))


def build_executions(raw: RawSections, context: CleanContext) -> Cleaned:
    """Every fill once: the newest correction as the newest document tells it, with the newest report of its cost."""
    contract = EXECUTION_INTRADAY
    rows = _newest_tellings(raw)
    if rows is None:
        return nothing(contract)
    typed = _typed(rows, contract, EXECUTIONS, context, {"_local_symbol": "local_symbol"})
    reports, problems = _commissions(raw, context)
    frame = (
        _instruments(typed.rows)
        .with_columns(
            execution_key=pl.col("exec_id").str.replace(r"\.\d+$", ""),
            executed_at=_instants(typed.rows["_executed_at"]),
            side=pl.when(pl.col("quantity") > 0)
            .then(pl.lit("BUY"))
            .when(pl.col("quantity") < 0)
            .then(pl.lit("SELL")),
        )
        .with_columns(_trade_dates())
        .join(reports, on="exec_id", how="left", maintain_order="left")
    )
    complete, rejected, lacking = split_incomplete(frame, contract, EXECUTIONS)
    named = pl.concat([part.select("_document_id", "_row") for part in (complete, rejected)])
    issues = [issues_of(typed.issues, named), *lacking, *problems]
    return finish(complete, contract, EXECUTIONS, issues)


def _snapshot_table(
    frame: pl.DataFrame, found: pl.DataFrame, contract: TableContract, section: str
) -> Cleaned:
    """Complete rows of snapshots, one a key."""
    frame = frame.with_columns(snapshot_at="_taken_at")
    complete, rejected, lacking = split_incomplete(frame, contract, section)
    once = complete.sort("_document_id", "_row").unique(list(contract.key), keep="first", maintain_order=True)
    others = complete.join(once.select("_document_id", "_row"), on=["_document_id", "_row"], how="anti")
    problem = f"another row of the same snapshot has the same {', '.join(contract.key)}: the first one stands"
    doubled = issue_frame(others, section, column=contract.key[-1], problem=problem, severity="warning")
    named = pl.concat([part.select("_document_id", "_row") for part in (complete, rejected)])
    return finish(once, contract, section, [issues_of(found, named), *lacking, doubled])


def _last_of_day(raw: RawSections, section: str, context: CleanContext) -> pl.DataFrame | None:
    """The rows of each account's last whole snapshot of each day, and rows of these documents that name no account.

    A later snapshot of the day supersedes the earlier ones, which stay in the raw layer: a year of one each quarter
    of an hour would otherwise be built anew in every run.
    """
    scan, documents = raw(section), _documents(raw)
    if scan is None or documents is None:
        return None
    whole = documents.filter(pl.col("scope") == tws.SCOPE_ALL)
    told = [_accounts_of(rows) for rows in (raw(ACCOUNTS), scan) if rows is not None]
    last = (
        pl.concat(told)
        .unique()
        .join(whole.select("_document_id", "_taken_at"), on="_document_id", how="inner")
        .with_columns(_day=pl.col("_taken_at").dt.convert_time_zone(context.timezone).dt.date())
        .sort("_taken_at", "_document_id")
        .unique(["account_id", "_day"], keep="last", maintain_order=True)
        .drop("_day")
    )
    rows = _whole_rows(scan, last["_document_id"])
    chosen = rows.join(last, on=["_document_id", "account_id"], how="inner", maintain_order="left")
    nameless = rows.filter(pl.col("account_id").is_null()).join(
        documents.select("_document_id", "_taken_at"), on="_document_id", how="inner"
    )
    return pl.concat([chosen, nameless])


def _newest_tellings(raw: RawSections) -> pl.DataFrame | None:
    """Of every fill the row that stands, and every row without an account or an id."""
    scan, documents = raw(EXECUTIONS), _documents(raw)
    if scan is None or documents is None:
        return None
    identity = pl.col("execution_id").str.strip_chars()
    tellings = (
        _with_columns(scan, ("account_id", "execution_id"))
        .select("_document_id", "_row", _account(), _id=identity)
        .collect()
        .unique(["_document_id", "_row"], keep="first")
        .join(documents.select("_document_id", "_taken_at"), on="_document_id", how="inner")
        .with_columns(
            _root=pl.col("_id").str.replace(r"\.\d+$", ""),
            _revision=pl.col("_id").str.extract(r"\.(\d{1,9})$").cast(pl.Int64).fill_null(1),
        )
    )
    known = pl.col("account_id").is_not_null() & (pl.col("_id") != "").fill_null(False)
    newest = (
        tellings.filter(known)
        .sort("_revision", "_taken_at", "_document_id", "_row")
        .unique(["account_id", "_root"], keep="last", maintain_order=True)
    )
    chosen = pl.concat([newest, tellings.filter(~known)]).select("_document_id", "_row")
    rows = _whole_rows(scan, chosen["_document_id"]).join(
        chosen, on=["_document_id", "_row"], how="inner", maintain_order="left"
    )
    return _eager_columns(rows, ("executed_at",)).with_columns(_executed_at="executed_at")


def _commissions(raw: RawSections, context: CleanContext) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """The newest report of each execution's commission, signed as the books sign it, and its issues."""
    scan, documents = raw(COMMISSIONS), _documents(raw)
    if scan is None or documents is None:
        return _REPORT.empty(), []
    rows = (
        _with_columns(scan, ("account_id", *attributes_of(_REPORT)))
        .select("_document_id", "_row", *attributes_of(_REPORT))
        .collect()
        .join(documents.select("_document_id", "_taken_at"), on="_document_id", how="inner")
        .sort("_taken_at", "_document_id", "_row")
        .unique("execution_id", keep="last", maintain_order=True)
        .filter(pl.col("execution_id").is_not_null())
    )
    typed = typed_rows(rows, _REPORT, COMMISSIONS, context)
    reports = typed.rows.select(_REPORT.columns).unique("exec_id", keep="last", maintain_order=True)
    return reports.with_columns(commission=-pl.col("commission")), [typed.issues]


def _documents(raw: RawSections) -> pl.DataFrame | None:
    """What every document of TWS says of itself: scope and `_taken_at`."""
    scan = raw(SNAPSHOT)
    if scan is None:
        return None
    heads = scan.select("_document_id", "scope", "taken_at").collect().unique("_document_id", keep="first")
    return heads.select("_document_id", "scope", _taken_at=_instants(heads["taken_at"]))


def _accounts_of(scan: pl.LazyFrame) -> pl.DataFrame:
    """The accounts that a section's rows name, by document."""
    rows = _with_columns(scan, ("account_id",)).select("_document_id", _account())
    return rows.filter(pl.col("account_id").is_not_null()).unique().collect()


def _whole_rows(scan: pl.LazyFrame, documents: pl.Series) -> pl.DataFrame:
    """All attributes of some documents' rows, each row once."""
    rows = _with_columns(scan, ("account_id",)).filter(
        pl.col("_document_id").is_in(documents.unique().to_list())
    )
    found = rows.drop("_statement", "_account_id", "_parent").with_columns(_account()).collect()
    return found.unique(["_document_id", "_row"], keep="first", maintain_order=True)


def _account() -> pl.Expr:
    bare = pl.col("account_id").str.strip_chars()
    return pl.when(bare != "").then(bare).alias("account_id")


def _typed(
    rows: pl.DataFrame,
    contract: TableContract,
    section: str,
    context: CleanContext,
    keep: Mapping[str, str] | None = None,
) -> Typed:
    """Type the rows by the contract; its instants are ISO text, which the documents of Flex never are."""
    read = _without(contract, *(field.name for field in contract.fields if field.kind == "instant"))
    return typed_rows(
        _eager_columns(rows, (*attributes_of(read), *(keep or {}).values())), read, section, context, keep
    )


def _without(contract: TableContract, *names: str) -> TableContract:
    return replace(contract, fields=tuple(field for field in contract.fields if field.name not in names))


def _instants(texts: pl.Series) -> pl.Series:
    """ISO texts with a zone as instants; null for any other."""
    return pl.Series([_instant(text) for text in texts], dtype=INSTANT)


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else None


def _instruments(rows: pl.DataFrame) -> pl.DataFrame:
    """Symbols as statements write them, and the key of the instrument."""
    local = pl.when(pl.col("asset_class").is_in(_NAMED_LOCALLY)).then(pl.col("_local_symbol"))
    return instrument_key(rows.with_columns(symbol=pl.coalesce(local, "symbol")))


def _trade_dates() -> list[pl.Expr]:
    """The days that a statement may book a fill on, to compare with: the trade date is the statement's to say.

    The day after an evening may be a holiday; then the fill is booked on the weekday behind it.
    """
    clock = pl.col("executed_at").dt.convert_time_zone(BROKERS_CLOCK)
    day, evening = clock.dt.date(), clock.dt.hour() >= BROKERS_EVENING
    first, one = _weekday(day), pl.duration(days=1)
    second_after = _weekday(_weekday(day + one) + one)
    return [
        first.alias("first_trade_date"),
        pl.when(evening).then(second_after).otherwise(first).alias("last_trade_date"),
    ]


def _weekday(day: pl.Expr) -> pl.Expr:
    """The day itself, or the Monday after it."""
    until_monday = pl.when(day.dt.weekday() > 5).then(8 - day.dt.weekday().cast(pl.Int64)).otherwise(0)
    return day + pl.duration(days=until_monday)


def _with_columns(scan: pl.LazyFrame, names: Sequence[str]) -> pl.LazyFrame:
    present = set(scan.collect_schema().names())
    return scan.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in names if name not in present
    )


def _eager_columns(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return rows.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in dict.fromkeys(names) if name not in rows.columns
    )
