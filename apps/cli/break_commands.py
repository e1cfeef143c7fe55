"""`tieout acknowledge`: say that a break is known, or take that back. What is broken, the published version says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from apps.breaks import break_of, broken_checks, read_acknowledged
from apps.cli import queries
from apps.cli.context import CommandContext, fail
from apps.exact_text import plain_decimal
from apps.published import NothingPublishedError, open_current

if TYPE_CHECKING:
    from state_store.acknowledgements import Break


def acknowledge(
    ctx: typer.Context,
    account: Annotated[str, typer.Argument(help="The account (its id or alias).")],
    check: Annotated[str, typer.Argument(help="The check's name, as `tieout reconcile` prints it.")],
    period_end: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Last day of the period.")],
    currency: Annotated[str | None, typer.Option(help="Where the check is per currency.")] = None,
    period_start: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="First day, where several periods end on that day."
        ),
    ] = None,
    note: Annotated[str | None, typer.Option(help="Why the break may stay.")] = None,
    take_back: Annotated[bool, typer.Option("--undo", help="Take an acknowledgement back.")] = False,
) -> None:
    """Say of a broken check that it is known. It stays broken, but no longer counts for the exit code.

    An acknowledged break whose difference changes is open again.
    """
    from state_store import acknowledgements
    from state_store.database import StateError, StateStore

    if take_back and note is not None:
        fail("--note says why a break may stay; it does not go with --undo")
    if not take_back and not (note or "").strip():
        fail("say why the break may stay: --note TEXT")
    command: CommandContext = ctx.obj
    start = period_start.date() if period_start else None
    try:
        broken = _the_one(_candidates(command, account, take_back), check, period_end.date(), currency, start)
        store, now = StateStore(command.state_url), datetime.now(UTC)
        if take_back:
            before = acknowledgements.undo(store, broken, now)
            typer.echo(
                f"{_named(broken)} is open again." if before else f"{_named(broken)} was open already."
            )
            return
        before = acknowledgements.acknowledge(store, broken, (note or "").strip(), now)
    except (NothingPublishedError, queries.UnknownAccountError, StateError) as error:
        fail(str(error))
    typer.echo(f"{_named(broken)} is acknowledged.")
    if before:
        typer.echo(f"It was acknowledged before: {before.note}")


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(acknowledge)


def _candidates(command: CommandContext, account: str, take_back: bool) -> "list[Break]":
    """The account's broken checks; for --undo what is acknowledged, also where nothing is broken any more."""
    with open_current(command.published) as reader:
        account_id = queries.resolve_account(reader, account)
        found = [break_of(row) for row in broken_checks(reader, account_id)]
    if not take_back:
        return found
    known = read_acknowledged(command.state_url)
    return [b for b in known if b.account_id == account_id]


def _the_one(
    found: "Sequence[Break]", check: str, end: date, currency: str | None, start: date | None
) -> "Break":
    """The one break that is meant; several or none is an error that names what there is."""
    there = [
        b
        for b in found
        if b.check_name == check
        and b.period_end == end
        and (currency is None or (b.currency or "").casefold() == currency.casefold())
        and (start is None or b.period_start == start)
    ]
    if len(there) == 1:
        return there[0]
    if not there:
        others = "; ".join(_named(b) for b in found[:5])
        fail(
            f"no such break: {check} to {end}"
            + (f"; there are: {others}" if others else "; nothing is broken")
        )
    fail("several breaks match, add --currency or --from: " + "; ".join(_named(b) for b in there))


def _named(broken: Any) -> str:
    currency = f" in {broken.currency}" if broken.currency else ""
    return (
        f"{broken.account_id} {broken.check_name}{currency}, {broken.period_start} to {broken.period_end}, "
        f"difference {plain_decimal(broken.difference)}"
    )
