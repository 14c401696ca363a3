{#- What depends on today is a view: no row of a table changes because a day has passed. -#}
{{ config(materialized='view') }}

select
    customer_id,
    name,
    country,
    first_order_at,
    last_order_at,
    order_count,
    total_spent,
    average_order_value,
    {{ days_between('last_order_at', today()) }} as recency_days,
    {{ days_between('first_order_at', today()) }} as tenure_days,
    {{ money_ratio(
        'total_spent * 365', 'greatest(' ~ days_between('first_order_at', today()) ~ ', 365)'
    ) }} as predicted_next_year
from {{ ref('customer_orders') }}
