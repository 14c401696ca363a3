-- Written from the contracts by `make docs`; edit those.
select
    code,
    name,
    symbol
from {{ source('current', 'currencies') }}
