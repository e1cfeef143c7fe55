with

source as (
    select * from {{ clean('positions') }}
),

renamed as (
    select
        account_id,
        report_date,
        instrument_key,
        conid,
        symbol,
        description,
        asset_class,
        currency,
        level,
        source_rows,
        quantity,
        mark_price,
        multiplier,
        position_value,
        open_price,
        cost_basis_price,
        cost_basis_money,
        unrealized_pnl,
        side,
        accrued_interest,
        fx_rate_to_base,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
