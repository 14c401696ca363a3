"""Our own code, as the helper that forks runs imports it: see `defs.launcher`.

Code that cannot be imported must not end the helper: the run says what is wrong with it. What is
imported stays, so the garbage collection of the runs need not look through it.
"""

import gc
from contextlib import suppress

with suppress(Exception):
    import txcat_assets.definitions
    import txcat_assets.pipeline.schema
    import txcat_assets.services.ml  # noqa: F401
    from txcat_assets.contracts.registry import all_contracts

    all_contracts()

gc.freeze()
