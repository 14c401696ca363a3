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
    {{ money('round(' ~ amount ~ ' / nullif(' ~ number ~ ', 0), 2)') }}
    {%- endif -%}
{%- endmacro %}

{# A whole number divided by another, rounded down. #}
{% macro whole_ratio(number, divisor) -%}
    cast({{ number }} as bigint) {{ '//' if target.type == 'duckdb' else '/' }} nullif(cast({{ divisor }} as bigint), 0)
{%- endmacro %}

{# Whole days from one date to another. #}
{% macro days_between(first, last) -%}
    (cast({{ last }} as date) - cast({{ first }} as date))
{%- endmacro %}

{# The day in UTC. #}
{% macro today() -%}
    cast(current_timestamp at time zone 'UTC' as date)
{%- endmacro %}
