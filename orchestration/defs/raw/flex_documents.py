"""The assets `raw/flex_fetch` and `raw/flex_history`: documents of the Flex queries, into the inbox.

Reading them is `raw/documents`, which the inbox sensor starts.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from config.flex_token import expiry
from config.settings import Settings, load_settings
from orchestration.fetching import FETCHED, KNOWN, FetchError, QueryOutcome, fetch_queries
from orchestration.keys import FLEX_POOL, OWNERS, RAW
from orchestration.resources.flex_web_service import FlexWebService, Reaction

FLEX_FETCH = dg.AssetKey([RAW, "flex_fetch"])
FLEX_HISTORY = dg.AssetKey([RAW, "flex_history"])
TOKEN = dg.AssetCheckSpec(
    "token",
    asset=FLEX_FETCH,
    description="The token of the Flex Web Service is good, and will be for 14 days (if FLEX_TOKEN_EXPIRES is set).",
)
ANSWERED = dg.AssetCheckSpec(
    "answered", asset=FLEX_FETCH, description="The broker refused none of the queries that were asked."
)
_WORDS = {
    FETCHED: "fetched",
    KNOWN: "nothing new",
    Reaction.EMPTY.value: "no statement",
    Reaction.RETRY.value: "not yet",
    Reaction.WAIT.value: "not yet",
    Reaction.FIX.value: "refused",
    Reaction.TOKEN.value: "token refused",
    Reaction.LOCKED.value: "locked out",
}


class FetchConfig(dg.Config):
    """Which queries are asked, by the names in FLEX_QUERY_IDS; none means all."""

    queries: list[str] = Field(default_factory=list)


class FlexSource(dg.ConfigurableResource):
    """The Flex Web Service behind the settings. The token is read when it is needed and stands in no configuration."""

    def service(self, settings: Settings) -> FlexWebService | None:
        """The service to ask in place of the one of the settings; tests have one."""
        return None

    def fetch(self, period: tuple[date, date] | None, only: Sequence[str] = ()) -> list[QueryOutcome]:
        """What became of each query. Raises `dagster.Failure` that names the setting that is missing."""
        settings = load_settings()
        try:
            return fetch_queries(settings, period, only, self.service(settings))
        except FetchError as error:
            raise dg.Failure(str(error), allow_retries=False) from None


@dg.asset(
    key=FLEX_FETCH,
    group_name=RAW,
    owners=OWNERS,
    kinds={"xml", "ibkr"},
    pool=FLEX_POOL,
    check_specs=[TOKEN, ANSWERED],
    description="The documents of the Flex queries, each for the query's own period, put into the inbox. One query "
    "that is refused does not stop the others; each tells what became of it.",
)
def flex_fetch(config: FetchConfig, flex: FlexSource) -> dg.MaterializeResult:
    """Ask for the queries that the configuration names."""
    outcomes = flex.fetch(None, config.queries)
    return dg.MaterializeResult(
        metadata={
            "queries": dg.MetadataValue.md(_table(outcomes)),
            "fetched": sum(outcome.result == FETCHED for outcome in outcomes),
            "nothing_new": sum(outcome.result == KNOWN for outcome in outcomes),
            "refused": sum(outcome.alarm for outcome in outcomes),
            "bytes": sum(outcome.size for outcome in outcomes),
            "seconds": round(sum(outcome.seconds for outcome in outcomes), 1),
        },
        check_results=[_token(outcomes), _answered(outcomes)],
    )


def flex_history(settings: Settings) -> dg.AssetsDefinition:
    """The asset `raw/flex_history`: one part per query of the settings and whole month since FLEX_BACKFILL_FROM."""
    parts = dg.MultiPartitionsDefinition(
        {
            "month": dg.MonthlyPartitionsDefinition(
                start_date=f"{settings.flex_first_month:%Y-%m}", timezone="America/New_York", fmt="%Y-%m"
            ),
            "query": dg.StaticPartitionsDefinition([query.name for query in settings.flex_queries]),
        }
    )

    @dg.asset(
        key=FLEX_HISTORY,
        group_name=RAW,
        owners=OWNERS,
        kinds={"xml", "ibkr"},
        pool=FLEX_POOL,
        partitions_def=parts,
        description="A whole month of a Flex query, put into the inbox. A month that the broker has no statement for "
        "is done, too; one that it refuses fails and says why, and can be run again. While the broker holds the token "
        "up, the parts that follow fail at once and nothing is sent.",
    )
    def history(context: dg.AssetExecutionContext, flex: FlexSource) -> dg.MaterializeResult:
        keys = context.partition_key.keys_by_dimension  # type: ignore[attr-defined]
        month, query = keys["month"], keys["query"]
        (outcome,) = flex.fetch(_days(month), [query])
        if outcome.alarm:
            raise dg.Failure(
                f"{query}, {month}: {outcome.problem}", metadata=_facts(outcome), allow_retries=False
            )
        return dg.MaterializeResult(metadata=_facts(outcome))

    return history


def _days(month: str) -> tuple[date, date]:
    """First and last day of a month."""
    first = date.fromisoformat(f"{month}-01")
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _facts(outcome: QueryOutcome) -> dict[str, Any]:
    """What became of one query, as metadata; what there is not is left out."""
    period = f"{outcome.period[0]} to {outcome.period[1]}" if outcome.period else "the query's own"
    facts = {
        "period": period,
        "result": _WORDS[outcome.result],
        "file": outcome.file,
        "said": outcome.problem,
        "code": outcome.code,
        "nothing_is_sent_before": f"{outcome.until:%Y-%m-%d %H:%M} UTC" if outcome.until else None,
        "document_id": outcome.document_id,
        "bytes": outcome.size or None,
        "seconds": round(outcome.seconds, 1),
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _token(outcomes: Sequence[QueryOutcome]) -> dg.AssetCheckResult:
    refused = next((o for o in outcomes if o.result == Reaction.TOKEN), None)
    known = expiry(load_settings().flex_token_expires, datetime.now(UTC).date())
    if refused is not None:
        return _check(TOKEN, False, dg.AssetCheckSeverity.ERROR, str(refused.problem))
    if known is None:
        return _check(
            TOKEN, True, dg.AssetCheckSeverity.WARN, "FLEX_TOKEN_EXPIRES is not set: no warning ahead"
        )
    severity = dg.AssetCheckSeverity.ERROR if known.state == "problem" else dg.AssetCheckSeverity.WARN
    return _check(TOKEN, known.state == "ok", severity, known.text)


def _answered(outcomes: Sequence[QueryOutcome]) -> dg.AssetCheckResult:
    """Refusals that pass by themselves warn, those that a person has to mend are errors."""
    refused = [outcome for outcome in outcomes if outcome.alarm]
    passing = {Reaction.RETRY.value, Reaction.WAIT.value}
    serious = any(outcome.result not in passing for outcome in refused)
    severity = dg.AssetCheckSeverity.ERROR if serious else dg.AssetCheckSeverity.WARN
    said = "; ".join(f"{outcome.query}: {outcome.problem}" for outcome in refused)
    return _check(ANSWERED, not refused, severity, said or "every query was answered")


def _check(
    spec: dg.AssetCheckSpec, passed: bool, severity: dg.AssetCheckSeverity, said: str
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=FLEX_FETCH, check_name=spec.name, passed=passed, severity=severity, description=said
    )


def _table(outcomes: Sequence[QueryOutcome]) -> str:
    """What became of each query as Markdown; the sentences stand below the table, which they would make too wide."""
    lines = [
        f"| {_cell(o.query)} | {_WORDS[o.result]} | {_cell(o.file)} | {o.size or ''} | {o.seconds:.1f} |"
        for o in outcomes
    ]
    said = [f"**{_cell(o.query)}**: {_cell(o.problem)}" for o in outcomes if o.problem]
    table = ["| query | result | file | bytes | seconds |", "|---|---|---|---|---|", *lines]
    return "\n\n".join(["\n".join(table), *said])


def _cell(text: str | None) -> str:
    """A text as a cell of a Markdown table: the broker's words may hold anything."""
    return " ".join((text or "").replace("|", "\\|").split())
