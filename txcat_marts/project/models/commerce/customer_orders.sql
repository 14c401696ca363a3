{{ config(
    unique_key='customer_id',
    indexes=key_index('customer_id'),
    meta={'watches': [
        {'dataset': 'customers', 'column': 'customer_id'},
        {'dataset': 'orders', 'column': 'customer_id'},
    ]},
) }}

with completed as (

    select
        customer_id,
        min(order_date) as first_order_at,
        max(order_date) as last_order_at,
        count(*) as order_count,
        {{ money('sum(total_amount)') }} as total_spent
    from {{ ref('stg_orders') }}
    where status = 'completed' and {{ is_touched('customer_id') }}
    group by 1

)

select
    c.customer_id,
    c.name,
    c.country,
    o.first_order_at,
    o.last_order_at,
    coalesce(o.order_count, 0) as order_count,
    {{ money('coalesce(o.total_spent, 0)') }} as total_spent,
    {{ money_ratio('o.total_spent', 'o.order_count') }} as average_order_value
from {{ ref('stg_customers') }} c
left join completed o on o.customer_id = c.customer_id
where {{ is_touched('c.customer_id') }}
