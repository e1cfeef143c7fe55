with

source as (
    select * from {{ clean('corporate_actions') }}
),

renamed as (
    select
        account_id,
        action_key,
        transaction_id,
        action_id,
        level,
        type,
        instrument_key,
        conid,
        symbol,
        description,
        action_description,
        asset_class,
        currency,
        fx_rate_to_base,
        effective_at,
        report_date,
        quantity,
        amount,
        proceeds,
        value,
        cost_basis,
        realized_pnl,
        mtm_pnl,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
