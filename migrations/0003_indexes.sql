-- 0003: the secondary indexes. Why: look-ups by host, port, time, size, digest and name in large cases. Large loads drop them
-- and run this file again at the end, hence IF NOT EXISTS. Digests are indexed as the views show them.

CREATE INDEX IF NOT EXISTS capture_sha256 ON capture (sha256);
CREATE INDEX IF NOT EXISTS connection_orig_ip ON connection (orig_ip, orig_port);
CREATE INDEX IF NOT EXISTS connection_resp_ip ON connection (resp_ip, resp_port);
CREATE INDEX IF NOT EXISTS connection_orig_port ON connection (orig_port);
CREATE INDEX IF NOT EXISTS connection_resp_port ON connection (resp_port);
CREATE INDEX IF NOT EXISTS connection_start_ns ON connection (start_ns);
CREATE INDEX IF NOT EXISTS connection_orig_flow ON connection (orig_flow_id);
CREATE INDEX IF NOT EXISTS connection_resp_flow ON connection (resp_flow_id);
CREATE INDEX IF NOT EXISTS flow_connection ON flow (connection_id);
CREATE INDEX IF NOT EXISTS flow_path ON flow (path);
CREATE INDEX IF NOT EXISTS flow_start_ns ON flow (start_ns);
CREATE INDEX IF NOT EXISTS flow_stored_bytes ON flow (stored_bytes);
CREATE INDEX IF NOT EXISTS flow_sha256 ON flow (nullif(lower(hex(sha256)), '')) WHERE nullif(lower(hex(sha256)), '') IS NOT NULL;
CREATE INDEX IF NOT EXISTS flow_md5 ON flow (nullif(lower(hex(md5)), '')) WHERE nullif(lower(hex(md5)), '') IS NOT NULL;
CREATE INDEX IF NOT EXISTS flow_sha1 ON flow (nullif(lower(hex(sha1)), '')) WHERE nullif(lower(hex(sha1)), '') IS NOT NULL;
CREATE INDEX IF NOT EXISTS flow_blake3 ON flow (nullif(lower(hex(blake3)), '')) WHERE nullif(lower(hex(blake3)), '') IS NOT NULL;
CREATE INDEX IF NOT EXISTS anomaly_connection ON anomaly (connection_id);
CREATE INDEX IF NOT EXISTS dormant_tuple_hash ON dormant (tuple_hash);
