with

source as (
    select * from {{ clean('portfolio_analyst_key_statistics') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        base_currency,
        performance_measure,
        beginning_nav,
        ending_nav,
        cumulative_return_percent,
        five_day_return_percent,
        ten_day_return_percent,
        best_return_percent,
        best_return_date,
        worst_return_percent,
        worst_return_date,
        mtm,
        deposits_withdrawals,
        dividends,
        interest,
        fees_commissions,
        other,
        change_in_nav,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
