-- 0004: packed payload. Why: a file a flow costs a directory entry, several system calls and at least a block of disk; 400 000
-- flows of 138 bytes take 1.6 GB of blocks as files, and 28 MB in a pack. Where each frame of a pack lies, and which parts of which
-- frames a flow is made of. Empty and NULL in a case that stores files.

CREATE TABLE pack_frame (
    pack         INTEGER NOT NULL,     -- packs/0, …
    number       INTEGER NOT NULL,     -- from 0, in the order in which frames were begun
    "offset"     INTEGER NOT NULL,     -- in the pack: frames lie side by side
    stored_bytes INTEGER NOT NULL,     -- in the pack
    length       INTEGER NOT NULL,     -- bytes of payload
    PRIMARY KEY (pack, number)
) STRICT, WITHOUT ROWID;

ALTER TABLE flow ADD COLUMN pieces BLOB; -- encoded: see store/packed/pieces.rs
