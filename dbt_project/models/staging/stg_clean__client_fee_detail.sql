with

source as (
    select * from {{ clean('client_fee_details') }}
),

renamed as (
    select
        account_id,
        fee_key,
        level,
        currency,
        fx_rate_to_base,
        report_date,
        trade_id,
        exec_id,
        total_revenue,
        total_commission,
        broker_execution_charge,
        clearing_charge,
        third_party_execution_charge,
        third_party_regulatory_charge,
        finra_trading_activity_fee,
        section_31_transaction_fee,
        other_regulatory_fee,
        other,
        total_net,
        total_net_base,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
