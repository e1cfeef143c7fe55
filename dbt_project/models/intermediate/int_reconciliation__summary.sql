-- Checks of the broker's summaries per account and period: mark-to-market (identity 4), PnL by instrument (4, 5),
-- change in position values, interest accruals and details, taxes, and cash rebuilt from its rows (6).
with

periods as (
    select * from {{ ref('int_statements__merge_period') }}
),

changes as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        mtm,
        coalesce(mtm, 0) = 0 and (coalesce(realized, 0) <> 0 or coalesce(change_in_unrealized, 0) <> 0) as is_fifo_view,
        transaction_tax,
        sales_tax,
        change_in_interest_accruals
    from {{ ref('stg_clean__change_in_nav') }}
),

marked as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        count(*) filter (where row_kind <> 'total') as source_rows,
        count(*) filter (where row_kind = 'instrument' and conid is null) as without_conid,
        sum(total) filter (where row_kind <> 'total') as total,
        max(total) filter (where row_kind = 'total' and description ilike 'Total P/L%') as grand_total,
        sum({{ sum_of(['prior_open_mtm', 'transaction_mtm', 'corporate_action_mtm']) }})
            filter (where row_kind in ('instrument', 'currency')) as mtm
    from {{ ref('stg_clean__mtm_performance') }}
    group by all
),

valued as (
    select
        account_id,
        period_start_date as period_start,
        period_end_date as period_end,
        count(*) as source_rows,
        count(*) filter (
            where abs(
                coalesce(prior_period_value, 0) + {{ sum_of(position_value_parts()) }} - coalesce(end_of_period_value, 0)
            ) > {{ tolerance() }}
        ) as rows_broken,
        count(*) filter (where currency = 'BASE_SUMMARY') as base_rows,
        sum({{ sum_of(['mtm_prior_period_positions', 'mtm_transactions']) }})
            filter (where currency = 'BASE_SUMMARY') as mtm
    from {{ ref('stg_clean__position_value_change') }}
    group by all
),

symbols as (
    select
        account_id, period_start, period_end, check_name,
        count(*) as compared,
        count(*) filter (where is_broken) as broken
    from {{ ref('int_reconciliation__symbol') }}
    group by all
),

accruals as (
    select
        *,
        coalesce(interest_accrued, 0) + coalesce(accrual_reversal, 0) as moved
    from {{ ref('stg_clean__interest_accrual') }}
),

details as (
    select account_id, currency, value_date, count(*) as source_rows, sum(total_interest) as interest
    from (
        select * replace (coalesce(value_date, report_date) as value_date) from {{ ref('stg_clean__interest_detail') }}
    )
    where total_interest is not null
    group by all
),

nav as (
    select account_id, report_date, interest_accruals
    from {{ ref('stg_clean__nav_daily') }}
    where interest_accruals is not null
),

taxes as (
    select
        taxes.account_id, taxes.report_date, 'transaction_taxes' as check_name,
        count(*) as source_rows, sum({{ in_base('taxes.tax_amount', 'taxes') }}) as amount_base
    from {{ ref('stg_clean__transaction_tax') }} as taxes
    {{ join_day_rate('taxes', 'report_date') }}
    group by all

    union all

    select
        account_id, report_date, 'taxes_of_trades',
        count(*), sum({{ exact_product('taxes', 'fx_rate_to_base') }})
    from {{ ref('int_trades__convert') }}
    where taxes <> 0
    group by all

    union all

    select
        taxes.account_id, taxes.report_date, 'sales_taxes',
        count(*), sum({{ in_base('taxes.sales_tax', 'taxes') }})
    from {{ ref('stg_clean__sales_tax') }} as taxes
    {{ join_day_rate('taxes', 'report_date') }}
    group by all
),

taxed as (
    select
        periods.account_id, periods.period_start, periods.period_end, taxes.check_name,
        sum(taxes.source_rows) as source_rows, sum(taxes.amount_base) as amount_base
    from periods
    inner join taxes
        on periods.account_id = taxes.account_id and taxes.report_date between periods.period_start and periods.period_end
    group by all
),

