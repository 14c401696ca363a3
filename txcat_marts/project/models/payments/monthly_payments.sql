{#- What depends on another month is a view: no row of a table changes because that one has. -#}
{{ config(materialized='view') }}

select
    m.payment_month,
    m.currency_code,
    m.payment_count,
    m.amount,
    before.amount as amount_before,
    {{ growth_percent('m.amount', 'before.amount') }} as growth_percent,
    m.sender_count,
    m.pending_count,
    m.pending_amount,
    m.failed_count,
    m.failed_amount
from {{ ref('payments_by_month') }} m
left join {{ ref('payments_by_month') }} before
    on before.currency_code = m.currency_code
    and before.payment_month = cast(m.payment_month - interval '1 month' as date)
