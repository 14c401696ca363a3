{#- A late payment may move a sender to another cohort, and each row of both changes: a view. -#}
{{ config(materialized='view') }}

with months as (

    select
        sender_id,
        payment_month,
        min(payment_month) over (partition by sender_id) as cohort_month
    from {{ ref('sender_months') }}

),

active as (

    select cohort_month, payment_month, count(*) as active_senders
    from months
    group by 1, 2

),

cohorts as (

    select cohort_month, active_senders as senders
    from active
    where payment_month = cohort_month

)

select
    a.cohort_month,
    a.payment_month,
    {{ months_between('a.cohort_month', 'a.payment_month') }} as months_since,
    c.senders,
    a.active_senders,
    {{ money_ratio('a.active_senders * 100', 'c.senders') }} as active_percent
from active a
join cohorts c on c.cohort_month = a.cohort_month
