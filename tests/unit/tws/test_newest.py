"""What a connection was told last: an answer takes the place of what was known, but not of what came meanwhile."""

from datetime import UTC, datetime
from decimal import Decimal

from tws.newest import Newest
from tws.values import Commission, Contract, Execution

AT = datetime(2026, 3, 3, tzinfo=UTC)
SHARE = Contract(1, "ABC", "STK", "USD")


def fill(execution_id: str, price: int = 10) -> Execution:
    return Execution(execution_id, "U1", SHARE, AT, Decimal(1), Decimal(price), "NYSE", 0, 1, 0)


def paid(execution_id: str) -> Commission:
    return Commission(execution_id, Decimal(1), "USD", None)


def ids(newest: Newest) -> set[str]:
    return {execution.execution_id for execution in newest.fills.values()}


def test_an_answer_takes_the_place_of_the_fills_known_before_it_was_asked_for() -> None:
    newest = Newest()
    newest.fill(fill("a.1.01"))
    newest.pay(paid("a.1.01"))
    asked = newest.known()
    newest.fill_only([fill("a.2.01")], asked)
    assert ids(newest) == {"a.2.01"}
    assert not newest.commissions


def test_a_fill_and_its_commission_that_come_while_it_is_asked_for_stay() -> None:
    newest = Newest()
    newest.fill(fill("a.1.01"))
    asked = newest.known()
    newest.fill(fill("a.1.02"))
    newest.fill(fill("a.3.01"))
    newest.pay(paid("a.3.01"))
    newest.fill_only([fill("a.1.01"), fill("a.2.01")], asked)
    assert ids(newest) == {"a.1.02", "a.2.01", "a.3.01"}
    assert set(newest.commissions) == {"a.3.01"}


def test_ids_without_a_revision_are_fills_of_their_own() -> None:
    newest = Newest()
    for execution_id in ("x", "y", "x.abc", "x.abd", "x.1.01", "x.1.02"):
        newest.fill(fill(execution_id))
    assert ids(newest) == {"x", "y", "x.abc", "x.abd", "x.1.02"}
