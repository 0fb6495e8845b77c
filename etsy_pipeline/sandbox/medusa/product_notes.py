"""Metadata of the sample Medusa's products, changed over the Admin API (2.21.2; measured)."""

from typing import Any

from etsy_pipeline.sandbox.medusa.bodies import MAP, check, refused
from etsy_pipeline.sandbox.state import State, dump, load

Json = dict[str, Any]


def write(state: State, product_id: str, body: Json) -> Json:
    """POST /admin/products/ID, of which only `metadata` is taken here: merged, and a blank value removes a name."""
    check(body, {"metadata": f"{MAP}?"})
    row = state.row("SELECT data FROM medusa_product WHERE id = ?", product_id)
    if row is None:
        raise refused("not_found", f"Product with id: {product_id} was not found")
    product: Json = load(row)
    merged = (product.get("metadata") or {}) | (body.get("metadata") or {})
    product["metadata"] = {name: value for name, value in merged.items() if value != ""}
    product["updated_at"] = state.moment()
    state.run("UPDATE medusa_product SET data = ? WHERE id = ?", dump(product), product_id)
    return {"product": {"id": product_id, "metadata": product["metadata"]}}
