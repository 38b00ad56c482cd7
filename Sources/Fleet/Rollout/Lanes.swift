internal import Dispatch
internal import Synchronization

/// N serial queues that take items off one list. Each takes the next item when it has finished one.
///
/// ```swift
/// let lanes = Lanes(8, perHost: 1)
/// let machine = { (index: Int) in inventory.installations[index].machine }
/// lanes.run(selection, on: machine, until: { interruption.signal != nil }) { index in
///   let installation = inventory.installations[index]
///   note(index, workers.worker(for: installation).inspect(installation.path))
/// }
/// ```
///
/// The queues are serial because blocking work on a concurrent queue doesn't reach its limit on Linux, where
/// libdispatch adds a thread about once a second. A ``FleetRun`` inspects and upgrades on lanes; `perHost` applies to
/// each remote ``Machine``.
public struct Lanes: Sendable {
  /// The number of lanes.
  public let count: Int
  /// How many lanes may work on one host at once.
  public let perHost: Int

  /// Creates lanes. Numbers below 1 count as 1.
  public init(_ count: Int, perHost: Int = .max) {
    self.count = max(1, count)
    self.perHost = max(1, perHost)
  }

  /// Calls `work` once with each of `items`, and returns when all calls have returned.
  ///
  /// - Parameters:
  ///   - items: the items, such as indices of installations.
  ///   - machine: the machine of an item. The limit `perHost` applies to remote machines.
  ///   - stops: checked before each item. Once it returns true, no more work starts, and running work is finished.
  ///   - work: called on many threads at once.
  public func run(
    _ items: [Int], on machine: (Int) -> Machine = { _ in .local },
    until stops: @escaping @Sendable () -> Bool,
    _ work: @escaping @Sendable (Int) -> Void
  ) {
    let list = Mutex(WorkList(items, on: machine, perHost: perHost))
    let group = DispatchGroup()
    withoutActuallyEscaping(work) { work in
      for lane in 0..<min(count, items.count) {
        DispatchQueue(label: "lane \(lane + 1)").async(group: group) {
          while !stops() {
            guard let (item, queue) = list.withLock({ $0.take() }) else { return }
            work(item)
            list.withLock { $0.finish(queue) }
          }
        }
      }
      group.wait()
    }
  }
}

/// Items grouped by machine; the machines take turns.
///
/// A lane that finds nothing to take may end: the lane that finishes on a machine at its limit takes the next item
/// there.
struct WorkList {
  private struct Queue {
    var items: [Int] = []
    var next = 0
    var running = 0
    let limit: Int

    var isReady: Bool { next < items.count && running < limit }
  }

  private var queues: [Queue] = []
  /// Queues with an item to take, in the order of their turns. Those before `turn` have had theirs.
  private var ready: [Int] = []
  private var turn = 0

  init(_ items: [Int], on machine: (Int) -> Machine, perHost: Int) {
    var numbers: [Machine: Int] = [:]
    for item in items {
      let machine = machine(item)
      let number = numbers[machine] ?? queues.count
      if number == queues.count {
        numbers[machine] = number
        queues.append(Queue(limit: machine.isLocal ? .max : perHost))
      }
      queues[number].items.append(item)
    }
    ready = Array(queues.indices)
  }

  /// The next item and its queue; nil if nothing can be started now.
  mutating func take() -> (item: Int, queue: Int)? {
    guard turn < ready.count else { return nil }
    let number = ready[turn]
    turn += 1
    if turn > 1024, turn * 2 > ready.count {
      ready.removeFirst(turn)
      turn = 0
    }
    let item = queues[number].items[queues[number].next]
    queues[number].next += 1
    queues[number].running += 1
    if queues[number].isReady { ready.append(number) }
    return (item, number)
  }

  /// Records that work on an item of a queue ended.
  mutating func finish(_ number: Int) {
    let wasWaiting = queues[number].running == queues[number].limit
    queues[number].running -= 1
    if wasWaiting, queues[number].isReady { ready.append(number) }
  }
}
