internal import CSQLite

/// SQLite's memory in this process, counted and limited.
///
/// `sqlite3_hard_heap_limit64` needs SQLITE_CONFIG_MEMSTATUS, whose mutex every allocation of every lane would take:
/// eight lanes took 2.3 times as long with it (2.8 s instead of 1.2 s, 2 cores). A few atomic counters do the same work.
/// Beyond the limit an allocation fails, and the statement with SQLITE_NOMEM.
enum Memory {
  /// The bytes that SQLite has allocated, in blocks of 1 kB and more.
  static var bytes: Int { flotilla_memory_sum() }

  /// Counts so many bytes as taken.
  static func take(_ bytes: Int) { flotilla_memory_add(bytes) }

  /// Gives SQLite allocators that keep to the limit.
  static func configure() -> Int32 { flotilla_sqlite3_config_memory(Limits.memory) }
}
