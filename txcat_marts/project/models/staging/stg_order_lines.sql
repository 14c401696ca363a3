-- Written from the contracts by `make docs`; edit those.
select
    order_line_id,
    order_id,
    product_id,
    quantity,
    unit_price,
    line_amount
from {{ source('current', 'order_lines') }}
