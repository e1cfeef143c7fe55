"""Documents with one place changed, many in one run: no figure of the marts is silently another one."""

from collections import Counter

import pytest

from tests.support.fuzz_plan import AUTUMN, QUARTER, Plan, is_seen_rightly, is_told_once, told_once
from tests.support.fuzzed_books import BROKEN, QUARANTINED, REFUSED, SILENT, FuzzedBooks, Outcome
from tests.support.mutations import KINDS, NUMBER, ROW_DROPPED, TRUNCATED
from transforms.broker_simulator import simulate

pytestmark = pytest.mark.slow
CHANGES = 49


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    plan = Plan(simulate(seed=7, years=1), seed=1)
    plan.add_told_once(QUARTER, AUTUMN)
    plan.add(QUARTER, CHANGES)
    plan.add_shared(QUARTER, (NUMBER, ROW_DROPPED))
    plan.add(AUTUMN, 4, (NUMBER,))
    return FuzzedBooks(plan.copies, tmp_path_factory.mktemp("fuzz") / "data").outcomes()


def test_no_change_is_silent_but_of_what_nothing_can_check(outcomes: list[Outcome]) -> None:
    silent = [o for o in outcomes if o.verdict == SILENT and o.copy.mutation]
    assert [
        (str(o.copy.mutation), dict(o.differing)) for o in silent if not is_told_once(o.copy.mutation)
    ] == []


def test_each_attribute_that_is_told_once_is_one(outcomes: list[Outcome]) -> None:
    changed = outcomes[: len(told_once())]
    assert {str(o.copy.mutation): o.verdict for o in changed if o.verdict != SILENT} == {}
    assert all(entry.reason for entry in told_once())


def test_a_break_stands_where_the_changed_section_is_seen(outcomes: list[Outcome]) -> None:
    broken = [o for o in outcomes if o.verdict == BROKEN]
    assert len(broken) > CHANGES / 5
    assert [(str(o.copy.mutation), sorted(o.checks)) for o in broken if not is_seen_rightly(o)] == []


def test_the_changes_are_of_every_kind_and_reach_the_books(outcomes: list[Outcome]) -> None:
    kinds = Counter(o.copy.mutation.kind for o in outcomes if o.copy.mutation)
    assert set(kinds) == set(KINDS)
    assert {QUARANTINED, REFUSED, BROKEN} <= {o.verdict for o in outcomes}
    cut = {o.verdict for o in outcomes if o.copy.mutation and o.copy.mutation.kind == TRUNCATED}
    assert cut == {QUARANTINED}
