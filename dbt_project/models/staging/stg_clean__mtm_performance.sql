with

source as (
    select * from {{ clean('mtm_performance') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        row_kind,
        prior_quantity,
        prior_price,
        quantity,
        price,
        prior_open_mtm,
        transaction_mtm,
        corporate_action_mtm,
        dividends,
        commissions,
        other,
        other_with_accruals,
        total,
        total_with_accruals,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
