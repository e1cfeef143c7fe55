-- How many rows of each period keep the identities of int_reconciliation__identity, of all that could be compared.
with

names (check_name, section, words) as (
    values
    {% for name, section, words in identity_checks() %}
    ('{{ name }}', '{{ section }}', '{{ words }}'){{ ',' if not loop.last }}
    {% endfor %}
),

summed as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        names.check_name,
        names.section,
        names.words,
        sum(daily.rows_compared) as rows_compared,
        sum(daily.rows_broken) as rows_broken
    from {{ ref('int_statements__merge_period') }} as periods
    inner join {{ ref('int_reconciliation__identity') }} as daily
        on periods.account_id = daily.account_id and daily.report_date between periods.period_start and periods.period_end
    inner join names on daily.check_name = names.check_name
    where contains(periods.sections, ',' || names.section || ',')
    group by all
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    cast(null as varchar) as currency,
    cast(rows_compared - rows_broken as {{ exact() }}) as ours,
    cast(rows_compared as {{ exact() }}) as broker,
    cast(0 as {{ exact() }}) as tolerance,
    cast(null as varchar) as missing,
    words || '; ' || rows_broken || ' of ' || rows_compared || ' are not (reconciliation_row lists them).' as meaning
from summed
