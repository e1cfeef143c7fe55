-- Taxes, charges and card payments that stand in no trade and no cash transaction, once each, in base currency too.
with

charges as (
    select
        account_id, tax_key as charge_key, 'sales_tax' as charge_type, report_date, instrument_key, conid, symbol,
        taxable_description as description, currency, sales_tax as amount, fx_rate_to_base, transaction_id,
        taxable_transaction_id as charged_transaction_id, document_id, section, row_ordinal
    from {{ ref('stg_clean__sales_tax') }}

    union all

    select
        account_id, charge_key, 'cfd_charge', report_date, instrument_key, conid, symbol,
        activity_description, currency, amount, fx_rate_to_base, transaction_id,
        null, document_id, section, row_ordinal
    from {{ ref('stg_clean__cfd_charge') }}

    union all

    select
        account_id, activity_key, 'debit_card', report_date, null, null, null,
        merchant, currency, amount, fx_rate_to_base, null,
        null, document_id, section, row_ordinal
    from {{ ref('stg_clean__debit_card_activity') }}
)

select
    charges.account_id,
    charges.charge_key,
    charges.charge_type,
    charges.report_date,
    charges.instrument_key,
    charges.conid,
    charges.symbol,
    charges.description,
    charges.currency,
    charges.amount,
    cast({{ day_rate('charges') }} as {{ exact() }}) as fx_rate_to_base,
    case
        when charges.currency = 'BASE_SUMMARY' then charges.amount else {{ in_base('charges.amount', 'charges') }}
    end as amount_base,
    charges.transaction_id,
    charges.charged_transaction_id,
    charges.document_id,
    charges.section,
    charges.row_ordinal
from charges
{{ join_day_rate('charges', 'report_date') }}
