"""The two ways a clean table is put together: by transaction, by natural key. No table's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

import polars as pl

from transforms.clean.doubts import of_other_periods, outside_of_statement, without_currency
from transforms.clean.model import CleanContext, Cleaned, RawSections
from transforms.clean.raw_rows import (
    all_issues,
    attributes_of,
    blank_to_null,
    issue_frame,
    section_rows,
    statement_facts,
    typed_rows,
    with_lineage,
)
from transforms.clean.restatements import (
    TRACKED_KEYS,
    TRACKED_TRANSACTIONS,
    coverage,
    key_restatements,
    raw_hash,
    suspicious,
    transaction_restatements,
    values_of,
)
from transforms.clean.rules import (
    finest_level,
    newest_facts,
    of_finest_kind,
    usable_ids,
    with_keys,
    without_copies,
    without_covered,
)
from transforms.clean.statements import section_versions
from transforms.flex.values import date_expr
from transforms.schemas import LINEAGE, TableContract

Derive = Callable[[pl.DataFrame], pl.DataFrame]

_SLICE_ROWS: Final = 250_000
_LINEAGE_NAMES: Final = tuple(field.name for field in LINEAGE)


@dataclass(frozen=True)
class TransactionRules:
    """How the rows of a section become facts with an identity.

    `elements`: row tag -> its level of detail where the row does not say one. `levels`: finest first;
    `not_levels` are another table's, and any other level counts as the coarsest. `group`: what with account
    and date names rows that are reported together, each an attribute and what stands in for it where it is
    blank. `dates`: attributes of the booking date, the first of which is the firm one. `by_id`: the
    transaction id counts. `keep`: further text columns for `derive`.
    """

    section: str
    contract: TableContract
    key: str
    elements: Mapping[str, str]
    levels: tuple[str, ...]
    group: tuple[tuple[str, ...], ...]
    dates: tuple[str, ...]
    derive: Derive
    by_id: bool = True
    day_levels: frozenset[str] = frozenset()
    not_levels: frozenset[str] = frozenset()
    keep: Mapping[str, str] = field(default_factory=dict)


def as_they_are(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows themselves."""
    return rows


@dataclass(frozen=True)
class Refusal:
    """Rows that the broker itself marks as saying nothing: left out with a warning."""

    when: pl.Expr
    attribute: str
    value: str
    problem: str


@dataclass(frozen=True)
class KeyRules:
    """How the rows of a section become rows with a natural key.

    `derive` adds the columns that no attribute holds, `choose` keeps the rows that stand, `shape` brings
    those into the table's form. `keep`: further text columns for `derive`. `one_per_key`: a statement has
    at most one row a key. `within_period`: a report date outside of the statement's period is a mistake.
    `give_way`: leaves out rows of coarser documents that a finer one stands for (rows, and the statements that
    report the section); rows of one key give way in any case.
    """

    section: str
    contract: TableContract
    elements: tuple[str, ...]
    choose: Derive
    derive: Derive = as_they_are
    shape: Derive = as_they_are
    keep: Mapping[str, str] = field(default_factory=dict)
    one_per_key: bool = True
    within_period: bool = False
    give_way: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame] | None = None
    refusals: tuple[Refusal, ...] = ()


def period_or_statement(rows: pl.DataFrame) -> pl.DataFrame:
    """The row's own period, else its statement's."""
    return rows.with_columns(
        period_start_date=pl.coalesce("period_start_date", "_period_start"),
        period_end_date=pl.coalesce("period_end_date", "_period_end"),
    )


def finish(
    rows: pl.DataFrame, contract: TableContract, section: str, issues: Sequence[pl.DataFrame]
) -> Cleaned:
    """Bring complete rows into the contract's form: lineage, columns, order."""
    if _LINEAGE_NAMES[0] not in rows.columns:
        rows = with_lineage(rows, section)
    table = rows.select(contract.columns).sort(contract.key).rechunk()
    return Cleaned(table, all_issues(issues))


