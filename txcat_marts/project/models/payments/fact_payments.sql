{{ config(
    unique_key='transaction_id',
    indexes=key_index('transaction_id'),
    meta={'watches': [
        {'dataset': 'payments', 'column': 'transaction_id'},
        {'dataset': 'users', 'column': 'id', 'through': 'payments', 'by': ['sender_id', 'receiver_id']},
    ]},
) }}

with payments as (

    select *, cast(timestamp as date) as payment_date
    from {{ ref('stg_payments') }}
    where {{ is_touched('transaction_id') }}

),

users as (
    {{ versions_of('users', 'id', 'id in (select sender_id from payments union select receiver_id from payments)') }}
)

select
    p.transaction_id,
    p.payment_date,
    p.currency as currency_code,
    {{ version_key('s.id', 's.version') }} as sender_key,
    {{ version_key('r.id', 'r.version') }} as receiver_key,
    p.sender_id,
    p.receiver_id,
    p.timestamp as paid_at,
    p.status,
    p.amount
from payments p
left join users s on s.id = p.sender_id and {{ counts_on('p.payment_date', 's') }}
left join users r on r.id = p.receiver_id and {{ counts_on('p.payment_date', 'r') }}
