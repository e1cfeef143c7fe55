with

source as (
    select * from {{ clean('client_fees') }}
),

renamed as (
    select
        account_id,
        fee_key,
        level,
        fee_type,
        description,
        symbol,
        asset_class,
        currency,
        fx_rate_to_base,
        report_date,
        settle_date,
        trade_id,
        exec_id,
        side,
        quantity,
        price,
        proceeds,
        revenue,
        revenue_base,
        expense,
        expense_base,
        net,
        net_base,
        expense_indicator,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
