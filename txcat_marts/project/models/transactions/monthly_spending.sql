{{ config(
    unique_key='spending_month',
    indexes=key_index('spending_month', 'category', 'merchant'),
    meta={'watches': [
        {'dataset': 'transactions', 'column': 'timestamp', 'per': 'month', 'stage': 'categorized'},
    ]},
) }}

with spent as (

    select
        {{ month_of('timestamp') }} as spending_month,
        category,
        coalesce(merchant, '') as merchant,
        {{ money('-sum(amount)') }} as total_spent,
        count(*) as transaction_count
    from {{ ref('stg_categorized_transactions') }}
    where side = 'debit' and {{ is_touched(month_of('timestamp')) }}
    group by 1, 2, 3

)

select
    spending_month,
    category,
    merchant,
    total_spent,
    transaction_count,
    {{ money_ratio('total_spent', 'transaction_count') }} as average_spent
from spent
