"""The rules against counting twice: kind of document, level of detail, identity, the newest. No tables here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

import polars as pl

_CONTENT_BYTES: Final = 12
_FACT: Final = ["_version", "_row"]

DETAIL_RANKS: Final = {"flex_xml": 0, "flex_csv": 0, "activity_statement_csv": 1}
"""How much detail a kind of document tells: 0 the most. Where two tell the same fact the finer one stands, and of
equally fine ones the newer."""
UNKNOWN_RANK: Final = 9
"""The rank of any other kind."""


def without_covered(facts: pl.DataFrame, reported: pl.DataFrame) -> pl.DataFrame:
    """Leave out the rows of coarser documents that a finer one covers: it tells the same days in more detail.

    `facts` has `account_id`, `_version`, `_date`; `reported` has the statements that report the rows' section
    (`account_id`, `_version`, `_rank`, `_period_start`, `_period_end`). A row is covered if a finer statement
    of its account holds its day, or all days of the row's own statement: a row may show the day of an event
    that lies outside of the days that it is booked on. With documents of one rank only this costs nothing.
    """
    if reported["_rank"].n_unique() <= 1:
        return facts
    own = reported.select("_version", "_rank", _own_start="_period_start", _own_end="_period_end")
    days = facts.select("account_id", "_version", "_date").unique()
    days = days.join(own.unique("_version"), on="_version", how="inner")
    finer = reported.select("account_id", "_period_start", "_period_end", _finer="_rank").unique()
    covers = pl.col("_date").is_between("_period_start", "_period_end") | (
        (pl.col("_period_start") <= pl.col("_own_start")) & (pl.col("_period_end") >= pl.col("_own_end"))
    )
    covered = (
        days.filter(pl.col("_rank") > finer["_finer"].min())
        .join(finer, on="account_id", how="inner")
        .filter((pl.col("_finer") < pl.col("_rank")) & covers.fill_null(False))
        .select("account_id", "_version", "_date")
        .unique()
    )
    return facts.join(covered, on=["account_id", "_version", "_date"], how="anti", nulls_equal=True)


def of_finest_kind(rows: pl.DataFrame, statements: pl.DataFrame) -> pl.DataFrame:
    """The rows of each account's finest kind of document: what two kinds tell differently is no restatement.

    `rows` has `_version`; `statements` are the statement facts (`_version`, `_account_id`, `_rank`).
    """
    if statements["_rank"].n_unique() <= 1:
        return rows
    finest = statements.filter(pl.col("_rank") == pl.col("_rank").min().over("_account_id"))
    return rows.join(finest.select("_version").unique(), on="_version", how="semi")


def without_covered_ends(rows: pl.DataFrame, reported: pl.DataFrame) -> pl.DataFrame:
    """Leave out the rows of a coarser statement that ends on the day on which a finer one of its account ends.

    For what a statement tells of its end alone (holdings). `rows` has `_version`; `reported` as for
    `without_covered`.
    """
    if reported["_rank"].n_unique() <= 1:
        return rows
    end = ["account_id", "_period_end"]
    ends = reported.with_columns(_finest=pl.col("_rank").min().over(end))
    covered = ends.filter(pl.col("_period_end").is_not_null() & (pl.col("_rank") > pl.col("_finest")))
    return rows.join(covered.select("_version").unique(), on="_version", how="anti")


def without_coarser_names(instruments: pl.DataFrame) -> pl.DataFrame:
    """Leave out what a coarser document names by symbol alone, where a finer one names that symbol too.

    `instruments` has `asset_class`, `symbol`, `conid` and the `_rank` of the document. A currency balance that is
    listed like an instrument (asset class CASH) names none.
    """
    if instruments["_rank"].n_unique() <= 1:
        return instruments
    named = ["asset_class", "symbol"]
    finer = instruments.group_by(named).agg(_finest=pl.col("_rank").min())
    alone = pl.col("conid").is_null() & (
        (pl.col("_rank") > pl.col("_finest")) | (pl.col("asset_class") == "CASH").fill_null(False)
    )
    coarser = pl.col("_rank") > instruments["_rank"].min()
    return (
        instruments.join(finer, on=named, how="left", nulls_equal=True)
        .filter(~(alone & coarser).fill_null(False))
        .drop("_finest")
    )


def finest_level(
    facts: pl.DataFrame, levels: Sequence[str], group: Sequence[str] = (), by_day: Iterable[str] = ()
) -> pl.DataFrame:
    """Keep, per account, report date and `group`, the rows of the finest level that any document reports.

    `facts` has `account_id`, `_version`, `_level`, `_consolidated`, `_date`, `_firm` (the date is the row's
    own report date) and the group's columns. `levels` are named finest first; any other level is the
    coarsest. A row that stands for several accounts (accountId="-") is coarser than a row of its account,
    and a copy of what its statement reports for any account. Levels in `by_day` sum over groups, so they
    are compared with all rows of the day. A row without a firm date is also compared with its whole
    statement, because a coarse row may bear the date of any row that it sums.
    """
    ranks = {level: rank for rank, level in enumerate(levels)}
    level = pl.col("_level").replace_strict(ranks, default=len(levels), return_dtype=pl.Int32)
    facts = facts.with_columns(_rank=level * 2 + pl.col("_consolidated").cast(pl.Int32))
    if facts["_rank"].n_unique() <= 1:
        return facts.drop("_rank")
    finest = pl.col("_rank").min()
    in_group = finest.over("account_id", "_date", *group)
    in_statement = finest.over("account_id", "_version", *group)
    in_day = finest.over("account_id", "_date")
    in_statement_day = pl.min_horizontal(in_day, finest.over("account_id", "_version"))
    copied_here = finest.over("_version", "_date", *group)
    copied = finest.over("_version", *group)
    sums = pl.col("_level").is_in(list(by_day))
    best = (
        pl.when(sums & pl.col("_firm"))
        .then(in_day)
        .when(sums)
        .then(in_statement_day)
        .when(pl.col("_consolidated"))
        .then(pl.min_horizontal(in_group, pl.when("_firm").then(copied_here).otherwise(copied)))
        .when(pl.col("_firm"))
        .then(in_group)
        .otherwise(pl.min_horizontal(in_group, in_statement))
    )
    return facts.filter(pl.col("_rank") == best).drop("_rank")


def usable_ids(facts: pl.DataFrame) -> pl.DataFrame:
    """Add `_id_usable`: the transaction id in `_id` is the row's identity.

    Ids are numbers; words in their place (N/A, REDACTED) and zero are not, nor is an id that one statement
    gives to several rows of an account: those rows are told apart by their content.
    """
    number = pl.col("_id").str.contains(r"^\d+$") & ~pl.col("_id").str.contains(r"^0+$")
    facts = facts.with_columns(_id_usable=number.fill_null(False))
    numbered = facts.filter("_id_usable")
    shared = (
        numbered.group_by("account_id", "_version", "_id")
        .len()
        .filter(pl.col("len") > 1)
        .select("account_id", "_id", _shared=pl.lit(True))
        .unique()
    )
    if shared.is_empty():
        return facts
    return (
        facts.join(shared, on=["account_id", "_id"], how="left")
        .with_columns(_id_usable=pl.col("_id_usable") & pl.col("_shared").is_null())
        .drop("_shared")
    )


def newest_facts(facts: pl.DataFrame, group: Sequence[str]) -> pl.DataFrame:
    """Of rows that several documents report, keep the newest.

    A row with a usable id is superseded by a newer row of the same account and id. A row without one is
    superseded when a newer statement, whose period holds the report date, reports rows of the same account,
    date and `group`; so is a row with an id when that newer statement writes no ids. Rows without a firm
    date are never superseded here: equal content decides about them (`with_keys`).
    """
    if facts.is_empty():
        return facts
    with_id = facts.filter("_id_usable")
    without = facts.filter(~pl.col("_id_usable"))
    with_id = with_id.filter(pl.col("_version") == pl.col("_version").max().over("account_id", "_id"))
    if without.is_empty():
        return with_id
    key = ["account_id", "_date", *group]
    reporting = pl.concat([with_id, without]).filter(pl.col("_firm") & pl.col("_in_period"))
    newest = reporting.group_by(key).agg(
        _newest=pl.col("_version").max(),
        _newest_has_ids=pl.col("_id_usable").filter(pl.col("_version") == pl.col("_version").max()).any(),
    )
    superseded = pl.col("_firm") & (pl.col("_version") < pl.col("_newest"))
    without = without.join(newest, on=key, how="left", nulls_equal=True).filter(~superseded.fill_null(False))
    with_id = with_id.join(newest, on=key, how="left", nulls_equal=True).filter(
        ~(superseded & ~pl.col("_newest_has_ids")).fill_null(False)
    )
    return pl.concat([with_id, without]).drop("_newest", "_newest_has_ids")


def with_keys(rows: pl.DataFrame, key: str, content: Sequence[str]) -> pl.DataFrame:
    """Add the identity within the account as column `key`, and keep the newest row of each.

    It is the transaction id (`_id`) where that is usable, else a hash of the `content` columns and an
    occurrence number: alike rows of one statement are different facts, alike rows of two statements are
    one. Rows that share both an id and their content are one.
    """
    usable = rows.filter("_id_usable").with_columns(pl.col("_id").alias(key))
    rest = rows.filter(~pl.col("_id_usable"))
    if rest.is_empty():
        return usable
    digest = pl.Series("_content", _digests(rest, content), dtype=pl.String)
    numbered = pl.col("_id").str.contains(r"^\d*[1-9]\d*$").fill_null(False)
    occurrence = pl.col("_row").rank("ordinal").over("account_id", "_version", "_content").cast(pl.Int64) - 1
    rest = (
        rest.with_columns(digest)
        .with_columns(pl.when(numbered).then(0).otherwise(occurrence).alias("_occurrence"))
        .with_columns(pl.concat_str("_content", pl.lit("-"), pl.col("_occurrence")).alias(key))
        .sort(_FACT, descending=[True, False])
        .unique(["account_id", key], keep="first", maintain_order=True)
        .drop("_content", "_occurrence")
    )
    return pl.concat([usable, rest])


def without_copies(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop the rows for several accounts (accountId="-") of statements that report accounts by name too."""
    return rows.filter(pl.col("_consolidated") == pl.col("_consolidated").min().over("_version"))


