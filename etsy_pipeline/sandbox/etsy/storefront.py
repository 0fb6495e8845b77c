"""What buyers see, roughly: listings, shops and pictures as pages, so that a listing's `url` opens in a browser."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from etsy_pipeline.sandbox.etsy import images, pages, stored
from etsy_pipeline.sandbox.state import State

SHOPS_LISTINGS = """
SELECT listing_id, state, title FROM listing WHERE shop_id IN
  (SELECT shop_id FROM shop WHERE json_extract(data, '$.shop_name') = ?) ORDER BY listing_id
"""


def routes(state: State) -> list[Route]:
    """The routes. The functions are not async: Starlette runs them in threads, as they read the state."""

    def listing_page(request: Request) -> Response:
        listing = stored.find_visible(state, request.path_params["listing_id"])
        if listing is None:
            return HTMLResponse(pages.problem("This listing does not exist."), 404)
        return HTMLResponse(pages.listing(listing, images.views(state, listing["listing_id"])))

    def shop_page(request: Request) -> Response:
        name = request.path_params["name"]
        return HTMLResponse(pages.shop(name, state.rows(SHOPS_LISTINGS, name)))

    def picture(request: Request) -> Response:
        sql = "SELECT content, format FROM listing_image WHERE listing_image_id = ?"
        row = state.row(sql, request.path_params["image_id"])
        if row is None:
            return Response(status_code=404)
        return Response(row["content"], media_type=f"image/{row['format'].lower()}")

    return [
        Route("/listing/{listing_id:int}", listing_page),
        Route("/shop/{name}", shop_page),
        Route("/pictures/{image_id:int}", picture),
    ]
