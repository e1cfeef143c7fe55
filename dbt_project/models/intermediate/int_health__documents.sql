-- What is wrong or unknown in the documents themselves: quarantined files, cells that could not be read, sections and
-- columns that are not known, sections that no statement of an account reports.
{% set wanted = [
    ('AccountInformation', 'the base currency is unknown'),
    ('EquitySummaryInBase', 'there is no net asset value, return or drawdown'),
    ('ChangeInNAV', 'our returns and flows cannot be compared with the broker'),
    ('CashTransactions', 'deposits and withdrawals are unknown, and so are returns'),
    ('Transfers', 'positions and cash moved without a trade are unknown'),
    ('Trades', 'there are no trades, and quantities between snapshots are unknown'),
    ('OpenPositions', 'quantities cannot be compared with the broker'),
    ('CashReport', 'cash cannot be compared with the broker'),
    ('StmtFunds', 'cash per currency is known at the ends of periods only'),
] %}
with

quarantined as (
    select
        'quarantined_document' as check_name,
        'error' as severity,
        cast(null as varchar) as account_id,
        document_id,
        cast(null as varchar) as section,
        cast(null as integer) as row_ordinal,
        file_name as subject,
        coalesce(reason, 'The document could not be read.') as detail,
        'Correct or download the document again and put it into the inbox.' as suggestion
    from {{ ref('stg_clean__document') }}
    where status = 'quarantined'
),

unread as (
    select
        'typing_issue' as check_name,
        severity,
        cast(null as varchar) as account_id,
        document_id,
        section,
        row_ordinal,
        "column" as subject,
        problem || coalesce(' Found: ' || "value", '')
        || case when count(*) over same > 100 then ' (' || count(*) over same || ' rows in all)' else '' end as detail,
        'Look at the row in the document; the value is missing from the books until a newer document brings it.'
            as suggestion
    from {{ ref('stg_clean__issue') }}
    window same as (partition by document_id, section, "column", problem)
    qualify row_number() over (partition by document_id, section, "column", problem order by row_ordinal) <= 100
),

unknown as (
    select
        case when known_section then 'unknown_column' else 'unknown_section' end as check_name,
        'info' as severity,
        cast(null as varchar) as account_id,
        document_id,
        section,
        cast(null as integer) as row_ordinal,
        case when known_section then unknown_column_names else section end as subject,
        case
            when known_section then unknown_columns || ' attribute(s) of this section are not known: ' || unknown_column_names
            else 'This section is not known.'
        end as detail,
        'It is kept as text in the raw layer; nothing is lost.' as suggestion
    from {{ ref('stg_clean__document_section') }}
    where not known_section or unknown_columns > 0
),

reported as (
    select account_id, string_agg(sections, '') as sections
    from {{ ref('int_statements__merge_period') }}
    group by account_id
),

missing as (
    {% for section, effect in wanted %}
    select
        'missing_section' as check_name,
        'warning' as severity,
        account_id,
        cast(null as varchar) as document_id,
        '{{ section }}' as section,
        cast(null as integer) as row_ordinal,
        '{{ section_label(section) }}' as subject,
        'No statement of this account reports this section: {{ effect }}.' as detail,
        'Add the section {{ section_label(section) }} to the Flex query and fetch the document again.' as suggestion
    from reported
    where not {{ reports(section) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from quarantined
union all
select * from unread
union all
select * from unknown
union all
select * from missing
