{#
    All versions of the keys of a dataset of which each has some, numbered from 1 in the order in
    which they count: by day, then by arrival. A version is valid from its day to that of the next,
    which is not part of it; one that was replaced on its own day is valid on none.

    `condition` chooses keys, never versions.
#}

{% macro versions_of(dataset, key, condition) %}
    select
        *,
        row_number() over by_arrival as version,
        _day as valid_from,
        lead(_day) over by_arrival as valid_to
    from {{ source('versions', dataset) }}
    where {{ condition }}
    window by_arrival as (partition by {{ key }} order by _day, _slice_id, _position)
{% endmacro %}

{# A version as one value, for the key of a dimension. #}
{% macro version_key(key, version) -%}
    cast({{ key }} as text) || '/' || cast({{ version }} as text)
{%- endmacro %}

{# Whether it is this version that counts on a day; before the first one, that one does. #}
{% macro counts_on(day, version) -%}
    ({{ version }}.version = 1 or {{ version }}.valid_from <= {{ day }})
    and ({{ version }}.valid_to is null or {{ day }} < {{ version }}.valid_to)
{%- endmacro %}
