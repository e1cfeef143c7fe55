with

source as (
    select * from {{ clean('position_value_changes') }}
),

renamed as (
    select
        account_id,
        period_start_date,
        period_end_date,
        currency,
        asset_class,
        prior_period_value,
        transactions,
        mtm_prior_period_positions,
        mtm_transactions,
        corporate_actions,
        other,
        account_transfers,
        linking_adjustments,
        fx_translation_pnl,
        future_price_adjustments,
        settled_cash,
        end_of_period_value,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
