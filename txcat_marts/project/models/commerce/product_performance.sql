{{ config(
    unique_key='product_id',
    indexes=key_index('product_id'),
    meta={'watches': [
        {'dataset': 'products', 'column': 'product_id'},
        {'dataset': 'order_lines', 'column': 'product_id'},
        {'dataset': 'orders', 'column': 'order_id', 'through': 'order_lines'},
    ]},
) }}

with sold as (

    select
        l.product_id,
        sum(l.quantity) as units_sold,
        {{ money('sum(l.line_amount)') }} as revenue,
        count(distinct l.order_id) as order_count,
        min(o.order_date) as first_sold_at,
        max(o.order_date) as last_sold_at
    from {{ ref('stg_order_lines') }} l
    join {{ ref('stg_orders') }} o on o.order_id = l.order_id
    where o.status = 'completed' and {{ is_touched('l.product_id') }}
    group by 1

)

select
    p.product_id,
    p.name,
    p.category,
    p.price,
    p.inventory_count,
    cast(coalesce(s.units_sold, 0) as bigint) as units_sold,
    {{ money('coalesce(s.revenue, 0)') }} as revenue,
    coalesce(s.order_count, 0) as order_count,
    s.first_sold_at,
    s.last_sold_at,
    {{ whole_ratio(
        'greatest(p.inventory_count, 0) * (' ~ days_between('s.first_sold_at', 's.last_sold_at') ~ ' + 1)',
        's.units_sold'
    ) }} as days_of_stock_left
from {{ ref('stg_products') }} p
left join sold s on s.product_id = p.product_id
where {{ is_touched('p.product_id') }}
