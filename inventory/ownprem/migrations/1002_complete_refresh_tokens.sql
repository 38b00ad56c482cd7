-- Complete refresh_tokens where the application recorded migration 6 without having done it.
--
-- Its migration 6 stops half-way on a table that has rows; its next start finds family_id, takes the work for done
-- and records it. Such an installation says version 6 or above and has no issued_at, tokens without a family, and no
-- index. Numbered from 1001 for the reason given in 1001_add_indexes_from_schema.sql.

-- @unless column refresh_tokens.issued_at
CREATE TABLE new_refresh_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash TEXT NOT NULL UNIQUE,
    expires_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    ip_address TEXT,
    user_agent TEXT,
    last_used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    family_id TEXT,
    issued_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO new_refresh_tokens
    (id, user_id, token_hash, expires_at, created_at, ip_address, user_agent, last_used_at, family_id, issued_at)
SELECT id, user_id, token_hash, expires_at, created_at, ip_address, user_agent, last_used_at, family_id,
    COALESCE(created_at, CURRENT_TIMESTAMP)
FROM refresh_tokens
ORDER BY rowid;
DROP TABLE refresh_tokens;
ALTER TABLE new_refresh_tokens RENAME TO refresh_tokens;

-- @always
UPDATE refresh_tokens SET family_id = id WHERE family_id IS NULL;
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX IF NOT EXISTS idx_refresh_tokens_family ON refresh_tokens (family_id);

-- @expect column refresh_tokens.issued_at
-- @expect index idx_refresh_tokens_user
-- @expect index idx_refresh_tokens_family
-- @expect query SELECT count(*) = 0 FROM refresh_tokens WHERE family_id IS NULL AND id IS NOT NULL
