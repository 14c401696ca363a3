-- Written from the contracts by `make docs`; edit those.
select
    id,
    name
from {{ source('current', 'users') }}
