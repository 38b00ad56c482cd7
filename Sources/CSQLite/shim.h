#ifndef FLOTILLA_CSQLITE_SHIM_H
#define FLOTILLA_CSQLITE_SHIM_H

#include <malloc.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>

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

/// Glibc hides this from Swift: copies bytes between files within the kernel, or lets the files share their blocks.
extern ssize_t copy_file_range(int in, long *in_offset, int out, long *out_offset, size_t size, unsigned int flags);

static inline ssize_t flotilla_copy_range(int in, int out, long offset, size_t size) {
  long target = offset;
  return copy_file_range(in, &offset, out, &target, size, 0);
}

/// Glibc hides this from Swift, too: begins to write a part of a file to disk, or also waits for the end of that.
extern int sync_file_range(int file, long offset, long size, unsigned int flags);

static inline void flotilla_begin_writing(int file, long offset, long size) { sync_file_range(file, offset, size, 2); }
static inline void flotilla_finish_writing(int file, long offset, long size) { sync_file_range(file, offset, size, 7); }

/// Copies the first `size` bytes of the index of the log (`-shm`), through the connection's own mapping: opening and
/// closing that file elsewhere in the process would drop the locks on it. The connection has a transaction open in WAL
/// mode; otherwise this could create the file.
static inline int flotilla_sqlite3_log_index(sqlite3 *db, unsigned char *copy, int size) {
  sqlite3_file *file = 0;
  int result = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (result != SQLITE_OK) return result;
  if (!file || !file->pMethods || file->pMethods->iVersion < 2) return SQLITE_NOTFOUND;
  volatile void *region = 0;
  result = file->pMethods->xShmMap(file, 0, 32768, 0, &region);
  if (result != SQLITE_OK) return result;
  if (!region) return SQLITE_NOTFOUND;
  for (int i = 0; i < size; i++) copy[i] = ((volatile unsigned char *)region)[i];
  file->pMethods->xShmBarrier(file);
  return SQLITE_OK;
}

/// Lets malloc(3) keep blocks below `block` bytes and up to `kept` bytes in all when they are freed.
static inline void flotilla_keep_freed_memory(int block, int kept) {
  mallopt(M_MMAP_THRESHOLD, block);
  mallopt(M_TRIM_THRESHOLD, kept);
}

/// Allocators for SQLITE_CONFIG_MALLOC that count and limit what SQLite has, without the mutex of SQLITE_CONFIG_MEMSTATUS.
/// Blocks below 1024 bytes are most of the calls and little of the memory: they are not counted. One file uses these, as
/// each that does has counters of its own.
///
/// There are several counters, so that threads don't wait for each other's cache lines: the sum of all is exact. The sum
/// that allocations are checked against is brought up to date when a counter passes a multiple of 256 kB.
enum { flotilla_memory_counters = 8 };
static struct {
  _Atomic long used;
} __attribute__((aligned(64))) flotilla_memory_counter[flotilla_memory_counters] = {{0}};
static struct {
  _Atomic long sum;
  long limit;
} __attribute__((aligned(64))) flotilla_memory_total = {0};

/// What SQLite has allocated, in bytes.
static inline long flotilla_memory_sum(void) {
  long sum = 0;
  for (int i = 0; i < flotilla_memory_counters; i++)
    sum += atomic_load_explicit(&flotilla_memory_counter[i].used, memory_order_relaxed);
  return sum;
}

/// Counts `more` bytes as taken, or as given back where it is negative.
static inline void flotilla_memory_add(long more) {
  char here;  // on the thread's stack, of 8 MB
  _Atomic long *used = &flotilla_memory_counter[((size_t)&here >> 23) % flotilla_memory_counters].used;
  long before = atomic_fetch_add_explicit(used, more, memory_order_relaxed);
  if (before >> 18 != (before + more) >> 18)
    atomic_store_explicit(&flotilla_memory_total.sum, flotilla_memory_sum(), memory_order_relaxed);
}

static inline long flotilla_memory_counted(long size) { return size >= 1024 ? size : 0; }

static inline int flotilla_memory_exceeds(long more) {
  return atomic_load_explicit(&flotilla_memory_total.sum, memory_order_relaxed) + more > flotilla_memory_total.limit;
}

/// Each block has its size before it, as in SQLite's own: malloc_usable_size looks at the next block as well, which takes
/// longer than all the rest.
static inline int flotilla_memory_size(void *block) { return block ? (int)((long *)block)[-1] : 0; }

static inline void *flotilla_memory_malloc(int size) {
  long counted = flotilla_memory_counted(size);
  if (counted && flotilla_memory_exceeds(counted)) return 0;
  long *block = (long *)malloc((size_t)size + sizeof(long));
  if (!block) return 0;
  *block = size;
  if (counted) flotilla_memory_add(counted);
  return block + 1;
}

static inline void flotilla_memory_free(void *block) {
  if (!block) return;
  long counted = flotilla_memory_counted(((long *)block)[-1]);
  if (counted) flotilla_memory_add(-counted);
  free((long *)block - 1);
}

static inline void *flotilla_memory_realloc(void *block, int size) {
  long before = flotilla_memory_size(block);
  if (size > before && flotilla_memory_counted(size) && flotilla_memory_exceeds(size - before)) return 0;
  long *moved = (long *)realloc((long *)block - 1, (size_t)size + sizeof(long));
  if (!moved) return 0;
  *moved = size;
  long more = flotilla_memory_counted(size) - flotilla_memory_counted(before);
  if (more) flotilla_memory_add(more);
  return moved + 1;
}

static inline int flotilla_memory_roundup(int size) { return (size + 7) & ~7; }
static inline int flotilla_memory_init(void *unused) { return SQLITE_OK; }
static inline void flotilla_memory_shutdown(void *unused) {}

/// Gives SQLite these allocators, with a limit in bytes; before sqlite3_initialize.
static inline int flotilla_sqlite3_config_memory(long limit) {
  flotilla_memory_total.limit = limit;
  sqlite3_mem_methods methods = {
      flotilla_memory_malloc,  flotilla_memory_free, flotilla_memory_realloc,  flotilla_memory_size,
      flotilla_memory_roundup, flotilla_memory_init, flotilla_memory_shutdown, 0,
  };
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

#endif
