-- What this publication is: its version, when and from what it was built, and how far the data reach. One row.
select
    cast('{{ var("version_id") }}' as varchar) as version_id,
    cast('{{ var("fingerprint") }}' as varchar) as fingerprint,
    cast('{{ var("built_at") }}' as timestamptz) as built_at,
    cast('{{ var("code_version") }}' as varchar) as code_version,
    cast(documents.documents_loaded as integer) as documents_loaded,
    cast(documents.documents_quarantined as integer) as documents_quarantined,
    cast(accounts.accounts as integer) as accounts,
    accounts.first_date,
    accounts.last_date
from (
    select
        count(distinct document_id) filter (where status = 'loaded') as documents_loaded,
        count(distinct document_id) filter (where status = 'quarantined') as documents_quarantined
    from {{ ref('document') }}
) as documents
cross join (
    select count(*) as accounts, min(first_date) as first_date, max(last_date) as last_date
    from {{ ref('dim_account') }}
) as accounts
