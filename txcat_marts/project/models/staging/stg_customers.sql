-- Written from the contracts by `make docs`; edit those.
select
    customer_id,
    name,
    email,
    country,
    join_date
from {{ source('current', 'customers') }}
