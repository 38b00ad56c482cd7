-- Record each backup code that was used, so that it works only once.

CREATE TABLE IF NOT EXISTS used_backup_codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash TEXT NOT NULL,
    used_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, code_hash)
);
CREATE INDEX IF NOT EXISTS idx_used_backup_codes_user ON used_backup_codes (user_id);

-- @expect table used_backup_codes
-- @expect foreign key used_backup_codes.user_id on delete cascade
-- @expect index idx_used_backup_codes_user
