"""The page that shows the OpenAPI description of a service, with all that it needs.

Litestar's own pages load their scripts from another server: whoever controls that could run
anything in the reader's browser, and without a network there is no page.
"""

from html import escape
from pathlib import Path
from typing import Any

from litestar import Request, Router
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.static_files import create_static_files_router

FILES = Path(__file__).with_name("openapi")

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self';
 style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{folder}/swagger-ui.css">
</head>
<body>
<div id="description"></div>
<script src="{folder}/swagger-ui-bundle.js"></script>
<script src="{folder}/show.js" data-url="{url}"></script>
</body>
</html>
"""


class OpenApiPage(OpenAPIRenderPlugin):
    """The page at the root of the OpenAPI routes, by Swagger UI."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page; its script loads the description."""
        url = self.get_openapi_json_route(request)
        title = escape(str(openapi_schema["info"]["title"]))
        return PAGE.format(title=title, folder=f"{url.rpartition('/')[0]}/files", url=url).encode()

    def receive_router(self, router: Router) -> None:
        """Serve the files of the page beside it."""
        files = create_static_files_router("/files", [FILES], include_in_schema=False)
        router.register(files)
