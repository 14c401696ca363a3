-- Written from the contracts by `make docs`; edit those.
select
    transaction_id,
    sender_id,
    receiver_id,
    amount,
    currency,
    timestamp,
    status,
    is_suspicious,
    reasons
from {{ source('scored', 'payments') }}