def nothing(contract: TableContract) -> Cleaned:
    """The table of a section that no document has."""
    return Cleaned(contract.empty(), all_issues([]))


def split_incomplete(
    rows: pl.DataFrame, contract: TableContract, section: str
) -> tuple[pl.DataFrame, pl.DataFrame, list[pl.DataFrame]]:
    """Part the rows that lack a value the contract requires: complete rows, rejected rows, their issues."""
    rejected = rows.clear()
    issues = []
    for required in contract.fields:
        name = required.name
        if required.nullable or name not in rows.columns or not rows[name].null_count():
            continue
        lacking = rows.filter(pl.col(name).is_null())
        problem = f"the row has no {name}, which the table {contract.name} needs: it is left out"
        attribute = required.source[0] if required.source else name
        issues.append(issue_frame(lacking, section, column=attribute, problem=problem, severity="error"))
        rejected = pl.concat([rejected, lacking])
        rows = rows.filter(pl.col(name).is_not_null())
    return rows, rejected, issues


def build_by_key(raw: RawSections, context: CleanContext, rules: KeyRules) -> Cleaned:
    """Build a table whose rows are named by what they say (day, currency, instrument)."""
    contract, section = rules.contract, rules.section
    attributes = (*attributes_of(contract), *rules.keep.values())
    facts = statement_facts(raw, context)
    lazy = section_rows(raw, section, rules.elements, attributes, facts)
    if lazy is None:
        return nothing(contract)
    rows = (
        lazy.collect()
        .sort("_version", "_row")
        .unique(["_version", "_row"], keep="first", maintain_order=True)
    )
    typed = typed_rows(rows, contract, section, context, rules.keep)
    derived, refused = _refuse(rules.derive(typed.rows), rules)
    complete, rejected, lacking = split_incomplete(derived, contract, section)
    complete = without_copies(complete)
    if rules.give_way is not None and facts["_rank"].n_unique() > 1:
        complete = rules.give_way(complete, section_versions(raw, context, section))
    chosen = rules.choose(complete)
    named = pl.concat([part.select("_document_id", "_row") for part in (chosen, rejected)])
    issues = [issues_of(typed.issues, named), *refused, *lacking]
    if rules.one_per_key:
        issues.append(_doubled(complete, chosen, rules))
    if {"period_start_date", "period_end_date"} <= set(contract.columns):
        issues += of_other_periods(chosen, section)
    if rules.within_period:
        dated = chosen.with_columns(_date="report_date", _firm=pl.lit(True))
        issues.append(outside_of_statement(dated, facts, section, "reportDate"))
    cleaned = finish(rules.shape(chosen), contract, section, issues)
    if contract.name not in TRACKED_KEYS:
        return cleaned
    compared = of_finest_kind(complete, facts)
    return replace(cleaned, restatements=key_restatements(compared, facts, contract, section))


