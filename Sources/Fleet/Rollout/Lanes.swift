internal import Dispatch
internal import Synchronization

/// N serial workers that take positions off one list, each the next when it is done with one.
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

  /// Calls `work` with each of `0..<total`, each once, and comes back when all calls have.
  ///
  /// - Parameters:
  ///   - total: how many positions there are.
  ///   - host: the host that a position is on, whose limit holds; nil for this machine.
  ///   - stops: asked before each; once it is true, no more work begins and what has begun is finished.
  ///   - work: called on many threads at once.
  public func run(
    _ total: Int, on host: (Int) -> Host? = { _ in nil }, until stops: @escaping @Sendable () -> Bool,
    _ work: @escaping @Sendable (Int) -> Void
  ) {
    let list = Mutex(WorkList(total, on: host, perHost: perHost))
    let group = DispatchGroup()
    withoutActuallyEscaping(work) { work in
      for lane in 0..<min(count, total) {
        DispatchQueue(label: "lane \(lane + 1)").async(group: group) {
          while !stops() {
            guard let (position, machine) = list.withLock({ $0.take() }) else { return }
            work(position)
            list.withLock { $0.finish(on: machine) }
          }
        }
      }
      group.wait()
    }
  }
}

/// Positions by the machine that they are on, the machines taking turns.
///
/// A lane that finds nothing to take may end: whoever finishes on a machine that was at its limit takes what is next
/// there.
struct WorkList {
  private struct Machine {
    var positions: [Int] = []
    var next = 0
    var running = 0
    let limit: Int

    var isReady: Bool { next < positions.count && running < limit }
  }

  private var machines: [Machine] = []
  /// Machines with something to take, in the order of their turns; those before `turn` had theirs.
  private var ready: [Int] = []
  private var turn = 0

  init(_ total: Int, on host: (Int) -> Host?, perHost: Int) {
    var numbers: [Host?: Int] = [:]
    for position in 0..<total {
      let host = host(position)
      let number = numbers[host] ?? machines.count
      if number == machines.count {
        numbers[host] = number
        machines.append(Machine(limit: host == nil ? .max : perHost))
      }
      machines[number].positions.append(position)
    }
    ready = Array(machines.indices)
  }

  /// The next position and its machine, or nil where nothing can be begun now.
  mutating func take() -> (position: Int, machine: Int)? {
    guard turn < ready.count else { return nil }
    let number = ready[turn]
    turn += 1
    if turn > 1024, turn * 2 > ready.count {
      ready.removeFirst(turn)
      turn = 0
    }
    let position = machines[number].positions[machines[number].next]
    machines[number].next += 1
    machines[number].running += 1
    if machines[number].isReady { ready.append(number) }
    return (position, number)
  }

  /// Notes that work on a machine ended.
  mutating func finish(on number: Int) {
    let wasWaiting = machines[number].running == machines[number].limit
    machines[number].running -= 1
    if wasWaiting, machines[number].isReady { ready.append(number) }
  }
}
