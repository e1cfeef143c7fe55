-- What no document covers, and the request that would bring it, a row per request: a Flex query reaches at most a year.
select
    account_id,
    gap,
    first_date,
    last_date,
    cast({{ weekdays_between('first_date', 'last_date') }} as integer) as weekdays,
    array_to_string(sections, ', ') as sections,
    case gap
        when 'missing_days' then 'No statement covers these days.'
        when 'missing_section' then 'No statement of these days has: ' || array_to_string(sections, ', ') || '.'
        else 'The account was funded before its first statement.'
    end as detail,
    'Run the Flex query with the period ' || strftime(first_date, '%Y-%m-%d') || ' to ' || strftime(last_date, '%Y-%m-%d')
    || ' and the sections ' || {{ section_names('sections') }} || '.' as suggestion,
    'fd=' || strftime(first_date, '%Y%m%d') || '&td=' || strftime(last_date, '%Y%m%d') as request
from {{ ref('int_coverage__gap') }}