def _refuse(rows: pl.DataFrame, rules: KeyRules) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Leave out the rows that a refusal names, with a warning each."""
    issues = []
    for refusal in rules.refusals:
        refused = refusal.when.fill_null(False)
        issues.append(
            issue_frame(
                rows.filter(refused), rules.section, column=refusal.attribute, value=refusal.value,
                problem=refusal.problem, severity="warning",
            )
        )  # fmt: skip
        rows = rows.filter(~refused)
    return rows, issues


def _doubled(rows: pl.DataFrame, chosen: pl.DataFrame, rules: KeyRules) -> pl.DataFrame:
    """A warning per row whose key another row of the same statement has too.

    Model portfolios beside a row for the whole account are no doubles of it.
    """
    key = list(rules.contract.key)
    same = [*key, "_version", "_consolidated"]
    stands = chosen.select(*same, _of_whole=pl.col("_model") == "")
    others = (
        rows.join(chosen.select("_version", "_row"), on=["_version", "_row"], how="anti")
        .join(stands, on=same, how="inner", nulls_equal=True)
        .filter(~pl.col("_of_whole") | (pl.col("_model") == ""))
    )
    problem = f"another row of the same statement has the same {', '.join(key)}: the first one stands"
    return issue_frame(others, rules.section, column=key[-1], problem=problem, severity="warning")


def build_transactions(raw: RawSections, context: CleanContext, rules: TransactionRules) -> Cleaned:
    """Build a table of facts with an identity: finest level, newest document, one row per key.

    Which rows stand is decided on a few columns; only those rows are then read in full.
    """
    facts = statement_facts(raw, context)
    deciding = ("levelOfDetail", "transactionID", *chain(*rules.group), *rules.dates)
    attributes = (*attributes_of(rules.contract), *deciding, *rules.keep.values())
    lazy = section_rows(raw, rules.section, tuple(rules.elements), attributes, facts)
    if lazy is None:
        return nothing(rules.contract)
    reporting = section_versions(raw, context, rules.section)
    told = without_covered(_told(lazy, rules, facts), reporting)
    choice = _choose(told, rules, of_finest_kind(reporting, facts))
    frame, found = _read_in_full(lazy, choice.standing, facts, rules, context)
    frame, rejected, lacking = split_incomplete(frame, rules.contract, rules.section)
    content = [name for name in rules.contract.columns if name in frame.columns and name != rules.key]
    frame = with_keys(frame, rules.key, content)
    named = pl.concat([part.select("_document_id", "_row") for part in (frame, rejected)])
    outside = outside_of_statement(frame, facts, rules.section, rules.dates[0])
    issues = [issues_of(found, named), *lacking, *_undated_documents(frame, rules), outside]
    if "currency" in rules.contract.columns:
        issues.append(without_currency(frame, rules.section))
    cleaned = finish(frame, rules.contract, rules.section, issues)
    if choice.doubted is None or choice.doubted.is_empty():
        return cleaned
    rows, _ = _read_in_full(lazy, choice.doubted, facts, rules, context)
    restated = transaction_restatements(rows, choice.covered, facts, rules.contract, rules.section)
    return replace(cleaned, restatements=restated)


def _read_in_full(
    lazy: pl.LazyFrame,
    chosen: pl.DataFrame,
    facts: pl.DataFrame,
    rules: TransactionRules,
    context: CleanContext,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The chosen rows typed and derived, and the issues; read in slices to bound the memory."""
    chosen = chosen.sort("_version", "_row")
    frames, issues = [], []
    for part in chosen.iter_slices(_SLICE_ROWS) if chosen.height else [chosen]:
        rows = _slice_of(lazy, part, facts).collect()
        if rows.height > part.height:
            rows = rows.unique(["_version", "_row"], keep="any")
        typed = typed_rows(rows, rules.contract, rules.section, context, rules.keep)
        frame = rules.derive(typed.rows.with_columns(report_date=pl.col("_date"), level=pl.col("_level")))
        frames.append(frame.drop("_statement", "_account_id", "_element", "_period_start", "_period_end"))
        issues.append(typed.issues)
    return pl.concat(frames), pl.concat(issues)


def _slice_of(lazy: pl.LazyFrame, part: pl.DataFrame, facts: pl.DataFrame) -> pl.LazyFrame:
    """The rows of a slice, named by document and ordinal too, so that a scan can skip what lies outside."""
    statements = facts.join(part.select("_version").unique(), on="_version", how="semi")
    if part["_version"].n_unique() == statements.height:
        documents = statements["_document_id"].unique().to_list()
        lazy = lazy.filter(pl.col("_document_id").is_in(documents))
    if statements.height == 1:
        lazy = lazy.filter(pl.col("_row").is_between(part["_row"].min(), part["_row"].max()))
    return lazy.join(part.lazy(), on=["_version", "_row"], how="inner")


_DECIDED: Final = ("_version", "_row", "_level", "_date", "_firm", "_in_period", "_id", "_id_usable")


