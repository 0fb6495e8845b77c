"""The operator's own SQL from the mission: it has to run verbatim on every version's tables."""

JOBS_OF_THE_OPERATOR = """
SELECT id, transaction_id, status, total_products, synced_count, failed_count, error_log, completed_at
  FROM etsy_sync_job ORDER BY created_at DESC LIMIT 10;
"""
FAILED_LINKS_OF_THE_OPERATOR = """
SELECT product_id, etsy_account_id, sync_status, etsy_listing_id, etsy_url, last_synced_at, sync_error
  FROM product_etsy_link WHERE sync_status = 'failed';
"""
