{{ config(materialized='view') }}

with senders as (

    select
        sender_id,
        min(payment_month) as first_payment_month,
        max(last_payment_at) as last_payment_at,
        {{ days_between('max(last_payment_at)', today()) }} as days_since
    from {{ ref('sender_months') }}
    group by 1

)

select
    sender_id,
    first_payment_month,
    last_payment_at,
    days_since,
    days_since > 30 as is_gone_30_days,
    days_since > 60 as is_gone_60_days,
    days_since > 90 as is_gone_90_days
from senders
