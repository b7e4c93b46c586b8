-- 0002: the views. Why: the public interface, readable by any SQLite client without our functions.
-- Times as text are ISO 8601 UTC with nine digits, floor-divided so that moments before 1970 come out right.
-- Digests are lower case hex; hex(NULL) is '', hence the nullif. What each column means: index/columns.rs.

CREATE VIEW captures AS
SELECT id, path, nullif(lower(hex(sha256)), '') AS sha256, size_bytes, format, frames, used_frames, first_ns, last_ns, status, stopped_at,
    nullif(filter, '') AS filter, message,
    strftime('%Y-%m-%dT%H:%M:%S', (first_ns - (first_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (first_ns % 1000000000 + 1000000000) % 1000000000) AS first_time,
    strftime('%Y-%m-%dT%H:%M:%S', (last_ns - (last_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (last_ns % 1000000000 + 1000000000) % 1000000000) AS last_time
FROM capture;

CREATE VIEW connections AS
SELECT id, CASE protocol WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' END AS protocol, orig_ip, orig_port, resp_ip, resp_port, vlan, tunnel, start_ns, end_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (start_ns - (start_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (start_ns % 1000000000 + 1000000000) % 1000000000) AS start_time,
    strftime('%Y-%m-%dT%H:%M:%S', (end_ns - (end_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (end_ns % 1000000000 + 1000000000) % 1000000000) AS end_time,
    end_ns - start_ns AS duration_ns, state, history, community_id,
    orig_stored AS orig_bytes, resp_stored AS resp_bytes, orig_packets, resp_packets, retransmitted_bytes, out_of_order,
    (SELECT coalesce(sum(length - stored_bytes), 0) FROM flow WHERE connection_id = connection.id) AS gap_bytes,
    (SELECT coalesce(sum(missing_tail_bytes), 0) FROM flow WHERE connection_id = connection.id) AS missing_tail_bytes,
    orig_flow_id, resp_flow_id, vlans,
    rests AND coalesce(until_ns >= (SELECT last_ns FROM batch), 1) AS open
FROM connection;

-- Payload files first, then the sides of connections that have none: each side with a frame has at least one row.
-- Addresses of links: see index/macs.rs. Corresponding columns have the same affinity, or SQLite (3.41 on) would sort what
-- each part gives in order already: hence the casts and the plus signs.
CREATE VIEW flows AS
SELECT flow.id AS id, connection_id, iif(side = 0, 'orig', 'resp') AS side, part,
    iif(side = 0, orig_ip, resp_ip) AS src_ip, iif(side = 0, orig_port, resp_port) AS src_port,
    iif(side = 0, resp_ip, orig_ip) AS dst_ip, iif(side = 0, resp_port, orig_port) AS dst_port,
    iif(side = 0, orig_vlan, resp_vlan) AS vlan, path, length, stored_bytes,
    length - stored_bytes AS gap_bytes, missing_tail_bytes, packets, flow.start_ns AS start_ns, flow.end_ns AS end_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (flow.start_ns - (flow.start_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (flow.start_ns % 1000000000 + 1000000000) % 1000000000) AS start_time,
    strftime('%Y-%m-%dT%H:%M:%S', (flow.end_ns - (flow.end_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (flow.end_ns % 1000000000 + 1000000000) % 1000000000) AS end_time,
    iif(side = 0, orig_isn, resp_isn) AS isn,
    nullif(lower(hex(sha256)), '') AS sha256, nullif(lower(hex(md5)), '') AS md5,
    nullif(lower(hex(sha1)), '') AS sha1, nullif(lower(hex(blake3)), '') AS blake3,
    base, vlans,
    iif(side = 0, nullif(lower(hex(iif(length(macs) <> 14, substr(macs, 1, 6), NULL))), ''),
        nullif(lower(hex(CASE length(macs) WHEN 12 THEN substr(macs, 7, 6) WHEN 24 THEN substr(macs, 13, 6) WHEN 14 THEN substr(macs, 1, 6) END)), '')) AS src_mac,
    iif(side = 0, nullif(lower(hex(iif(length(macs) <> 14, substr(macs, 7, 6), NULL))), ''),
        nullif(lower(hex(CASE length(macs) WHEN 12 THEN substr(macs, 1, 6) WHEN 24 THEN substr(macs, 19, 6) WHEN 14 THEN substr(macs, 7, 6) END)), '')) AS dst_mac
FROM flow JOIN connection ON connection.id = flow.connection_id
UNION ALL
SELECT orig_flow_id, id, 'orig', CAST(0 AS INTEGER), +orig_ip, +orig_port, +resp_ip, +resp_port, +orig_vlan, CAST(NULL AS TEXT),
    CAST(0 AS INTEGER), CAST(0 AS INTEGER), 0, CAST(0 AS INTEGER), orig_packets, orig_start_ns, orig_end_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (orig_start_ns - (orig_start_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (orig_start_ns % 1000000000 + 1000000000) % 1000000000),
    strftime('%Y-%m-%dT%H:%M:%S', (orig_end_ns - (orig_end_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (orig_end_ns % 1000000000 + 1000000000) % 1000000000),
    +orig_isn, NULL, NULL, NULL, NULL, CAST(NULL AS INTEGER), vlans,
    nullif(lower(hex(iif(length(macs) <> 14, substr(macs, 1, 6), NULL))), ''),
    nullif(lower(hex(iif(length(macs) <> 14, substr(macs, 7, 6), NULL))), '')
FROM connection
WHERE bare & 1
UNION ALL
SELECT resp_flow_id, id, 'resp', CAST(0 AS INTEGER), +resp_ip, +resp_port, +orig_ip, +orig_port, +resp_vlan, CAST(NULL AS TEXT),
    CAST(0 AS INTEGER), CAST(0 AS INTEGER), 0, CAST(0 AS INTEGER), resp_packets, resp_start_ns, resp_end_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (resp_start_ns - (resp_start_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (resp_start_ns % 1000000000 + 1000000000) % 1000000000),
    strftime('%Y-%m-%dT%H:%M:%S', (resp_end_ns - (resp_end_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (resp_end_ns % 1000000000 + 1000000000) % 1000000000),
    +resp_isn, NULL, NULL, NULL, NULL, CAST(NULL AS INTEGER), vlans,
    nullif(lower(hex(CASE length(macs) WHEN 12 THEN substr(macs, 7, 6) WHEN 24 THEN substr(macs, 13, 6) WHEN 14 THEN substr(macs, 1, 6) END)), ''),
    nullif(lower(hex(CASE length(macs) WHEN 12 THEN substr(macs, 1, 6) WHEN 24 THEN substr(macs, 19, 6) WHEN 14 THEN substr(macs, 7, 6) END)), '')
FROM connection
WHERE bare & 2;

CREATE VIEW gaps AS
SELECT flow_id, "offset", length FROM gap;

-- A conflict before the base (its bytes were dropped when the SYN turned up) has a negative offset.
CREATE VIEW conflicts AS
SELECT flow_id, position - base AS "offset", conflict.length AS length, kept_frame, lost_frame, lost_bytes,
    kept_capture_id, kept_ttl, kept_checksum, lost_capture_id, lost_ttl, lost_checksum,
    time_ns, strftime('%Y-%m-%dT%H:%M:%S', (time_ns - (time_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (time_ns % 1000000000 + 1000000000) % 1000000000) AS time,
    later_kept, connection_id, number
FROM conflict LEFT JOIN flow ON flow.id = flow_id;

CREATE VIEW skipped AS
SELECT capture_id, reason, frames, bytes,
    CASE protocol WHEN -1 THEN NULL WHEN 1 THEN 'icmp' WHEN 2 THEN 'igmp' WHEN 17 THEN 'udp' WHEN 33 THEN 'dccp' WHEN 50 THEN 'esp'
        WHEN 58 THEN 'icmp6' WHEN 88 THEN 'eigrp' WHEN 89 THEN 'ospf' WHEN 103 THEN 'pim' WHEN 112 THEN 'vrrp' WHEN 132 THEN 'sctp'
        WHEN 136 THEN 'udplite' ELSE CAST(protocol AS TEXT) END AS protocol
FROM skip;

CREATE VIEW continued_connections AS
SELECT connection_id, earlier_case, earlier_id FROM continued;

-- What captures say of one network is added up; of what it says of itself the first counts.
CREATE VIEW wifi_networks AS
SELECT bssid, ssid, channel, security, beacons, probe_responses, data_frames, encrypted_frames, captures, first_ns, last_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (first_ns - (first_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (first_ns % 1000000000 + 1000000000) % 1000000000) AS first_time,
    strftime('%Y-%m-%dT%H:%M:%S', (last_ns - (last_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (last_ns % 1000000000 + 1000000000) % 1000000000) AS last_time
FROM (SELECT bssid,
    (SELECT ssid FROM wifi_network AS w WHERE w.bssid = wifi_network.bssid AND ssid IS NOT NULL ORDER BY capture_id LIMIT 1) AS ssid,
    (SELECT channel FROM wifi_network AS w WHERE w.bssid = wifi_network.bssid AND channel IS NOT NULL ORDER BY capture_id LIMIT 1) AS channel,
    (SELECT security FROM wifi_network AS w WHERE w.bssid = wifi_network.bssid AND security IS NOT NULL ORDER BY capture_id LIMIT 1) AS security,
    sum(beacons) AS beacons, sum(probe_responses) AS probe_responses, sum(data_frames) AS data_frames,
    sum(encrypted_frames) AS encrypted_frames, count(*) AS captures, min(first_ns) AS first_ns, max(last_ns) AS last_ns
    FROM wifi_network GROUP BY bssid);