-- What each row moves in each currency's cash, by day. A currency trade has two legs, and its commission may stand in a
-- third currency; of a future or a contract for difference only the commission and taxes move cash at once.
moves as (
    select
        account_id, report_date, currency, 'trade' as kind,
        case when asset_class in ('FUT', 'CFD') then 0 else coalesce(proceeds, 0) end + coalesce(taxes, 0) as amount
    from {{ ref('int_trades__convert') }}

    union all

    select
        account_id, report_date, coalesce(commission_currency, currency),
        case when asset_class = 'CASH' then 'currency_commission' else 'commission' end, commission
    from {{ ref('int_trades__convert') }}

    union all

    select account_id, report_date, split_part(symbol, '.', 1), 'trade', quantity
    from {{ ref('int_trades__convert') }}
    where asset_class = 'CASH'

    {% for model, amount in [
        ('cash_transaction', 'amount'), ('corporate_action', 'proceeds'), ('transfer', 'cash_transfer'),
        ('sales_tax', 'sales_tax'), ('cfd_charge', 'amount'),
    ] %}
    union all

    select account_id, report_date, currency, '{{ model }}', {{ amount }}
    from {{ ref('stg_clean__' ~ model) }}
    {% endfor %}
),

moved as (
    select
        account_id,
        report_date,
        currency,
        sum(amount) as amount,
        sum(amount) filter (where kind like '%commission') as commissions,
        bool_or(kind = 'currency_commission') as has_currency_commissions
    from moves
    where amount <> 0
    group by all
),

funded as (
    select account_id, report_date, currency, sum(amount) as amount
    from {{ ref('stg_clean__statement_of_funds') }}
    where level = 'Currency'
    group by all
),

-- Settlements in cash that no row tells of are taken from the report itself.
cash as (
    select
        periods.account_id,
        periods.period_start,
        periods.period_end,
        periods.sections,
        balances.currency,
        balances.starting_cash,
        balances.ending_cash,
        balances.commissions,
        {{ sum_of(cash_report_components_without_rows(), 'balances.') }}
        + case when {{ reports('SalesTaxes') }} then 0 else coalesce(balances.sales_tax, 0) end
        + case when {{ reports('CFDCharges') }} then 0 else coalesce(balances.cfd_charges, 0) end as without_rows
    from periods
    inner join {{ ref('stg_clean__cash_balance') }} as balances
        on
            periods.account_id = balances.account_id
            and periods.period_start = balances.period_start_date
            and periods.period_end = balances.period_end_date
            and balances.currency <> 'BASE_SUMMARY'
),

cash_sums as (
    select
        cash.account_id,
        cash.period_start,
        cash.period_end,
        cash.currency,
        any_value(cash.sections) as sections,
        any_value(cash.starting_cash) as starting_cash,
        any_value(cash.ending_cash) as ending_cash,
        any_value(cash.starting_cash) + any_value(cash.without_rows) + coalesce(sum(moved.amount), 0) as by_rows,
        any_value(cash.commissions) - coalesce(sum(moved.commissions), 0) as commissions_apart,
        bool_or(moved.has_currency_commissions) as has_currency_commissions
    from cash
    left join moved
        on
            cash.account_id = moved.account_id
            and cash.currency = moved.currency
            and moved.report_date between cash.period_start and cash.period_end
    group by all
),

fund_sums as (
    select cash.account_id, cash.period_start, cash.period_end, cash.currency, sum(funded.amount) as amount
    from cash
    inner join funded
        on
            cash.account_id = funded.account_id
            and cash.currency = funded.currency
            and funded.report_date between cash.period_start and cash.period_end
    group by all
),

-- The row of a currency trade may name another currency for its commission than the one that was charged: where such
-- trades stand and the rows put too much commission in one currency and too little in another, the report's commissions
-- may take their place. The statement of funds stands in where trades are not reported, or give another amount.
cash_tried as (
    select
        cash_sums.*,
        {{ reports('Trades') }} and {{ reports('CashTransactions') }} as has_rows,
        abs(by_rows - ending_cash) <= {{ tolerance() }} as is_tied,
        abs(by_rows + commissions_apart - ending_cash) <= {{ tolerance() }}
        and bool_or(has_currency_commissions) over period
        and min(commissions_apart) over period < 0
        and max(commissions_apart) over period > 0 as is_tied_with_commissions,
        case when {{ reports('StmtFunds') }} then starting_cash + fund_sums.amount end as by_funds
    from cash_sums
    left join fund_sums using (account_id, period_start, period_end, currency)
    window period as (partition by account_id, period_start, period_end)
),

