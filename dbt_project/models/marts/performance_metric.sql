-- Every metric of every account and window, a row each, in the account's base currency.
select
    account_id,
    performance_window as "window",
    metric,
    value,
    value_date,
    window_start_date,
    window_end_date,
    unit,
    withheld_reason,
    return_method
from {{ ref('int_performance__metric') }}
where account_id <> 'ALL'
