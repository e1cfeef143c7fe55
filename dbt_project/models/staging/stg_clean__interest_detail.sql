with

source as (
    select * from {{ clean('interest_details') }}
),

renamed as (
    select
        account_id,
        detail_key,
        interest_type,
        currency,
        fx_rate_to_base,
        value_date,
        report_date,
        tier_break,
        balance_threshold,
        securities_principal,
        commodities_principal,
        ibukl_principal,
        total_principal,
        rate_percent,
        securities_interest,
        commodities_interest,
        ibukl_interest,
        total_interest,
        margin_balance,
        from_account,
        to_account,
        code,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
