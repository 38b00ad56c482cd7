internal import Dispatch
internal import Synchronization

/// N serial workers that take positions off one list, each the next when it is done with one.
///
/// They are serial queues because blocking work on a concurrent one doesn't reach its limit on Linux, where
/// libdispatch adds a thread about once a second.
public struct Lanes: Sendable {
  /// How many.
  public let count: Int

  /// Makes at least one.
  public init(_ count: Int) { self.count = max(1, count) }

  /// Calls `work` with each of `0..<total`, each once, and comes back when all calls have.
  ///
  /// - Parameters:
  ///   - total: how many positions there are.
  ///   - stops: asked before each; once it is true, no more work begins and what has begun is finished.
  ///   - work: called on many threads at once.
  public func run(
    _ total: Int, until stops: @escaping @Sendable () -> Bool, _ work: @escaping @Sendable (Int) -> Void
  ) {
    let next = Atomic(0)
    let group = DispatchGroup()
    withoutActuallyEscaping(work) { work in
      for lane in 0..<min(count, total) {
        DispatchQueue(label: "lane \(lane + 1)").async(group: group) {
          while !stops() {
            let position = next.wrappingAdd(1, ordering: .relaxed).oldValue
            guard position < total else { return }
            work(position)
          }
        }
      }
      group.wait()
    }
  }
}
