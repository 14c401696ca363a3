{{ config(
    unique_key='user_id',
    indexes=key_index('user_id', 'version'),
    meta={'watches': [{'dataset': 'users', 'column': 'id'}]},
) }}

select
    {{ version_key('id', 'version') }} as user_key,
    id as user_id,
    version,
    name,
    valid_from,
    valid_to,
    valid_to is null as is_current
from ({{ versions_of('users', 'id', is_touched('id')) }}) versions
