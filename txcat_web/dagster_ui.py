"""Dagster's web server, safe from pages of other origins: `python -m txcat_web.dagster_ui`.

It takes every option of `dagster-webserver`. That executes mutations by GET and does not look where
a request comes from; here `SameOriginOnly` is wrapped around it.
"""

from typing import Any

from dagster_webserver import cli

from txcat_web.same_origin import SameOriginOnly

create_app = cli.create_app_from_workspace_process_context  # type: ignore[attr-defined]


def create_guarded_app(*arguments: Any, **options: Any) -> SameOriginOnly:
    """Dagster's application with the guard around it."""
    return SameOriginOnly(create_app(*arguments, **options))


def main() -> None:
    """Serve as `dagster-webserver` does."""
    # Its command has no other way to take an application; a test checks that this one is served.
    cli.create_app_from_workspace_process_context = create_guarded_app  # type: ignore[assignment, attr-defined]
    cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
