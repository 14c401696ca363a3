{#
    A mart is computed anew for its touched keys alone: see docs/decisions, "Marts by dbt".

    Its `watches` say by which column of which datasets changes are noted for it, and how a note
    leads to its key. `take_touched` keeps the keys of all notes for the transaction of the model,
    `is_touched` asks for their records, and the strategy `touched` replaces their rows: also of a
    key that has no records any more.
#}

{% macro touched_table() %}touched_{{ this.identifier }}{% endmacro %}

{% macro take_touched() %}
    {%- if is_incremental() -%}
    {%- if target.type == 'postgres' %}
    {# Two runs at once: the second waits here, and then sees what the first has committed. #}
    lock table {{ this }} in share row exclusive mode;
    {%- endif %}
    drop table if exists {{ touched_table() }};
    create temporary table {{ touched_table() }} as
    {%- for watch in config.get('meta').watches %}
    {%- set noted = noted_groups(watch) %}
    {% if watch.through -%}
    {%- set through = table_of(watch.through) -%}
    select {{ config.get('unique_key') }} as touched_key from {{ through.schema }}.{{ through.name }}
    where {% for column in watch.by or [watch.column] -%}
    {{ column }} in ({{ noted }}) {{ 'or ' if not loop.last }}
    {%- endfor %}
    {%- else -%}
    {{ noted }}
    {%- endif %}
    {{ 'union' if not loop.last }}
    {%- endfor %}
    {%- endif -%}
{% endmacro %}

{% macro noted_groups(watch) -%}
    select cast(entity as {{ group_type(watch) }}) as touched_key from ledger.touched
    where dataset = '{{ watch.dataset }}' and watcher = 'marts.{{ this.identifier }}'
{%- endmacro %}

{% macro group_type(watch) -%}
    {%- if watch.per in ('day', 'month') -%}
    date
    {%- else -%}
    {{ table_of(watch.dataset).columns[watch.column].data_type }}
    {%- endif -%}
{%- endmacro %}

{# The source that has the records which hold their keys now. #}
{% macro table_of(dataset) %}
    {%- for source in graph.sources.values() if source.name == dataset and source.source_name in ('current', 'validated') -%}
    {{ return(source) }}
    {%- endfor -%}
{% endmacro %}

{% macro is_touched(key) -%}
    {%- if is_incremental() -%}
    {{ key }} in (select touched_key from {{ touched_table() }})
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{% macro get_incremental_touched_sql(given) %}
    {%- set columns = get_quoted_csv(given.dest_columns | map(attribute='name')) %}
    delete from {{ given.target_relation }}
    where {{ given.unique_key }} in (select touched_key from {{ touched_table() }});
    insert into {{ given.target_relation }} ({{ columns }})
    select {{ columns }} from {{ given.temp_relation }}
{% endmacro %}

{# PostgreSQL finds the rows of touched keys by an index; DuckDB scans, and an index would cost. #}
{% macro key_index() %}
    {{ return([{'columns': varargs | list, 'unique': true}] if target.type == 'postgres' else []) }}
{% endmacro %}
