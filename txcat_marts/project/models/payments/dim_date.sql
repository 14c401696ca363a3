{#- Its first and last day follow from the payments: a view, for no note tells of them. -#}
{{ config(materialized='view') }}

with years as (

    select
        date_trunc('year', min(payment_date)) as first_day,
        date_trunc('year', max(payment_date)) + interval '1 year' - interval '1 day' as last_day
    from {{ ref('fact_payments') }}

),

days as (

    select cast({{ each_day('first_day', 'last_day') }} as date) as date_day
    from years

)

select
    date_day,
    cast(extract(year from date_day) as integer) as year,
    cast(extract(quarter from date_day) as integer) as quarter,
    {{ month_of('date_day') }} as month,
    cast(extract(isoyear from date_day) as integer) as iso_year,
    cast(extract(week from date_day) as integer) as iso_week,
    cast(extract(isodow from date_day) as integer) as iso_weekday,
    extract(isodow from date_day) > 5 as is_weekend
from days
