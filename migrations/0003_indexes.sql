-- 0003: the secondary indexes. Why: look-ups by connection, and sides without payload in the order of their numbers. Rows
-- come nearly in the order of all of these, so that they are appended to, and cost a large load no sort at its end. Ends
-- (index/ends.rs), paths, times, sizes and digests are read through, a million rows in less than half a second.

CREATE INDEX connection_orig_bare ON connection (orig_flow_id) WHERE bare & 1;
CREATE INDEX connection_resp_bare ON connection (resp_flow_id) WHERE bare & 2;
CREATE INDEX flow_connection ON flow (connection_id);
CREATE INDEX anomaly_connection ON anomaly (connection_id);
