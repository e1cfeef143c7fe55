-- What the books are compared with, day by day: the series that performance_metric's alpha, beta and capture are against.
select
    benchmark,
    price_date,
    close,
    currency,
    adjustment
from {{ ref('int_benchmark__select') }}
