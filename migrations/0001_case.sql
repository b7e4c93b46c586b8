-- 0001: the case. Why: one place for everything about the captures but the payload bytes themselves.
-- Tables are private; views (0002) are the interface. Addresses are text (views must read them without our functions),
-- digests are blobs, times are nanoseconds since 1970 UTC, vlan NULL means untagged. Every table but `run` is sealed:
-- see index/seal.rs.

CREATE TABLE setting (                 -- fixed when the case is made: overlap, max_jump, max_bytes, store, template, hash
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE batch (                   -- one row: how many commits the case has seen; the payload journal refers to it
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    number  INTEGER NOT NULL,
    last_ns INTEGER                    -- latest frame of any connection
) STRICT;
INSERT INTO batch VALUES (1, 0, NULL);

CREATE TABLE seal (                    -- one row a table: sum of its rows' digests
    name TEXT PRIMARY KEY,
    sum  BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run (                     -- what the wall clock and the place say; not part of the record
    id           INTEGER PRIMARY KEY,
    started_ns   INTEGER NOT NULL,
    ended_ns     INTEGER,
    version      TEXT NOT NULL,
    command_line TEXT NOT NULL,
    user_seconds   REAL,
    system_seconds REAL,
    peak_memory_bytes INTEGER,
    message      TEXT                  -- why it did not get to its end; NULL if it did, or nobody could say
) STRICT;

CREATE TABLE capture (
    id          INTEGER PRIMARY KEY,
    path        TEXT NOT NULL,         -- outside the seal: where the file was when it was read
    sha256      BLOB,                  -- of the file as it lies; NULL where it could not be read
    head_sha256 BLOB,                  -- of its first MiB
    filter      TEXT NOT NULL,         -- '' without one
    size_bytes  INTEGER,
    format      TEXT,                  -- 'pcap', 'pcapng', 'pcap, gzip', …
    frames      INTEGER NOT NULL,
    used_frames INTEGER NOT NULL,
    first_ns    INTEGER,
    last_ns     INTEGER,
    status      TEXT NOT NULL CHECK (status IN ('complete', 'truncated', 'damaged', 'unreadable')),
    stopped_at  INTEGER,               -- offset in the decompressed capture; NULL when complete
    message     TEXT                   -- why it is not complete
) STRICT;

CREATE TABLE skip (
    capture_id INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    protocol   INTEGER NOT NULL,       -- as IP numbers it, where the reason is that it is another; else -1
    frames     INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    PRIMARY KEY (capture_id, reason, protocol)
) STRICT, WITHOUT ROWID;

CREATE TABLE wifi_network (            -- 802.11 networks heard in a capture
    capture_id INTEGER NOT NULL,
    bssid      TEXT NOT NULL,
    ssid       TEXT,                   -- NULL if nobody said it; \xNN for bytes that are no text: see model/wlan.rs
    channel    INTEGER,
    security   TEXT,                   -- NULL likewise
    beacons    INTEGER NOT NULL,
    probe_responses  INTEGER NOT NULL,
    data_frames      INTEGER NOT NULL,
    encrypted_frames INTEGER NOT NULL,
    first_ns   INTEGER,
    last_ns    INTEGER,
    PRIMARY KEY (bssid, capture_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fragments (               -- parts of packets that a later ingest may complete: see decode/fragments
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    state BLOB NOT NULL                -- compressed
) STRICT;

CREATE TABLE connection (
    id         INTEGER PRIMARY KEY,
    protocol   INTEGER NOT NULL,       -- as IP numbers it: 6
    orig_ip    TEXT NOT NULL,
    orig_port  INTEGER NOT NULL,
    resp_ip    TEXT NOT NULL,
    resp_port  INTEGER NOT NULL,
    start_ns   INTEGER,
    end_ns     INTEGER,
    state      TEXT NOT NULL,
    history    TEXT NOT NULL,
    community_id TEXT NOT NULL,
    retransmitted_bytes INTEGER NOT NULL,
    out_of_order INTEGER NOT NULL,
    vlan       INTEGER,                -- of the first frame
    vlans      TEXT,                   -- all tags, '100/200'
    tunnel     TEXT,
    rests      INTEGER NOT NULL,       -- 1: it may go on in a later ingest
    until_ns   INTEGER,                -- but not past this moment of capture time; NULL: whenever
    bare       INTEGER NOT NULL,       -- sides whose first flow has no payload file: 1 originator, 2 responder, 3 both
    macs       BLOB,                   -- of both sides, source then destination: see index/macs.rs
    -- each side whether or not it has payload; flow_id NULL: no frame of it was seen; *_stored: bytes of all parts
    orig_flow_id  INTEGER, orig_packets INTEGER NOT NULL, orig_stored INTEGER NOT NULL,
    orig_start_ns INTEGER, orig_end_ns  INTEGER, orig_isn INTEGER, orig_vlan INTEGER,
    resp_flow_id  INTEGER, resp_packets INTEGER NOT NULL, resp_stored INTEGER NOT NULL,
    resp_start_ns INTEGER, resp_end_ns  INTEGER, resp_isn INTEGER, resp_vlan INTEGER
) STRICT;

CREATE TABLE continued (               -- connections that began in a case before
    connection_id INTEGER PRIMARY KEY,
    earlier_case  TEXT NOT NULL,       -- name of its directory
    earlier_id    INTEGER NOT NULL     -- its number there
) STRICT;

CREATE TABLE ends (                    -- addresses and ports of all connections, to find them by: see index/ends.rs
    id   INTEGER PRIMARY KEY,          -- outside the seal: means nothing
    data BLOB NOT NULL
) STRICT;

CREATE TABLE flow (                    -- one row a payload file; a side without payload has none
    id            INTEGER PRIMARY KEY,
    connection_id INTEGER NOT NULL,
    side          INTEGER NOT NULL,    -- 0 originator, 1 responder
    part          INTEGER NOT NULL,
    path_key      INTEGER NOT NULL,    -- hash of path, to find it by: see index/rows.rs
    path          TEXT NOT NULL,       -- relative to the case
    base          INTEGER NOT NULL,    -- stream position of offset 0
    length        INTEGER NOT NULL,
    stored_bytes  INTEGER NOT NULL,
    missing_tail_bytes INTEGER NOT NULL,
    packets       INTEGER NOT NULL,
    start_ns      INTEGER,
    end_ns        INTEGER,
    replaced      INTEGER NOT NULL,    -- 1: its extents include some that replace others
    sha256 BLOB, md5 BLOB, sha1 BLOB, blake3 BLOB,
    extents       BLOB                 -- where its bytes came from, the last chunk (of most flows the only one)
) STRICT;

CREATE TABLE extent (                  -- where a flow's bytes came from, the chunks before the last: see index/extents.rs
    flow_id INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (flow_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap (
    flow_id INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    length  INTEGER NOT NULL,
    PRIMARY KEY (flow_id, "offset")
) STRICT, WITHOUT ROWID;

CREATE TABLE conflict (
    flow_id  INTEGER NOT NULL,
    number   INTEGER NOT NULL,         -- in order of arrival, from 0
    position INTEGER NOT NULL,         -- stream position
    length   INTEGER NOT NULL,
    kept_capture_id INTEGER NOT NULL, kept_frame INTEGER NOT NULL, kept_ttl INTEGER NOT NULL, kept_checksum TEXT NOT NULL,
    lost_capture_id INTEGER NOT NULL, lost_frame INTEGER NOT NULL, lost_ttl INTEGER NOT NULL, lost_checksum TEXT NOT NULL,
    lost_bytes BLOB NOT NULL,          -- at most the first 4096 of the range the later frame and this row have in common
    time_ns    INTEGER,                -- of the later frame
    later_kept INTEGER NOT NULL,       -- 1: the kept copy is that of the later frame
    PRIMARY KEY (flow_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE anomaly (                 -- the first occurrence of a kind in a flow (or capture), and how often it occurred
    capture_id INTEGER NOT NULL,
    frame      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    flow_id    INTEGER NOT NULL,       -- 0: of the capture, not of a flow
    connection_id INTEGER NOT NULL,    -- 0 likewise
    detail     TEXT NOT NULL,
    time_ns    INTEGER,
    count      INTEGER NOT NULL,
    PRIMARY KEY (capture_id, frame, kind, flow_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE dormant (                 -- connections that may go on in a later ingest, many a row: see index/dormant.rs
    id       INTEGER PRIMARY KEY,
    until_ns INTEGER,                  -- of capture time: all are over once a later frame was seen; NULL: one never is
    hashes   BLOB NOT NULL,            -- of the endpoints of each, whatever the order: see model/endpoint.rs
    state    BLOB NOT NULL             -- the connections themselves, compressed
) STRICT;
CREATE INDEX dormant_until_ns ON dormant (until_ns) WHERE until_ns IS NOT NULL;

CREATE TABLE dormant_taken (           -- those of a row of dormant that went on since
    id    INTEGER PRIMARY KEY,         -- of the row
    taken BLOB NOT NULL                -- 128 bits, most significant first: the connection at that place is no longer at rest here
) STRICT;
