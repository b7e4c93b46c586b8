-- 0005: what scanners found. Why: what crossed the wire becomes rows. One table of findings for every scanner, the user's own
-- among them: what a finding is made of differs, and is a JSON object; the views below take it apart. Files that scanners
-- extracted lie in objects/, named by their content, so that the same file is there once.

CREATE TABLE scanner (                 -- scanners that were run on the case
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    upto    INTEGER NOT NULL           -- connections up to this number were looked at, but for those in `rescan`
) STRICT;

CREATE TABLE rescan (                  -- connections that went on after a scanner had looked at them
    connection_id INTEGER NOT NULL,
    scanner_id    INTEGER NOT NULL,
    PRIMARY KEY (connection_id, scanner_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
    scanner_id    INTEGER NOT NULL,
    connection_id INTEGER NOT NULL,
    number        INTEGER NOT NULL,    -- in the order in which they were found, from 1
    kind     TEXT NOT NULL,            -- 'anomaly' is one of the program's own: value is the kind of anomaly
    flow_id  INTEGER NOT NULL,         -- 0: of the connection, not of a flow
    "offset" INTEGER NOT NULL,
    length   INTEGER NOT NULL,
    time_ns  INTEGER,
    value    TEXT NOT NULL,
    data     TEXT,                     -- a JSON object; NULL: nothing in it
    PRIMARY KEY (scanner_id, connection_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE object (
    scanner_id    INTEGER NOT NULL,
    connection_id INTEGER NOT NULL,
    number        INTEGER NOT NULL,    -- in the order in which they were found, from 1
    flow_id    INTEGER NOT NULL,
    "offset"   INTEGER NOT NULL,       -- where it begins in the flow
    length     INTEGER NOT NULL,       -- bytes of the flow it takes
    time_ns    INTEGER,
    parent     TEXT,                   -- the object it was found in, as the view `objects` names it
    path       TEXT NOT NULL,          -- relative to the case
    name       TEXT,                   -- as the wire says it
    said_type  TEXT,
    found_type TEXT,
    size_bytes INTEGER NOT NULL,
    sha256     BLOB NOT NULL,
    complete   INTEGER NOT NULL,
    PRIMARY KEY (scanner_id, connection_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_sha256 ON object (sha256);

CREATE VIEW findings AS
SELECT scanner.name AS scanner, scanner.version AS version, connection_id, number, nullif(flow_id, 0) AS flow_id, "offset", length, time_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (time_ns - (time_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (time_ns % 1000000000 + 1000000000) % 1000000000) AS time,
    kind, value, data
FROM scanner JOIN finding ON scanner_id = scanner.id
WHERE kind <> 'anomaly' AND NOT EXISTS (SELECT 1 FROM rescan WHERE rescan.connection_id = finding.connection_id AND rescan.scanner_id = finding.scanner_id);

CREATE VIEW objects AS
SELECT scanner.name || '-' || connection_id || '-' || number AS id, scanner.name AS scanner, connection_id, flow_id, "offset", length, time_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (time_ns - (time_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (time_ns % 1000000000 + 1000000000) % 1000000000) AS time,
    parent, path, object.name AS name, said_type, found_type, size_bytes, lower(hex(sha256)) AS sha256, complete
FROM scanner JOIN object ON scanner_id = scanner.id
WHERE NOT EXISTS (SELECT 1 FROM rescan WHERE rescan.connection_id = object.connection_id AND rescan.scanner_id = object.scanner_id);

CREATE VIEW protocols AS
SELECT connection_id, flow_id, value AS protocol FROM findings WHERE scanner = 'kind';

CREATE VIEW http AS
SELECT connection_id, number, time_ns, time, data ->> 'method' AS method, data ->> 'host' AS host, data ->> 'uri' AS uri, data ->> 'version' AS version,
    data ->> 'status' AS status, data ->> 'reason' AS reason, data ->> 'user_agent' AS user_agent, data ->> 'referrer' AS referrer,
    data ->> 'request_type' AS request_type, data ->> 'response_type' AS response_type, data ->> 'found_type' AS found_type,
    data ->> 'request_bytes' AS request_bytes, data ->> 'response_bytes' AS response_bytes, data ->> 'response_encoding' AS response_encoding,
    (SELECT path FROM object WHERE scanner_id = (SELECT id FROM scanner WHERE name = 'http') AND object.connection_id = findings.connection_id AND object.number = data ->> 'request_object') AS request_object,
    (SELECT path FROM object WHERE scanner_id = (SELECT id FROM scanner WHERE name = 'http') AND object.connection_id = findings.connection_id AND object.number = data ->> 'response_object') AS response_object,
    data ->> 'request_flow_id' AS request_flow_id, data ->> 'request_offset' AS request_offset,
    data ->> 'response_flow_id' AS response_flow_id, data ->> 'response_offset' AS response_offset,
    data ->> 'response_time_ns' AS response_time_ns, data ->> 'username' AS username, data ->> 'complete' AS complete
FROM findings WHERE scanner = 'http' AND kind = 'transaction';

CREATE VIEW tls AS
SELECT connection_id, time_ns, time,
    data ->> 'sni' AS sni, data ->> 'version' AS version, data ->> 'client_version' AS client_version, data ->> 'cipher' AS cipher, data ->> 'alpn' AS alpn,
    data ->> 'client_alpn' AS client_alpn, data ->> 'ja3' AS ja3, data ->> 'ja3s' AS ja3s, data ->> 'ja4' AS ja4, data ->> 'ja3_string' AS ja3_string,
    data ->> 'ja3s_string' AS ja3s_string, data ->> 'resumed' AS resumed, data ->> 'subject' AS subject, data ->> 'issuer' AS issuer, data ->> 'not_before' AS not_before,
    data ->> 'not_after' AS not_after,
    data ->> 'certificates' AS certificates,
    (SELECT path FROM object WHERE scanner_id = (SELECT id FROM scanner WHERE name = 'tls') AND object.connection_id = findings.connection_id AND object.number = data ->> 'certificate_object') AS certificate,
    data ->> 'client_flow_id' AS client_flow_id, data ->> 'client_offset' AS client_offset,
    data ->> 'server_flow_id' AS server_flow_id, data ->> 'server_offset' AS server_offset
FROM findings WHERE scanner = 'tls' AND kind = 'session';

CREATE VIEW certificates AS
SELECT connection_id, number, flow_id, "offset", time_ns, time,
    data ->> 'subject' AS subject, data ->> 'issuer' AS issuer, data ->> 'serial' AS serial, data ->> 'not_before' AS not_before, data ->> 'not_after' AS not_after,
    data ->> 'names' AS names, data ->> 'key' AS key, data ->> 'signature' AS signature, data ->> 'self_signed' AS self_signed, data ->> 'side' AS side,
    data ->> 'position' AS position,
    (SELECT path FROM object WHERE scanner_id = (SELECT id FROM scanner WHERE name = 'tls') AND object.connection_id = findings.connection_id AND object.number = data ->> 'object') AS object
FROM findings WHERE scanner = 'tls' AND kind = 'certificate';

CREATE VIEW dns AS
SELECT connection_id, number, time_ns, time, data ->> 'id' AS id, data ->> 'query' AS query, data ->> 'type' AS type, data ->> 'class' AS class,
    data ->> 'rcode' AS rcode, data ->> 'answers' AS answers, data ->> 'answer_count' AS answer_count,
    data ->> 'authoritative' AS authoritative, data ->> 'truncated' AS truncated,
    data ->> 'recursion_desired' AS recursion_desired, data ->> 'recursion_available' AS recursion_available,
    data ->> 'ttl' AS ttl, data ->> 'rtt_ns' AS rtt_ns,
    data ->> 'query_flow_id' AS query_flow_id, data ->> 'query_offset' AS query_offset,
    data ->> 'answer_flow_id' AS answer_flow_id, data ->> 'answer_offset' AS answer_offset
FROM findings WHERE scanner = 'dns' AND kind = 'lookup';

CREATE VIEW mails AS
SELECT connection_id, number, time_ns, time, data ->> 'protocol' AS protocol, data ->> 'from' AS "from", data ->> 'to' AS "to", value AS subject,
    data ->> 'date' AS date, data ->> 'message_id' AS message_id, data ->> 'size' AS size, data ->> 'helo' AS helo,
    data ->> 'username' AS username, data ->> 'reply' AS reply,
    (SELECT path FROM object WHERE scanner_id = (SELECT id FROM scanner WHERE name = 'mail') AND object.connection_id = findings.connection_id AND object.number = data ->> 'object') AS object,
    flow_id, "offset", data ->> 'complete' AS complete
FROM findings WHERE scanner = 'mail' AND kind = 'mail';

-- The data connection of a transfer begins nearest to it among those with the end that was agreed on. Servers behind a
-- translator of addresses say one that nobody sees: theirs in the control connection counts too. min() takes its row along.
CREATE VIEW transfers AS
SELECT connection_id, number, time_ns, time, command, name, username, reply, data_ip, data_port, data_connection_id
FROM (
    SELECT asked.*, other.id AS data_connection_id, min(abs(other.start_ns - asked.time_ns))
    FROM (
        SELECT connection_id, number, time_ns, time, data ->> 'command' AS command, value AS name, data ->> 'username' AS username,
            data ->> 'reply' AS reply, data ->> 'data_ip' AS data_ip, data ->> 'data_port' AS data_port, resp_ip AS server_ip
        FROM findings JOIN connection ON connection.id = connection_id WHERE scanner = 'ftp' AND kind = 'transfer'
    ) AS asked LEFT JOIN (
        SELECT id, start_ns, resp_ip AS ip, resp_port AS port FROM connection UNION ALL SELECT id, start_ns, orig_ip, orig_port FROM connection
    ) AS other ON other.port = asked.data_port AND other.ip IN (asked.data_ip, asked.server_ip) AND other.id <> asked.connection_id
    GROUP BY asked.connection_id, asked.number
);

-- What ingest found strange, and what scanners did.
CREATE VIEW anomalies AS
SELECT row_number() OVER (ORDER BY capture_id, frame, kind, flow_id, detail) AS id, capture_id, frame, nullif(flow_id, 0) AS flow_id, kind, detail,
    time_ns, strftime('%Y-%m-%dT%H:%M:%S', (time_ns - (time_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (time_ns % 1000000000 + 1000000000) % 1000000000) AS time,
    count, nullif(connection_id, 0) AS connection_id
FROM (
    SELECT capture_id, frame, flow_id, kind, detail, time_ns, count, connection_id FROM anomaly
    UNION ALL SELECT data ->> 'capture_id', data ->> 'frame', flow_id, value, data ->> 'detail', time_ns, data ->> 'count', connection_id
        FROM finding WHERE kind = 'anomaly'
            AND NOT EXISTS (SELECT 1 FROM rescan WHERE rescan.connection_id = finding.connection_id AND rescan.scanner_id = finding.scanner_id)
);

CREATE VIEW timeline AS
SELECT time_ns,
    strftime('%Y-%m-%dT%H:%M:%S', (time_ns - (time_ns % 1000000000 + 1000000000) % 1000000000) / 1000000000, 'unixepoch') || printf('.%09dZ', (time_ns % 1000000000 + 1000000000) % 1000000000) AS time,
    kind, connection_id, flow_id, capture_id, detail
FROM (
    SELECT first_ns AS time_ns, 'capture begins' AS kind, NULL AS connection_id, NULL AS flow_id, id AS capture_id, path AS detail FROM capture
    UNION ALL SELECT last_ns, 'capture ends', NULL, NULL, id, path FROM capture
    UNION ALL SELECT start_ns, 'connection begins', id, NULL, NULL,
        orig_ip || ' port ' || orig_port || ' to ' || resp_ip || ' port ' || resp_port FROM connection
    UNION ALL SELECT end_ns, 'connection ends', id, NULL, NULL, state || ' ' || history FROM connection
    UNION ALL SELECT time_ns, 'conflict', connection_id, flow_id, iif(later_kept, kept_capture_id, lost_capture_id),
        conflict.length || ' bytes at offset ' || (position - base) || ': frame ' || kept_frame || ' kept, frame ' || lost_frame || ' lost'
        FROM conflict LEFT JOIN flow ON flow.id = flow_id
    UNION ALL SELECT time_ns, 'anomaly', connection_id, flow_id, capture_id, kind || ': ' || detail FROM anomalies
    UNION ALL SELECT time_ns, scanner, connection_id, flow_id, NULL, kind || ': ' || value FROM findings WHERE scanner <> 'kind'
);
