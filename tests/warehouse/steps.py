"""What a step of the stateful test is drawn from: lines of files, days, and when it is cut short.

The steps themselves are in `ledger/test_machine.py`.
"""

from hypothesis import strategies as st

from tests.warehouse.files import FILES
from tests.warehouse.tiny import DAYS

LINES = [
    *(
        f"{key},{amount},{side}"
        for key in "123"
        for amount in "123"
        for side in ("debit", "credit")
    ),
    *("1,1,debit", "1,2,debit", "2,2,credit", "2,3,credit"),
    *("4,x,debit", ",1,credit", "5,3", "6,,credit"),
]
WHOLE_LINES = [line for line in LINES if line.count(",") == 2]
DISTURBANCES = ["written", "copied", "moved", "registered"]

lines = st.lists(st.sampled_from(LINES), min_size=1, max_size=8)
files = st.integers(0, FILES - 1)
orders = st.permutations(range(FILES))
day_sets = st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True)
crashes = st.integers(-60, 60).map(lambda step: step if step > 0 else None)


class Crash(BaseException):
    """The process ends here, as far as the code can tell."""
