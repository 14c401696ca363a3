{{ config(
    unique_key='currency_code',
    indexes=key_index('currency_code'),
    meta={'watches': [{'dataset': 'currencies', 'column': 'code'}]},
) }}

select
    code as currency_code,
    name,
    symbol
from {{ ref('stg_currencies') }}
where {{ is_touched('code') }}
