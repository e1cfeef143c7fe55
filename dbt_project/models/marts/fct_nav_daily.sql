-- The net asset value of each account and day by component, as the broker states it, in base currency.
select
    nav.account_id,
    nav.report_date as nav_date,
    nav.previous_report_date as previous_nav_date,
    coalesce(accounts.base_currency, nav.currency) as currency,
    {% for component in nav_components() %}
    nav.{{ component }} as {{ component }}_base,
    {% endfor %}
    nav.total as nav_base,
    nav.document_id,
    nav.section,
    nav.row_ordinal
from {{ ref('stg_clean__nav_daily') }} as nav
left join {{ ref('stg_clean__account') }} as accounts
    on nav.account_id = accounts.account_id
where nav.total is not null
