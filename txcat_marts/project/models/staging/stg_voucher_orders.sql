-- Written from the contracts by `make docs`; edit those.
select
    order_id,
    source,
    customer_id,
    payment_id,
    voucher_id,
    product_id,
    website,
    order_status,
    voucher_status,
    payment_status,
    order_date,
    payment_date
from {{ source('current', 'voucher_orders') }}
