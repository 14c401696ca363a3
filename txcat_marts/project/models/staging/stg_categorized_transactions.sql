-- Written from the contracts by `make docs`; edit those.
select
    id,
    description,
    amount,
    timestamp,
    merchant,
    operation_type,
    side,
    category
from {{ source('categorized', 'transactions') }}
