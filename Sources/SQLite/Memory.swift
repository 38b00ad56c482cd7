internal import CSQLite

/// Counts and limits SQLite's memory in this process.
///
/// `sqlite3_hard_heap_limit64` requires SQLITE_CONFIG_MEMSTATUS, whose mutex every allocation of every lane would take.
/// With it, eight lanes took 2.3 times as long (2.8 s instead of 1.2 s, 2 cores). A few atomic counters do the same
/// work. Beyond the limit, an allocation fails, and the statement fails with SQLITE_NOMEM.
enum Memory {
  /// How much SQLite has allocated in blocks of 1 kB and more, in bytes.
  static var bytes: Int { flotilla_memory_sum() }

  /// Counts `bytes` as allocated.
  static func take(_ bytes: Int) { flotilla_memory_add(bytes) }

  /// Installs allocators in SQLite that enforce the limit, and lets malloc(3) keep what is given back.
  ///
  /// Connections and buffers live for milliseconds. By default the kernel gets their pages back, and clears them for the
  /// next one: without this, eight lanes spent 0.2 of 1.1 seconds of system time on that.
  static func configure() -> Int32 {
    flotilla_keep_freed_memory(4 << 20, 16 << 20)
    return flotilla_sqlite3_config_memory(Limits.memory)
  }
}
