-- 0002: the views. Why: the public interface, readable by any SQLite client without our functions.
-- Times as text are ISO 8601 UTC with nine digits, floor-divided so that moments before 1970 come out right.

CREATE VIEW captures AS
SELECT id, path, lower(hex(sha256)) AS sha256, size_bytes, format, nullif(filter, '') AS filter, frames, used_frames, first_ns, last_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (first_ns - (first_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch')
        || printf('.%09dZ', (first_ns % 1000000000 + 1000000000) % 1000000000) AS first_time,
    strftime('%Y-%m-%dT%H:%M:%S', (last_ns - (last_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch')
        || printf('.%09dZ', (last_ns % 1000000000 + 1000000000) % 1000000000) AS last_time,
    status, stopped_at, message
FROM capture;

-- connections, flows, gaps, conflicts, skipped, anomalies, timeline follow
