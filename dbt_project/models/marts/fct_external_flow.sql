-- Every deposit, withdrawal and transfer that the returns count as an external flow, with the day it counts to.
select
    account_id,
    flow_date,
    nav_date,
    kind,
    description,
    currency,
    amount,
    amount_base,
    document_id,
    section,
    row_ordinal
from {{ ref('int_flows__collect') }}
