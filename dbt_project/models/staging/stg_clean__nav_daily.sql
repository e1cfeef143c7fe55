with

source as (
    select * from {{ clean('nav_daily') }}
),

renamed as (
    select
        account_id,
        report_date,
        previous_report_date,
        currency,
        cash,
        stock,
        options,
        bonds,
        funds,
        notes,
        commodities,
        crypto,
        phys_del,
        dividend_accruals,
        interest_accruals,
        soft_dollars,
        ipo_subscription,
        slb_cash_collateral,
        slb_direct_securities_borrowed,
        slb_direct_securities_lent,
        forex_cfd_unrealized_pl,
        cfd_unrealized_pl,
        incentive_coupon_accruals,
        event_contract_interest_accruals,
        margin_financing_charge_accruals,
        lite_surcharge_accruals,
        fdic_insured_bank_sweep_account,
        fdic_insured_account_interest_accruals,
        broker_cash_component,
        fdic_insured_bank_sweep_account_cash_component,
        insured_bank_deposit_redemption_cash_component,
        broker_interest_accruals_component,
        fdic_insured_account_interest_accruals_component,
        bond_interest_accruals_component,
        broker_fees_accruals_component,
        total,
        document_id,
        section,
        row_ordinal
    from source
)

select * from renamed