def newest_by_key(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """One row per key: the account's own before one for several accounts, the newest, the account's total.

    The account's total is the row without a model portfolio; among equals the first in the document stands.
    """
    return (
        rows.with_columns(_whole=pl.col("_model") == "")
        .sort(["_consolidated", "_version", "_whole", "_row"], descending=[False, True, True, False])
        .unique(list(key), keep="first", maintain_order=True)
        .drop("_whole")
    )


def newest_statements(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Keep, per account and `by`, the newest statement's rows; consolidated ones where it has no others."""
    newest = rows.filter(pl.col("_version") == pl.col("_version").max().over("account_id", *by))
    return newest.filter(pl.col("_consolidated") == pl.col("_consolidated").min().over("account_id", *by))


def summary_else_parts(rows: pl.DataFrame, within: Sequence[str]) -> pl.DataFrame:
    """Per account, `report_date` and `within` the rows of level SUMMARY, or all of its rows where it has none."""
    is_summary = (pl.col("level") == "SUMMARY").fill_null(False)
    return rows.filter(is_summary | ~is_summary.any().over("account_id", "report_date", *within))


def numbered_key(rows: pl.DataFrame, key: str, parts: Sequence[str]) -> pl.DataFrame:
    """Add a key of the texts of `parts`, and a number that tells equal rows of an account and `report_date` apart."""
    same = ("account_id", "report_date", *parts)
    occurrence = (pl.col("_row").rank("ordinal").over(same) - 1).cast(pl.String)
    texts = [pl.col(name).cast(pl.String).fill_null("?") for name in parts]
    return rows.with_columns(pl.concat_str(*texts, occurrence, separator=":").alias(key))


def instrument_key(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `instrument_key`: the conid as text, else asset_class:symbol:currency; null without both."""
    parts = (pl.col(name).fill_null("") for name in ("asset_class", "symbol", "currency"))
    named = pl.when(pl.col("symbol").is_not_null()).then(pl.concat_str(*parts, separator=":"))
    return rows.with_columns(instrument_key=pl.coalesce(pl.col("conid").cast(pl.String), named))


def _digests(rows: pl.DataFrame, content: Sequence[str]) -> list[str]:
    """A hash per row that no version of a library changes: blake2b over the columns' exact text."""
    cells = [
        pl.col(name).dt.epoch("us").cast(pl.String)
        if isinstance(rows.schema[name], pl.Datetime)
        else pl.col(name).cast(pl.String)
        for name in content
    ]
    lines = rows.select(pl.concat_str([cell.fill_null("\x00") for cell in cells], separator="\x1f"))
    return [
        "h" + blake2b(line.encode(), digest_size=_CONTENT_BYTES).hexdigest()
        for line in lines.to_series().to_list()
    ]
