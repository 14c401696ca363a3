"""What the doctor looks for: the one list of all functions that find what is wrong.

To add a finding, write one small function beside its like, and name it here.
"""

from txcat_assets.health import conditions, machine, neighbours
from txcat_assets.health.findings import Find

QUICK: tuple[Find, ...] = (
    machine.pieces_that_do_not_match,
    machine.home_of_dagster,
    machine.contradicting_settings,
    machine.little_room,
    machine.open_secrets,
    machine.unreadable_inbox,
    machine.files_of_other_users,
    machine.taken_ports,
    neighbours.warehouse,
    neighbours.clock_of_the_warehouse,
    neighbours.service_that_contradicts_itself,
    neighbours.kafka,
    machine.never_a_daemon,
    conditions.dead_daemon,
    machine.sensors_that_are_off,
    machine.dead_and_stuck_runs,
    *conditions.AT_A_GLANCE,
)

DEEP: tuple[Find, ...] = (*QUICK, neighbours.tables_that_contradict)
