#ifndef FLOTILLA_CSQLITE_SHIM_H
#define FLOTILLA_CSQLITE_SHIM_H

#include <malloc.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>

/// sqlite3_config is variadic; this is the form that options with one `int` take.
static inline int flotilla_sqlite3_config_int(int option, int value) { return sqlite3_config(option, value); }

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

/// Allocators for SQLITE_CONFIG_MALLOC that count and limit what SQLite has, without the mutex of SQLITE_CONFIG_MEMSTATUS.
/// Each block has its size before it, as in SQLite's own. Blocks below 1024 bytes are most of the calls and little of the
/// memory: they are not counted. One file uses these, as each that does has a counter of its own.
static _Atomic long flotilla_memory_used = 0;
static long flotilla_memory_limit = 0;

static inline int flotilla_memory_counts(long size) { return size >= 1024; }

static inline void *flotilla_memory_malloc(int size) {
  if (flotilla_memory_counts(size) &&
      atomic_load_explicit(&flotilla_memory_used, memory_order_relaxed) + size > flotilla_memory_limit)
    return 0;
  long *block = (long *)malloc((size_t)size + sizeof(long));
  if (!block) return 0;
  *block = size;
  if (flotilla_memory_counts(size)) atomic_fetch_add_explicit(&flotilla_memory_used, size, memory_order_relaxed);
  return block + 1;
}

static inline int flotilla_memory_size(void *block) { return block ? (int)((long *)block)[-1] : 0; }

static inline void flotilla_memory_free(void *block) {
  if (!block) return;
  long size = flotilla_memory_size(block);
  if (flotilla_memory_counts(size)) atomic_fetch_sub_explicit(&flotilla_memory_used, size, memory_order_relaxed);
  free((long *)block - 1);
}

static inline void *flotilla_memory_realloc(void *block, int size) {
  long before = flotilla_memory_size(block);
  if (size > before && flotilla_memory_counts(size) &&
      atomic_load_explicit(&flotilla_memory_used, memory_order_relaxed) + size - before > flotilla_memory_limit)
    return 0;
  long *moved = (long *)realloc((long *)block - 1, (size_t)size + sizeof(long));
  if (!moved) return 0;
  *moved = size;
  if (flotilla_memory_counts(before)) atomic_fetch_sub_explicit(&flotilla_memory_used, before, memory_order_relaxed);
  if (flotilla_memory_counts(size)) atomic_fetch_add_explicit(&flotilla_memory_used, size, memory_order_relaxed);
  return moved + 1;
}

static inline int flotilla_memory_roundup(int size) { return (size + 7) & ~7; }
static inline int flotilla_memory_init(void *unused) { return SQLITE_OK; }
static inline void flotilla_memory_shutdown(void *unused) {}

/// Gives SQLite these allocators, with a limit in bytes; before sqlite3_initialize.
static inline int flotilla_sqlite3_config_memory(long limit) {
  flotilla_memory_limit = limit;
  sqlite3_mem_methods methods = {
      flotilla_memory_malloc,  flotilla_memory_free, flotilla_memory_realloc,  flotilla_memory_size,
      flotilla_memory_roundup, flotilla_memory_init, flotilla_memory_shutdown, 0,
  };
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

/// What SQLite has allocated, in bytes, and `more`, which counts from now on.
static inline long flotilla_memory_add(long more) {
  return atomic_fetch_add_explicit(&flotilla_memory_used, more, memory_order_relaxed) + more;
}

#endif
