-- Every receipt of a document: what it holds and what became of it.
select
    document_id,
    receipt_ordinal,
    file_name,
    kind,
    query_name,
    accounts,
    period_start_date,
    period_end_date,
    when_generated_at,
    received_at,
    size_bytes,
    status,
    reason
from {{ ref('stg_clean__document') }}
