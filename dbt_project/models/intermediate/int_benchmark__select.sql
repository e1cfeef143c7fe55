-- The closes of the benchmark that the setting names. No row where no series is there.
select
    benchmark,
    price_date,
    close,
    currency,
    adjustment
from {{ ref('stg_clean__benchmark_price') }}
where benchmark = '{{ var("benchmark") }}'
