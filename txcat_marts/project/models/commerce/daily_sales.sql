{{ config(
    unique_key='sales_date',
    indexes=key_index('sales_date'),
    meta={'watches': [{'dataset': 'orders', 'column': 'order_date', 'per': 'day'}]},
) }}

with by_day as (

    select
        cast(order_date as date) as sales_date,
        {{ money("coalesce(sum(total_amount) filter (where status = 'completed'), 0)") }} as total_sales,
        count(*) filter (where status = 'completed') as order_count,
        {{ money("coalesce(sum(total_amount) filter (where status = 'pending'), 0)") }} as pending_sales,
        count(*) filter (where status = 'pending') as pending_order_count,
        {{ money("coalesce(sum(total_amount) filter (where status = 'cancelled'), 0)") }} as cancelled_sales,
        count(*) filter (where status = 'cancelled') as cancelled_order_count
    from {{ ref('stg_orders') }}
    where {{ is_touched('cast(order_date as date)') }}
    group by 1

)

select
    sales_date,
    total_sales,
    order_count,
    {{ money_ratio('total_sales', 'order_count') }} as average_order_value,
    pending_sales,
    pending_order_count,
    cancelled_sales,
    cancelled_order_count
from by_day