def _told(lazy: pl.LazyFrame, rules: TransactionRules, statements: pl.DataFrame) -> pl.DataFrame:
    """What every row says that decides whether it stands.

    `_said` and `_named` are there where two statements may tell the same fact and the table is compared.
    """
    level = pl.col("levelOfDetail").pipe(blank_to_null).str.to_uppercase()
    by_element = pl.col("_element").replace_strict(dict(rules.elements), default=None, return_dtype=pl.String)
    group = [f"_group_{names[0]}" for names in rules.group]
    named = [pl.coalesce(pl.col(names).pipe(blank_to_null), pl.lit("")) for names in rules.group]
    compared = {}
    if rules.contract.name in TRACKED_TRANSACTIONS and statements["_account_id"].is_duplicated().any():
        tracked = TRACKED_TRANSACTIONS[rules.contract.name]
        compared["_said"] = raw_hash(rules.contract, values_of(tracked, rules.contract))
        compared["_named"] = raw_hash(rules.contract, ("conid", "symbol", *tracked.named_by))
    return (
        lazy.select(
            "_version",
            "_row",
            "account_id",
            "_consolidated",
            "_period_start",
            "_period_end",
            *(name.alias(column) for name, column in zip(named, group, strict=True)),
            _level=pl.coalesce(level, by_element),
            _date=_first_date(rules.dates),
            _firm=date_expr(rules.dates[0]).is_not_null(),
            _id=pl.col("transactionID").str.strip_chars() if rules.by_id else pl.lit(None, dtype=pl.String),
            **compared,
        )
        .filter(~pl.col("_level").is_in(list(rules.not_levels)))
        .collect()
        .unique(["_version", "_row"], keep="any")
        .with_columns(_in_period=pl.col("_date").is_between("_period_start", "_period_end").fill_null(False))
    )


@dataclass(frozen=True)
class _Choice:
    """Which rows stand, which of all rows two statements may tell differently, and what statements cover."""

    standing: pl.DataFrame
    doubted: pl.DataFrame | None
    covered: pl.DataFrame


def _choose(told: pl.DataFrame, rules: TransactionRules, reporting: pl.DataFrame) -> _Choice:
    """Decide on the few columns of `_told`; each frame of the result has the columns `_DECIDED`."""
    group = [f"_group_{names[0]}" for names in rules.group]
    finest = usable_ids(finest_level(told, rules.levels, group, rules.day_levels))
    standing = newest_facts(finest, group).select(_DECIDED)
    if "_said" not in told.columns:
        return _Choice(standing, None, standing.clear())
    covered = coverage(finest, told, reporting)
    return _Choice(standing, suspicious(finest, covered).select(_DECIDED), covered)


def _first_date(attributes: Sequence[str]) -> pl.Expr:
    """The date of the first attribute that has one; later ones are read where earlier ones have none."""
    date = date_expr(attributes[0])
    for attribute in attributes[1:]:
        date = pl.coalesce(date, date_expr(pl.when(date.is_null()).then(pl.col(attribute))))
    return date


def issues_of(issues: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The issues of rows that stand."""
    standing = rows.select(document_id="_document_id", row_ordinal=pl.col("_row").cast(pl.Int32))
    return issues.join(standing, on=["document_id", "row_ordinal"], how="semi")


def _undated_documents(rows: pl.DataFrame, rules: TransactionRules) -> list[pl.DataFrame]:
    """A warning per document whose rows lack the firm date, and one per row that has no date at all."""
    firm, *others = rules.dates
    undated = rows.filter(~pl.col("_firm"))
    documents = undated.filter(pl.col("_date").is_not_null()).unique("_document_id", keep="any")
    without = undated.filter(pl.col("_date").is_null())
    named = " or ".join(others)
    once = f"rows without {firm} are booked on the date of {named}: select {firm} in the Flex query"
    each = f"the row has no date that can be read ({', '.join(rules.dates)}): it stands without {firm}"
    return [
        issue_frame(documents, rules.section, column=firm, problem=once, severity="warning").with_columns(
            row_ordinal=pl.lit(None, dtype=pl.Int32)
        ),
        issue_frame(without, rules.section, column=firm, problem=each, severity="warning"),
    ]
