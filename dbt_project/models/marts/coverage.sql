-- Which days and sections each account has: runs of days without a hole, in all and by section.
select
    account_id,
    section,
    first_date,
    last_date,
    cast({{ weekdays_between('first_date', 'last_date') }} as integer) as weekdays,
    cast(statements as integer) as statements
from {{ ref('int_coverage__run') }}
