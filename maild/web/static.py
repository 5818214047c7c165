"""Files that a browser keeps for ever, as their names change with what is in them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from maild.web.console import Console
from maild.web.look import address_of


def routes(console: Console) -> list[Route]:
    async def static(request: Request) -> Response:
        asset = console.look.assets.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        return Response(
            asset.octets,
            media_type=asset.content_type,
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )

    async def favicon(request: Request) -> Response:
        asset = console.look.assets[address_of("mark.svg").rpartition("/")[2]]
        return Response(asset.octets, media_type=asset.content_type)

    return [Route("/static/{name}", static), Route("/favicon.ico", favicon)]
