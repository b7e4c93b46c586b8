-- 0003: the secondary indexes. Why: look-ups by host, port, connection, name, and of sides without payload, in large cases.
-- Each costs about a fifth of a second a million rows; by time, size or digest a million rows are read through in less than
-- half a second. Large loads drop them and run this file again at the end, hence IF NOT EXISTS.

CREATE INDEX IF NOT EXISTS connection_orig_ip ON connection (orig_ip);
CREATE INDEX IF NOT EXISTS connection_resp_ip ON connection (resp_ip);
CREATE INDEX IF NOT EXISTS connection_orig_port ON connection (orig_port);
CREATE INDEX IF NOT EXISTS connection_resp_port ON connection (resp_port);
CREATE INDEX IF NOT EXISTS connection_orig_bare ON connection (orig_flow_id) WHERE bare & 1;
CREATE INDEX IF NOT EXISTS connection_resp_bare ON connection (resp_flow_id) WHERE bare & 2;
CREATE INDEX IF NOT EXISTS flow_connection ON flow (connection_id);
CREATE INDEX IF NOT EXISTS flow_path ON flow (path_key);
CREATE INDEX IF NOT EXISTS anomaly_connection ON anomaly (connection_id);
