internal import Dispatch
internal import Synchronization

/// N serial workers that take items off one list, each the next when it is done with one.
///
/// They are serial queues because blocking work on a concurrent one doesn't reach its limit on Linux, where
/// libdispatch adds a thread about once a second.
public struct Lanes: Sendable {
  /// How many.
  public let count: Int
  /// How many may be on one host at once.
  public let perHost: Int

  /// Makes at least one.
  public init(_ count: Int, perHost: Int = .max) {
    self.count = max(1, count)
    self.perHost = max(1, perHost)
  }

  /// Calls `work` once with each of `items`, and returns when all calls have.
  ///
  /// - Parameters:
  ///   - items: such as the indices of installations.
  ///   - machine: the machine that an item is on. The limit `perHost` holds for those that are remote.
  ///   - stops: asked before each; once it is true, no more work begins and what has begun is finished.
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

/// Items by the machine that they are on, the machines taking turns.
///
/// A lane that finds nothing to take may end: whoever finishes on a machine that was at its limit takes what is next
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
  /// Queues with something to take, in the order of their turns; those before `turn` had theirs.
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

  /// The next item and its queue, or nil where nothing can be begun now.
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

  /// Notes that work on an item of a queue ended.
  mutating func finish(_ number: Int) {
    let wasWaiting = queues[number].running == queues[number].limit
    queues[number].running -= 1
    if wasWaiting, queues[number].isReady { ready.append(number) }
  }
}
