-- What a later statement changed about an earlier one: the books follow the later one, this says what they were.
select
    account_id,
    entity,
    key,
    report_date,
    change,
    field,
    was,
    became,
    difference,
    known_from_at,
    changed_at,
    document_was,
    document_became,
    section,
    row_ordinal_was,
    row_ordinal_became
from {{ ref('stg_clean__restatement') }}
