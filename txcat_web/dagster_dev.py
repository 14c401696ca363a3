"""`dagster dev` with the guarded web server: `python -m txcat_web.dagster_dev`.

It takes every option of `dagster dev`. What the guard refuses is in `same_origin`.
"""

from collections.abc import Sequence
from typing import Any

from dagster._cli import dev

start_process = dev.open_ipc_subprocess  # type: ignore[attr-defined]  # Dagster's own


def start_guarded(parts: Sequence[str], **options: Any) -> Any:
    """Start a process of `dagster dev`, with ours in the place of Dagster's web server."""
    guarded = {"dagster_webserver": "txcat_web.dagster_ui"}
    return start_process([guarded.get(part, part) for part in parts], **options)


def main() -> None:
    """Run `dagster dev`."""
    # It names its web server in the code; a test holds that ours is the one that is started.
    dev.open_ipc_subprocess = start_guarded  # type: ignore[attr-defined]
    dev.dev_command(auto_envvar_prefix="DAGSTER_CLI_DEV")


if __name__ == "__main__":
    main()
