-- Written from the contracts by `make docs`; edit those.
select
    product_id,
    name,
    category,
    price,
    inventory_count
from {{ source('current', 'products') }}
