{#
    Arithmetic that gives the same on both databases: DuckDB divides decimals as floating point,
    so it is done in whole cents. All numbers are zero or more; a denominator of 0 gives null.
#}

{% macro money(amount) -%}
    cast({{ amount }} as decimal(18, 2))
{%- endmacro %}

{# An amount divided by a whole number, rounded half up to the cent. #}
{% macro money_ratio(amount, number) -%}
    {%- if target.type == 'duckdb' -%}
    {{ money('((cast(' ~ money(amount) ~ ' * 100 as hugeint) * 2 + ' ~ number ~ ') // nullif(cast(2 * ' ~ number ~ ' as hugeint), 0))
        * cast(0.01 as decimal(3, 2))') }}
    {%- else -%}
    {{ money('round(' ~ money(amount) ~ ' / nullif(' ~ number ~ ', 0), 2)') }}
    {%- endif -%}
{%- endmacro %}

{# A whole number divided by another, rounded down. #}
{% macro whole_ratio(number, divisor) -%}
    cast({{ number }} as bigint) {{ '//' if target.type == 'duckdb' else '/' }} nullif(cast({{ divisor }} as bigint), 0)
{%- endmacro %}

{# A sum of payments, whose amounts have as many decimal places as any currency. #}
{% macro wide_money(amount) -%}
    cast({{ amount }} as decimal(38, 4))
{%- endmacro %}

{# How much an amount has grown since another, in percent, rounded half up to a hundredth. #}
{% macro growth_percent(amount, before) -%}
    {%- set whole = 'hugeint' if target.type == 'duckdb' else 'decimal(38, 0)' -%}
    {%- set now = 'cast(' ~ wide_money(amount) ~ ' * 10000 as ' ~ whole ~ ')' -%}
    {%- set then = 'cast(' ~ wide_money(before) ~ ' * 10000 as ' ~ whole ~ ')' -%}
    {%- set hundredths = whole_quotient(now ~ ' * 20000 + ' ~ then, then ~ ' * 2') -%}
    cast({{ hundredths }} * cast(0.01 as decimal(3, 2)) - 100 as decimal(38, 2))
{%- endmacro %}

{# The quotient of two expressions of the widest whole numbers, rounded down. #}
{% macro whole_quotient(number, divisor) -%}
    {%- if target.type == 'duckdb' -%}
    (({{ number }}) // nullif({{ divisor }}, 0))
    {%- else -%}
    div({{ number }}, nullif({{ divisor }}, 0))
    {%- endif -%}
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(first, last) -%}
    (cast({{ last }} as date) - cast({{ first }} as date))
{%- endmacro %}

{# The first day of the month of a date or a time. #}
{% macro month_of(time) -%}
    cast(date_trunc('month', {{ time }}) as date)
{%- endmacro %}

{# Whole months from the first day of one to that of another. #}
{% macro months_between(first, last) -%}
    cast((extract(year from {{ last }}) - extract(year from {{ first }})) * 12
        + extract(month from {{ last }}) - extract(month from {{ first }}) as integer)
{%- endmacro %}

{# A row for each day from one to another. #}
{% macro each_day(first, last) -%}
    {%- set days = 'generate_series(' ~ first ~ ', ' ~ last ~ ", interval '1 day')" -%}
    {{ 'unnest(' ~ days ~ ')' if target.type == 'duckdb' else days }}
{%- endmacro %}

{# The day in UTC. #}
{% macro today() -%}
    cast(current_timestamp at time zone 'UTC' as date)
{%- endmacro %}
