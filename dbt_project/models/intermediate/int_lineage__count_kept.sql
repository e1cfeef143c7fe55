-- How many raw rows of each document and section stand in a clean table. Instruments and accounts are also read from
-- rows that have a table of their own, so they count only for the sections that are theirs alone.
{% set tables = [
    ('trade', none), ('closed_lot', none), ('cash_transaction', none), ('cash_balance', none),
    ('statement_of_funds', none), ('nav_daily', none), ('change_in_nav', none), ('fx_rate', none),
    ('corporate_action', none), ('transfer', none), ('position_mark', none), ('fifo_performance', none),
    ('dividend_accrual', none), ('account', 'AccountInformation'), ('instrument', 'SecuritiesInfo'),
] %}
with

kept as (
    {% for table, only_section in tables %}
    select document_id, section, count(*) as rows_kept
    from {{ ref('stg_clean__' ~ table) }}
    {% if only_section %} where section = '{{ only_section }}' {% endif %}
    group by all

    union all

    {% endfor %}
    -- Lots that were summed to one position all count.
    select document_id, section, sum(source_rows)
    from {{ ref('stg_clean__position') }}
    group by all
)

select document_id, section, cast(sum(rows_kept) as bigint) as rows_kept
from kept
where document_id is not null
group by all
