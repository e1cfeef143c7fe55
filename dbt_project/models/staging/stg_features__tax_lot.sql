with

source as (
    select * from {{ features('tax_lots') }}
),

renamed as (
    select
        account_id,
        method,
        instrument_key,
        lot_id,
        part,
        currency,
        side,
        is_open,
        open_at,
        open_date,
        close_at,
        close_date,
        close_report_date,
        quantity,
        cost,
        proceeds,
        realized_pnl,
        fx_rate_to_base,
        term,
        origin,
        closed_as,
        opened_by,
        closed_by,
        reason,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
