-- Written from the contracts by `make docs`; edit those.
select
    order_id,
    customer_id,
    order_date,
    total_amount,
    status
from {{ source('current', 'orders') }}
