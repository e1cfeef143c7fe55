"""Our own tax lots from the clean tables: FIFO, LIFO, HIFO and average cost. Contracts: transforms/schemas/features.py.

One stream of events an account (stream.py) is replayed once a method (engine.py), accounts that moved securities
between them together (transfers.py); output.py makes the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from transforms.features.tax_lots.engine import replay
from transforms.features.tax_lots.model import Outcome
from transforms.features.tax_lots.output import balances_table, issues_table, lots_table
from transforms.features.tax_lots.stream import INPUTS, AccountStream, account_streams
from transforms.features.tax_lots.transfers import Pair, pairs, replay_together
from transforms.schemas.features import LOT_BALANCES, LOT_ISSUES, LOT_METHODS, TAX_LOTS

ALL_METHODS_UP_TO: Final = 50_000
"""Events of an account up to which all methods are materialised; above, FIFO alone: the others would cost three
more replays and three times the rows, and almost nobody asks for them."""


@dataclass(frozen=True)
class TaxLots:
    """The tables of the lots, each keeping its contract, sorted by its key."""

    tax_lots: pl.DataFrame
    lot_balances: pl.DataFrame
    lot_issues: pl.DataFrame


def build_tax_lots(
    tables: Mapping[str, pl.DataFrame], methods: tuple[str, ...] | None = None, rounding_unit: int = 1
) -> TaxLots:
    """Lots, daily balances and findings of all accounts.

    `tables`: the clean tables named in INPUTS. `methods`: those of LOT_METHODS to follow, FIFO first; None: all of
    them for accounts of up to ALL_METHODS_UP_TO events, else FIFO. `rounding_unit`: the step, in 10⁻¹⁰, that shares
    of an amount are rounded to. Raises ContractError if a table breaks its contract.
    """
    lots, balances, issues = [TAX_LOTS.empty()], [LOT_BALANCES.empty()], [LOT_ISSUES.empty()]
    moved = pairs(tables["transfers"])
    for group in _groups(account_streams(tables), moved):
        events = max(account.events.height for account in group)
        followed = methods or (LOT_METHODS if events <= ALL_METHODS_UP_TO else LOT_METHODS[:1])
        for method in followed:
            for account, outcome in _replayed(group, moved, method, rounding_unit):
                lots.append(lots_table(account, outcome, method))
                if method == "fifo":
                    balances.append(balances_table(account, outcome))
                    issues.append(issues_table(account, outcome))
    return TaxLots(
        TAX_LOTS.validate(pl.concat(lots).sort(TAX_LOTS.key).rechunk()),
        LOT_BALANCES.validate(pl.concat(balances).sort(LOT_BALANCES.key).rechunk()),
        LOT_ISSUES.validate(pl.concat(issues).sort(LOT_ISSUES.columns).rechunk()),
    )


def _groups(streams: Iterator[AccountStream], moved: list[Pair]) -> Iterator[list[AccountStream]]:
    """Each account alone as it comes; at last, together, those that moved securities between them."""
    linked = {name for pair in moved for name in (pair.sender, pair.receiver)}
    together = []
    for account in streams:
        if account.account_id in linked:
            together.append(account)
        else:
            yield [account]
    if together:
        yield together


def _replayed(
    group: list[AccountStream], moved: list[Pair], method: str, unit: int
) -> list[tuple[AccountStream, Outcome]]:
    if len(group) > 1:
        return replay_together(group, moved, method, unit)
    return [(group[0], replay(group[0].stream, method, unit))]


__all__ = ["ALL_METHODS_UP_TO", "INPUTS", "TaxLots", "build_tax_lots"]
