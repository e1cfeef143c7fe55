-- What is known to be wrong behind each check of a period: sections and days that no document covers, rows and cells
-- that could not be read as what they are, and facts that a later statement restated. One row per check and finding.
{% set stands_on = {
    'change_in_nav_components': ['ChangeInNAV'],
    'nav_start': ['ChangeInNAV', 'EquitySummaryInBase'],
    'nav_end': ['ChangeInNAV', 'EquitySummaryInBase'],
    'nav_components': ['EquitySummaryInBase'],
    'nav_cash': ['EquitySummaryInBase', 'CashReport'],
    'nav_stock': ['EquitySummaryInBase', 'OpenPositions', 'ConversionRates'],
    'nav_options': ['EquitySummaryInBase', 'OpenPositions', 'ConversionRates'],
    'nav_bonds': ['EquitySummaryInBase', 'OpenPositions', 'ConversionRates'],
    'nav_funds': ['EquitySummaryInBase', 'OpenPositions', 'ConversionRates'],
    'nav_crypto': ['EquitySummaryInBase', 'OpenPositions', 'ConversionRates'],
    'nav_commodities': ['EquitySummaryInBase', 'OpenPositions', 'ConversionRates'],
    'nav_dividend_accruals': ['EquitySummaryInBase', 'OpenDividendAccruals', 'ConversionRates'],
    'cash_report_components': ['CashReport'],
    'cash_statement_of_funds': ['CashReport', 'StmtFunds'],
    'external_flows': ['ChangeInNAV', 'CashTransactions', 'Transfers'],
    'twr': ['ChangeInNAV', 'EquitySummaryInBase', 'CashTransactions', 'Transfers'],
    'realized_total': ['FIFOPerformanceSummaryInBase', 'Trades', 'CorporateActions'],
    'unrealized_total': ['FIFOPerformanceSummaryInBase', 'OpenPositions', 'ConversionRates'],
    'position_unrealized': ['OpenPositions'],
    'trade_net_cash': ['Trades'],
    'trade_realized': ['Trades'],
} %}
{% for name, section, words in identity_checks() %}{% do stands_on.update({name: [section]}) %}{% endfor %}
{% set over_days = ['nav_start', 'nav_end', 'cash_statement_of_funds', 'external_flows', 'twr', 'realized_total'] %}
with

stands_on (check_name, section, is_over_days) as (
    values
    {% for check, sections in stands_on.items() %}{% set last_check = loop.last %}
    {% for section in sections -%}
    ('{{ check }}', '{{ section }}', {{ 'true' if check in over_days else 'false' }}){{ ',' if not (loop.last and last_check) }}
    {% endfor %}{% endfor %}
),

periods as (
    select account_id, period_start, period_end, when_generated_at
    from {{ ref('int_statements__merge_period') }}
),

documents as (
    select distinct account_id, period_start_date as period_start, period_end_date as period_end, document_id
    from {{ ref('stg_clean__statement') }}
),

gaps as (
    select distinct account_id, gap, sections, gap_first_date, gap_last_date
    from {{ ref('int_coverage__gap') }}
),

not_covered as (
    select
        periods.*, gaps.gap, gaps.sections, gaps.gap_first_date, gaps.gap_last_date
    from periods
    inner join gaps
        on
            periods.account_id = gaps.account_id
            and periods.period_end >= gaps.gap_first_date
            and (
                periods.period_start <= gaps.gap_last_date
                -- Days that are missing right before a period are missing from what it starts with.
                or (gaps.gap = 'missing_days' and periods.period_start <= {{ next_weekday('gaps.gap_last_date') }})
            )
),

unread as (
    select
        document_id,
        section,
        count(*) || ' cell(s) or row(s) of ' || section || ' could not be read, such as ' || min("column") || ': ' || min(problem)
            as what
    from {{ ref('stg_clean__issue') }}
    where severity = 'error'
    group by document_id, section

    union all

    select
        document_id,
        section,
        section || ' has attributes that are not known: ' || unknown_column_names
    from {{ ref('stg_clean__document_section') }}
    where unknown_columns > 0
),

other_cash as (
    select account_id, report_date, type
    from {{ ref('stg_clean__cash_transaction') }}
    where category = 'other'
),

restated as (
    select
        account_id,
        section,
        report_date,
        changed_at,
        count(*) as values_changed,
        min(concat_ws(' ', entity, key, field, coalesce(was, 'nothing'), '→', coalesce(became, 'nothing'))) as example
    from {{ ref('stg_clean__restatement') }}
    group by all
),

found as (
    select
        account_id, period_start, period_end, unnest(sections) as section, 'missing_section' as cause, 1 as cause_rank,
        'From ' || strftime(gap_first_date, '%Y-%m-%d') || ' to ' || strftime(gap_last_date, '%Y-%m-%d')
        || ' no statement has a section that this check stands on: `tieout gaps` names it and the query that brings it.'
            as what,
        false as is_for_days
    from not_covered
    where gap = 'missing_section'

    union all

    select
        account_id, period_start, period_end, null, 'missing_document', 2,
        'No statement covers ' || strftime(gap_first_date, '%Y-%m-%d') || ' to ' || strftime(gap_last_date, '%Y-%m-%d')
        || ': fetch it (`tieout gaps` names the query).',
        true
    from not_covered
    where gap = 'missing_days'

    union all

    select
        documents.account_id, documents.period_start, documents.period_end, unread.section, 'unknown_row_type', 3,
        unread.what || '. See data_health; a later version of Tieout may know it.',
        false
    from documents
    inner join unread on documents.document_id = unread.document_id

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, 'CashTransactions', 'unknown_row_type', 3,
        count(*) || ' cash transaction(s) are of a type that is not known, such as ' || coalesce(min(other_cash.type), 'none')
        || ': they count as no deposit, withdrawal, income or fee.',
        false
    from periods
    inner join other_cash
        on
            periods.account_id = other_cash.account_id
            and other_cash.report_date between periods.period_start and periods.period_end
    group by all

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, restated.section, 'restated', 4,
        sum(restated.values_changed) || ' value(s) of ' || restated.section
        || ' in this period were restated after this statement, the first on '
        || strftime(min(restated.changed_at), '%Y-%m-%d') || ' (' || arg_min(restated.example, restated.changed_at)
        || '): fetch the statement of this period again.',
        false
    from periods
    inner join restated
        on
            (restated.account_id is null or periods.account_id = restated.account_id)
            and restated.report_date between periods.period_start and periods.period_end
            and restated.changed_at > periods.when_generated_at
    group by periods.account_id, periods.period_start, periods.period_end, restated.section
)

select
    found.account_id,
    found.period_start,
    found.period_end,
    checks.check_name,
    arg_min(found.cause, (found.cause_rank, found.section, found.what)) as cause,
    arg_min(found.what, (found.cause_rank, found.section, found.what)) as what
from found
inner join stands_on as checks
    on case when found.is_for_days then checks.is_over_days else checks.section = found.section end
group by all
