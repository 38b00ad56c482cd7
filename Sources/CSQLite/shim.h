#ifndef FLOTILLA_CSQLITE_SHIM_H
#define FLOTILLA_CSQLITE_SHIM_H

#include <malloc.h>
#include <sqlite3.h>

/// sqlite3_config is variadic; this is the form that options with one `int` take.
static inline int flotilla_sqlite3_config_int(int option, int value) { return sqlite3_config(option, value); }

/// As above, for the table of allocators, of which SQLite makes a copy.
static inline int flotilla_sqlite3_config_memory(const sqlite3_mem_methods *methods) {
  return sqlite3_config(SQLITE_CONFIG_MALLOC, methods);
}

/// sqlite3_db_config is variadic; this is the form that on/off options take: the wanted state, and where to
/// put the state that is now in force.
static inline int flotilla_sqlite3_db_config_flag(sqlite3 *db, int option, int on, int *now) {
  return sqlite3_db_config(db, option, on, now);
}

/// SQLITE_TRANSIENT is a cast of -1 to a function pointer, which Swift does not import.
static inline int flotilla_sqlite3_bind_text(sqlite3_stmt *s, int i, const char *text, int bytes) {
  return sqlite3_bind_text(s, i, text, bytes, SQLITE_TRANSIENT);
}

/// As above, for a blob.
static inline int flotilla_sqlite3_bind_blob(sqlite3_stmt *s, int i, const void *blob, int bytes) {
  return sqlite3_bind_blob(s, i, blob, bytes, SQLITE_TRANSIENT);
}

#endif
