internal import CSQLite
internal import Glibc
internal import Synchronization

/// SQLite's memory in this process, counted and limited.
///
/// `sqlite3_hard_heap_limit64` needs SQLITE_CONFIG_MEMSTATUS, whose mutex every allocation of every lane would take:
/// eight lanes took 2.3 times as long with it (2.8 s instead of 1.2 s, 2 cores). One atomic counter does the same work
/// without a measurable cost. Beyond the limit an allocation fails, and the statement with SQLITE_NOMEM.
enum Memory {
  static let used = Atomic<Int>(0)

  /// The bytes that SQLite has allocated.
  static var bytes: Int { used.load(ordering: .relaxed) }

  /// Gives SQLite these allocators; it keeps a copy of the table.
  static func configure() -> Int32 {
    var methods = sqlite3_mem_methods(
      xMalloc: { size in
        guard Memory.hasRoom(Int(size)), let block = malloc(Int(size)) else { return nil }
        Memory.used.add(malloc_usable_size(block), ordering: .relaxed)
        return block
      },
      xFree: { block in
        guard let block else { return }
        Memory.used.subtract(malloc_usable_size(block), ordering: .relaxed)
        free(block)
      },
      xRealloc: { block, size in
        let before = malloc_usable_size(block)
        guard Memory.hasRoom(Int(size) - before), let new = realloc(block, Int(size)) else { return nil }
        Memory.used.add(malloc_usable_size(new) - before, ordering: .relaxed)
        return new
      },
      xSize: { block in Int32(clamping: malloc_usable_size(block)) },
      xRoundup: { size in (size + 7) & ~7 },
      xInit: { _ in SQLITE_OK },
      xShutdown: { _ in },
      pAppData: nil)
    return flotilla_sqlite3_config_memory(&methods)
  }

  private static func hasRoom(_ more: Int) -> Bool { bytes + more <= Limits.memory }
}
