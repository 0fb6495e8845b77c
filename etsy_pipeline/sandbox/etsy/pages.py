"""Pages for people: consent, a listing, a shop. Plain HTML, no script."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from etsy_pipeline.sandbox.state import load

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "img{max-width:9rem;margin:.2rem;border-radius:.4rem}button{font:inherit;padding:.5rem 1rem;margin-right:.5rem}"
    "pre{white-space:pre-wrap;font:inherit}td,th{padding:.2rem .8rem .2rem 0;text-align:left}"
    ".note{background:#fff3d6;padding:.5rem 1rem;border-radius:.4rem}"
)
NOTE = "<p class=note>This is a sandbox on your own machine. It is not Etsy.</p>"


def consent(query: Mapping[str, str], shops: Iterable[Any]) -> str:
    """The page on which the seller grants access."""
    options = "".join(
        f"<label><input type=radio name=user_id value={row['user_id']} {'checked' if number == 0 else ''}> "
        f"{escape(load(row)['shop_name'])}</label><br>"
        for number, row in enumerate(shops)
    )
    scopes = "".join(f"<li>{escape(scope)}" for scope in query["scope"].split())
    action = escape(f"/oauth/connect?{urlencode(query)}")
    form = (
        f"<form method=post action='{action}'><p>As the owner of:<br>{options}</p>"
        "<button name=answer value=grant>Grant access</button><button name=answer value=deny>Deny</button></form>"
    )
    return _page("An application asks for access", f"<p>It asks for:</p><ul>{scopes}</ul>{form}")


def problem(text: str) -> str:
    """An error that is shown to the seller."""
    return _page("Something is wrong", f"<p>{escape(text)}</p>")


def listing(data: Mapping[str, Any], images: Iterable[Mapping[str, Any]]) -> str:
    """A listing as a buyer sees it, roughly."""
    pictures = "".join(f"<img src='{item['url_570xN']}' alt='{item['alt_text']}'>" for item in images)
    rows = "".join(
        f"<tr><td>{escape(' / '.join(value['values'][0] for value in product['property_values'])) or '–'}"
        f"<td>{offering['price']} {data['currency_code']}<td>{offering['quantity']}<td>{escape(product['sku'])}"
        for product in data["inventory"]["products"]
        for offering in product["offerings"]
        if offering["is_enabled"]
    )
    table = f"<table><tr><th>variation<th>price<th>pieces<th>SKU{rows}</table>"
    tags = ", ".join(escape(tag) for tag in data["tags"])
    body = f"<p>State: <b>{data['state']}</b></p>{pictures}{table}<pre>{escape(data['description'])}</pre><p>{tags}</p>"
    return _page(data["title"], body)


def shop(name: str, rows: Iterable[Any]) -> str:
    """A shop's listings in every state."""
    items = "".join(
        f"<li><a href=/listing/{row['listing_id']}>{escape(row['title'])}</a> ({row['state']})" for row in rows
    )
    return _page(name, f"<ul>{items or '<li>No listing yet.'}</ul>")


def _page(title: str, body: str) -> str:
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"{head}{NOTE}<h1>{escape(title)}</h1>{body}"
