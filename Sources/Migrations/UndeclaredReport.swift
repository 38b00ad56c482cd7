internal import Basics
internal import SQLite

/// Collects the effects that one migration doesn't declare, and describes them.
struct UndeclaredReport {
  private let migration: Migration
  private let historyTable: any HistoryTable
  /// The kind of the first effect.
  private var code: MigrationFailure.Code?
  /// For each kind of effect, what happened and how to declare it.
  private var messages: [String] = []
  private var effects: [String] = []
  private var deletes: [String] = []
  private var changes: [String] = []

  /// - Parameters:
  ///   - migration: the migration.
  ///   - historyTable: the table that records it, perhaps with the checksum of its file.
  init(_ migration: Migration, _ historyTable: any HistoryTable) {
    (self.migration, self.historyTable) = (migration, historyTable)
  }

  private var place: DeclarationPlace {
    historyTable.fixedVersion(of: migration).map { .fleetFile($0) } ?? .file
  }

  /// Adds lost rows, by table.
  mutating func add(losses: [String: Int]) {
    let lost = losses.sorted { $0.key < $1.key }.filter { !migration.deletes.contains($0.key) }
    guard !lost.isEmpty else { return }
    let list = Self.list(lost.map { "\(counted($1, "row")) of \($0)" })
    let hint = EffectDirective.deletes.hint("; if they may go, say so with", lost.map(\.key), place)
    add(.rowsLost, "\(list) would be lost\(hint)")
    for (table, count) in lost {
      effects.append(
        "\(counted(count, "row")) of \(table) would be lost\(EffectDirective.deletes.remark([table]))")
    }
    deletes += lost.map(\.key)
  }

  /// Adds tables whose AUTOINCREMENT numbers were set back, with the number before and the number now.
  mutating func add(setBack: [(table: String, before: Int64, now: Int64)]) {
    let found = setBack.map { (name: "sqlite_sequence.\($0.table)", text: Self.text($0)) }
      .filter { !migration.changes.contains($0.name) }
    guard !found.isEmpty else { return }
    let list = Self.list(found.map(\.text))
    let hint = EffectDirective.changes.hint(", or say that it is meant with", found.map(\.name), place)
    add(
      .sequenceSetBack,
      "AUTOINCREMENT \(list), and numbers be given again: set sqlite_sequence to what it was\(hint)")
    effects += found.map { name, text in
      "AUTOINCREMENT \(text), and numbers be given again\(EffectDirective.changes.remark([name]))"
    }
    changes += found.map(\.name)
  }

  private static func text(_ sequence: (table: String, before: Int64, now: Int64)) -> String {
    "of \(sequence.table) would be set back from \(sequence.before) to \(sequence.now)"
  }

  /// Adds suspicious changes of content.
  mutating func add(_ suspicious: [ContentChange]) {
    let strange = suspicious.filter { !$0.isDeclared(in: migration.changes) }
    guard let first = strange.first else { return }
    let names = strange.map(\.declaration).uniqued
    let more = strange.count == 1 ? "" : " (and \(strange.count - 1) more)"
    let hint = EffectDirective.changes.hint("; if that is meant, say so with", names, place)
    add(.contentChanged, "\(first)\(more)\(hint)")
    effects += strange.map { "\($0)\(EffectDirective.changes.remark([$0.declaration]))" }
    changes += names
  }

  /// The failure for all effects together; nil if there are none. Its code is that of the first effect.
  var failure: MigrationFailure? {
    guard let code else { return nil }
    let effects = UndeclaredEffects(
      file: migration.file, effects: effects, deletes: deletes, changes: changes.uniqued)
    return MigrationFailure(code, effects, messages.joined(separator: "; and "))
  }

  private mutating func add(_ code: MigrationFailure.Code, _ message: String) {
    self.code = self.code ?? code
    messages.append(message)
  }

  /// `a`, `a and b`, `a, b and c`.
  private static func list(_ parts: [String]) -> String {
    guard parts.count > 1, let last = parts.last else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " and " + last
  }
}