cash_rebuilt as (
    select
        *,
        case
            when has_rows and is_tied then 'rows'
            when has_rows and is_tied_with_commissions then 'rows and commissions'
            when by_funds is not null then 'funds'
            when has_rows then 'rows'
        end as way
    from cash_tried
),

joined as (
    select
        periods.*,
        changes.mtm as nav_mtm,
        coalesce(changes.is_fifo_view, false) as is_fifo_view,
        changes.transaction_tax,
        changes.sales_tax,
        changes.change_in_interest_accruals,
        coalesce(marked.source_rows, 0) as marked_rows,
        coalesce(marked.without_conid, 0) as without_conid,
        marked.total as marked_total,
        marked.grand_total,
        marked.mtm as marked_mtm,
        coalesce(valued.source_rows, 0) as valued_rows,
        coalesce(valued.base_rows, 0) as valued_base_rows,
        valued.rows_broken as values_broken,
        valued.mtm as valued_mtm
    from periods
    left join changes using (account_id, period_start, period_end)
    left join marked using (account_id, period_start, period_end)
    left join valued using (account_id, period_start, period_end)
),

checks as (
    select
        account_id,
        period_start,
        period_end,
        'mtm_total' as check_name,
        'MTMPerformanceSummaryInBase' as section,
        cast(null as varchar) as currency,
        marked_total as ours,
        grand_total as broker,
        {{ tolerance_of_rows('marked_rows') }} as tolerance,
        case
            when not {{ reports('MTMPerformanceSummaryInBase') }} then {{ section_missing('MTMPerformanceSummaryInBase') }}
            when grand_total is null then 'The mark-to-market summary has no row Total P/L.'
            when marked_total is null then {{ field_missing('MTMPerformanceSummaryInBase', 'Total') }}
        end as missing,
        'Sum of the rows of the mark-to-market summary against its total.' as meaning
    from joined

    union all

    select
        account_id, period_start, period_end, 'mtm_change_in_nav', 'MTMPerformanceSummaryInBase', null,
        coalesce(marked_mtm, 0), nav_mtm, {{ tolerance_of_rows('marked_rows') }},
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when is_fifo_view
                then 'Change in NAV splits the result into realised and unrealised PnL in place of mark-to-market.'
            when nav_mtm is null then {{ field_missing('ChangeInNAV', 'MTM') }}
        end,
        'Mark-to-market of positions and trades by instrument, without commissions, against Change in NAV.'
    from joined
    where {{ reports('MTMPerformanceSummaryInBase') }}

    union all

    select
        account_id, period_start, period_end, 'position_value_mtm', 'ChangeInPositionValues', null,
        valued_mtm, nav_mtm, {{ tolerance_of_rows('valued_rows') }},
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when valued_base_rows = 0 then 'The change in position values has no rows in base currency (BASE_SUMMARY).'
            when is_fifo_view
                then 'Change in NAV splits the result into realised and unrealised PnL in place of mark-to-market.'
            when nav_mtm is null then {{ field_missing('ChangeInNAV', 'MTM') }}
        end,
        'Mark-to-market in the change of position values against Change in NAV.'
    from joined
    where {{ reports('ChangeInPositionValues') }}

    union all

    select
        account_id, period_start, period_end, 'position_value_components', 'ChangeInPositionValues', null,
        cast(valued_rows - values_broken as {{ exact() }}), cast(valued_rows as {{ exact() }}),
        cast(0 as {{ exact() }}),
        case when valued_rows = 0 then 'The change in position values has no rows.' end,
        'Asset classes whose value before the period plus what moved it is the value at its end; '
        || coalesce(values_broken, 0) || ' are not.'
    from joined
    where {{ reports('ChangeInPositionValues') }}

    {% for check, section, rows_section, words in [
        ('mtm_prior_by_symbol', 'MTMPerformanceSummaryInBase', 'PriorPeriodPositions',
         'mark-to-market of positions held over is that of the daily marks'),
        ('mtm_transactions_by_symbol', 'MTMPerformanceSummaryInBase', 'Trades',
         'mark-to-market of trades is that of trades and corporate actions'),
        ('realized_by_symbol', 'FIFOPerformanceSummaryInBase', 'Trades',
         'realised PnL by FIFO is that of trades and corporate actions'),
        ('unrealized_by_symbol', 'FIFOPerformanceSummaryInBase', 'OpenPositions',
         'unrealised PnL by FIFO is that of the open positions'),
    ] %}
    union all

    select
        joined.account_id, joined.period_start, joined.period_end, '{{ check }}', '{{ section }}', null,
        cast(symbols.compared - symbols.broken as {{ exact() }}), cast(symbols.compared as {{ exact() }}),
        cast(0 as {{ exact() }}),
        case
            when not {{ reports(rows_section) }} then {{ section_missing(rows_section) }}
            when symbols.compared is null
                then 'No row of the summary names an instrument by its Conid, or the amount is not selected.'
        end,
        'Instruments whose {{ words }}; ' || coalesce(symbols.broken, 0) || ' of ' || coalesce(symbols.compared, 0)
        || ' are not (reconciliation_row lists them).'
    from joined
    left join symbols
        on
            joined.account_id = symbols.account_id
            and joined.period_start = symbols.period_start
            and joined.period_end = symbols.period_end
            and symbols.check_name = '{{ check }}'
    where {{ reports(section) }}
    {% endfor %}

    union all

    -- Lots are an option of the section Trades: a statement without them has nothing to compare.
    select
        account_id, period_start, period_end, 'lots_by_symbol', 'Trades', null,
        cast(compared - broken as {{ exact() }}), cast(compared as {{ exact() }}), cast(0 as {{ exact() }}),
        null,
        'Instruments whose realised PnL of closed lots and wash sales is that of their trades; ' || broken
        || ' of ' || compared || ' are not (reconciliation_row lists them).'
    from symbols
    where check_name = 'lots_by_symbol'

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, 'interest_accrual_components',
        'InterestAccruals', currency,
        starting_accrual + moved + coalesce(fx_translation, 0), ending_accrual, {{ tolerance() }},
        case
            when starting_accrual is null then {{ field_missing('InterestAccruals', 'Starting Accrual Balance') }}
            when ending_accrual is null then {{ field_missing('InterestAccruals', 'Ending Accrual Balance') }}
        end,
        'Accrued interest before the period plus what moved it against the accrued interest at its end.'
    from periods
    inner join accruals
        on
            periods.account_id = accruals.account_id
            and periods.period_start = accruals.period_start_date
            and periods.period_end = accruals.period_end_date
    where {{ reports('InterestAccruals') }}

    union all

    select
        joined.account_id, joined.period_start, joined.period_end, 'interest_accrual_change', 'InterestAccruals', null,
        coalesce(accruals.moved, 0), joined.change_in_interest_accruals, {{ tolerance() }},
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when joined.change_in_interest_accruals is null
                then {{ field_missing('ChangeInNAV', 'Change in Interest Accruals') }}
        end,
        'Interest accrued less accruals taken back, in base currency, against Change in NAV.'
    from joined
    left join accruals
        on
            joined.account_id = accruals.account_id
            and joined.period_start = accruals.period_start_date
            and joined.period_end = accruals.period_end_date
            and accruals.currency = 'BASE_SUMMARY'
    where {{ reports('InterestAccruals') }}

    union all

    select
        accruals.account_id, accruals.period_start_date, accruals.period_end_date,
        'nav_interest_accruals', 'InterestAccruals', null,
        accruals.ending_accrual, nav.interest_accruals, {{ tolerance() }},
        case
            when not {{ reports('EquitySummaryInBase') }} then {{ section_missing('EquitySummaryInBase') }}
            when nav.report_date is null or nav.report_date < accruals.period_start_date
                then 'No net asset value of the period names the interest accruals.'
            when accruals.ending_accrual is null
                then {{ field_missing('InterestAccruals', 'Ending Accrual Balance') }}
        end,
        'Accrued interest at the end of the period against its component of the last net asset value.'
    from accruals
    inner join periods
        on
            accruals.account_id = periods.account_id
            and accruals.period_start_date = periods.period_start
            and accruals.period_end_date = periods.period_end
    asof left join nav on accruals.account_id = nav.account_id and accruals.period_end_date >= nav.report_date
    where accruals.currency = 'BASE_SUMMARY'

    union all

    select
        periods.account_id, periods.period_start, periods.period_end, 'interest_details', 'TierInterestDetails',
        accruals.currency,
        coalesce(sum(details.interest), 0), any_value(accruals.interest_accrued),
        {{ tolerance_of_rows('coalesce(sum(details.source_rows), 1)') }},
        case
            when any_value(accruals.interest_accrued) is null
                then {{ field_missing('InterestAccruals', 'Interest Accrued') }}
        end,
        'Interest by day and tier against the interest accrued in the period.'
    from periods
    inner join accruals
        on
            periods.account_id = accruals.account_id
            and periods.period_start = accruals.period_start_date
            and periods.period_end = accruals.period_end_date
            and accruals.currency <> 'BASE_SUMMARY'
    left join details
        on
            periods.account_id = details.account_id
            and accruals.currency = details.currency
            and details.value_date between periods.period_start and periods.period_end
    where {{ reports('TierInterestDetails') }}
    group by periods.account_id, periods.period_start, periods.period_end, accruals.currency

    {% for check, section, column, otherwise, words in [
        ('transaction_taxes', 'TransactionTaxes', 'transaction_tax', 'taxes_of_trades',
         'Taxes on trades (the trades\' own where the section Transaction Taxes has no rows)'),
        ('sales_taxes', 'SalesTaxes', 'sales_tax', '', 'Sales taxes'),
    ] %}
    union all

    select
        joined.account_id, joined.period_start, joined.period_end, '{{ check }}', '{{ section }}', null,
        coalesce(taxed.amount_base, otherwise.amount_base, 0), joined.{{ column }},
        {{ tolerance_of_rows('coalesce(taxed.source_rows, otherwise.source_rows, 1)') }},
        case
            when not {{ reports('ChangeInNAV') }} then {{ section_missing('ChangeInNAV') }}
            when not {{ reports(section) }} and otherwise.source_rows is null then {{ section_missing(section) }}
            when joined.{{ column }} is null
                then 'The field for this tax is not in Change in NAV (ChangeInNAV): add it to the Flex query.'
        end,
        '{{ words | replace("'", "''") }}, in base currency, against Change in NAV.'
    from joined
    left join taxed
        on
            joined.account_id = taxed.account_id
            and joined.period_start = taxed.period_start
            and joined.period_end = taxed.period_end
            and taxed.check_name = '{{ check }}'
    left join taxed as otherwise
        on
            joined.account_id = otherwise.account_id
            and joined.period_start = otherwise.period_start
            and joined.period_end = otherwise.period_end
            and otherwise.check_name = '{{ otherwise }}'
    -- Nothing to compare where neither side says anything.
    where taxed.source_rows > 0 or coalesce(joined.{{ column }}, 0) <> 0
    {% endfor %}

    union all

    select
        account_id, period_start, period_end, 'cash_rebuilt', 'CashReport', currency,
        case way when 'rows' then by_rows when 'funds' then by_funds else by_rows + commissions_apart end,
        ending_cash, {{ tolerance() }},
        case
            when ending_cash is null then {{ field_missing('CashReport', 'Ending Cash') }}
            when starting_cash is null then {{ field_missing('CashReport', 'Starting Cash') }}
            when way is null and not {{ reports('Trades') }} then {{ section_missing('Trades') }}
            when way is null then {{ section_missing('CashTransactions') }}
        end,
        case way
            when 'funds'
                then 'Starting cash plus the lines of the Statement of Funds against the ending cash of the Cash Report'
                    || case when has_rows
                        then '; trades and cash transactions give ' || {{ money_text('by_rows') }} else ''
                    end || '.'
            else 'Starting cash plus trades, cash transactions and other rows that move cash against the ending cash '
                || 'of the Cash Report'
                || case when way = 'rows and commissions'
                    then '; with the commissions of the report, because the rows of currency trades put '
                        || {{ money_text('-commissions_apart') }} || ' more in this currency'
                    else ''
                end || '.'
        end
    from cash_rebuilt
)

select
    account_id,
    period_start,
    period_end,
    check_name,
    section,
    currency,
    cast(ours as {{ exact() }}) as ours,
    cast(broker as {{ exact() }}) as broker,
    cast(tolerance as {{ exact() }}) as tolerance,
    missing,
    meaning
from checks
