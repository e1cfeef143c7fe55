-- Our books against the broker's own totals: one row per account, period and check, from the newest statement of
-- each period. not_reported says what is missing; broken says by how much; nothing here blocks a publication.
with

checks as (
    select * from {{ ref('int_reconciliation__nav') }}
    union all
    select * from {{ ref('int_reconciliation__cash') }}
    union all
    select * from {{ ref('int_reconciliation__performance') }}
    union all
    select * from {{ ref('int_reconciliation__summary') }}
    union all
    select * from {{ ref('int_reconciliation__lots') }}
    union all
    select * from {{ ref('int_reconciliation__pnl') }}
    union all
    select * from {{ ref('int_reconciliation__source') }}
    union all
    select * from {{ ref('int_reconciliation__count_identity') }}
),

placed as (
    select checks.*, periods.document_id, periods.restated_sections
    from checks
    inner join {{ ref('int_statements__merge_period') }} as periods
        on
            checks.account_id = periods.account_id
            and checks.period_start = periods.period_start
            and checks.period_end = periods.period_end
    -- A document of trade confirmations alone reports no totals to hold anything against.
    where periods.sections <> ',TradeConfirms,'

    union all

    -- An analysis is no statement: its checks name their own document, and none restates it.
    select *, ',' from {{ ref('int_reconciliation__portfolio_analyst') }}
),

judged as (
    select
        *,
        ours - broker as difference,
        case
            when missing is not null then 'not_reported'
            when ours is null or broker is null then 'not_reported'
            when abs(ours - broker) <= tolerance then 'tied'
            when check_name = 'source_agreement' then 'broken'
            when contains(restated_sections, ',' || section || ',') then 'restated'
            else 'broken'
        end as verdict
    from placed
),

explained as (
    -- Why a check is not tied: what its own missing part says, else the likeliest finding behind it.
    select
        judged.*,
        hints.what,
        case
            when judged.verdict = 'tied' then null
            when judged.verdict = 'restated' then 'restated'
            when judged.verdict = 'not_reported' then {{ cause_of_missing('judged.missing') }}
            when hints.cause is not null then hints.cause
            when abs(judged.ours - judged.broker) <= 5 * judged.tolerance then 'rounding'
            else 'unknown'
        end as probable_cause
    from judged
    left join {{ ref('int_reconciliation__hint') }} as hints
        on
            judged.account_id = hints.account_id
            and judged.period_start = hints.period_start
            and judged.period_end = hints.period_end
            and judged.check_name = hints.check_name
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    currency,
    ours,
    broker,
    difference,
    tolerance,
    case when verdict = 'restated' then 'not_reported' else verdict end as status,
    case verdict
        when 'tied' then meaning
        when 'not_reported' then coalesce(missing, 'One side of this check is not reported.')
        when 'restated'
            then meaning || ' This statement says ' || {{ money_text('broker') }} || ', our books ' || {{ money_text('ours') }}
                || ': a newer statement over a longer period reports these days again, and our books follow it. '
                || 'The total of this period itself has not been reported again.'
        else meaning || ' Ours is ' || {{ money_text('ours') }} || ', the broker says ' || {{ money_text('broker') }}
            || ': a difference of ' || {{ money_text('difference') }} || '. ' || {{ advice('probable_cause', 'what') }}
    end as explanation,
    document_id,
    probable_cause
from explained
