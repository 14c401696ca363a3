{{ config(
    unique_key='sender_id',
    indexes=key_index('sender_id', 'payment_month'),
    meta={'watches': [{'dataset': 'payments', 'column': 'sender_id'}]},
) }}

select
    sender_id,
    {{ month_of('timestamp') }} as payment_month,
    count(*) as payment_count,
    max(timestamp) as last_payment_at
from {{ ref('stg_payments') }}
where status = 'completed' and {{ is_touched('sender_id') }}
group by 1, 2
