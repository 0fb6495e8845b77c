"""Notes on products in Medusa: a few names of their metadata, which somebody there can read. Nothing else is touched.

Medusa merges what is written into the metadata that are there, and a blank value removes a name (measured on 2.21.2).
"""

from collections.abc import Mapping, Sequence

from etsy_pipeline.catalogue.admin_api import AdminApi

IDS_AT_ONCE = 50


class ProductNotes:
    """Reads and writes metadata of products on one Medusa server."""

    def __init__(self, api: AdminApi) -> None:
        self._api = api

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def read(self, product_ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, str]]:
        """What products' metadata say by these names, blank where they say nothing; a product that is gone is left out.

        Raises:
            PipelineError: what a question to Medusa raises.
        """
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(product_ids), IDS_AT_ONCE):
            part = product_ids[start : start + IDS_AT_ONCE]
            query = [*(("id[]", item) for item in part), ("fields", "id,metadata"), ("limit", str(len(part)))]
            for row in self._api.get("products", query)["products"]:
                said = row.get("metadata") or {}
                found[str(row["id"])] = {name: str(said.get(name) or "") for name in names}
        return found

    def write(self, product_id: str, values: Mapping[str, str]) -> None:
        """Set these names, or remove the blank ones; to be repeated as often as one likes.

        Raises:
            WriteRefused: `medusa_write_refused`.
            WriteUnanswered: `medusa_write_unanswered`.
        """
        self._api.send("POST", f"products/{product_id}", {"metadata": dict(values)})
