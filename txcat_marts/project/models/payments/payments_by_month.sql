{{ config(
    unique_key='payment_month',
    indexes=key_index('payment_month', 'currency_code'),
    meta={'watches': [{'dataset': 'payments', 'column': 'timestamp', 'per': 'month'}]},
) }}

select
    {{ month_of('timestamp') }} as payment_month,
    currency as currency_code,
    count(*) filter (where status = 'completed') as payment_count,
    {{ wide_money("coalesce(sum(amount) filter (where status = 'completed'), 0)") }} as amount,
    count(distinct sender_id) filter (where status = 'completed') as sender_count,
    count(*) filter (where status = 'pending') as pending_count,
    {{ wide_money("coalesce(sum(amount) filter (where status = 'pending'), 0)") }} as pending_amount,
    count(*) filter (where status = 'failed') as failed_count,
    {{ wide_money("coalesce(sum(amount) filter (where status = 'failed'), 0)") }} as failed_amount
from {{ ref('stg_payments') }}
where {{ is_touched(month_of('timestamp')) }}
group by 1, 2
