"""`dagster dev` with the web server of `dagster_ui`: `python -m txcat_web.dagster_dev`.

It takes every option of `dagster dev`. Which requests are refused is in `same_origin`.
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
    # Dagster's code names its web server; a test checks that ours is the one that is started.
    dev.open_ipc_subprocess = start_guarded  # type: ignore[attr-defined]
    dev.dev_command(auto_envvar_prefix="DAGSTER_CLI_DEV")


if __name__ == "__main__":
    main()
