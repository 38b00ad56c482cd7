import Testing

@testable import Fleet

/// Which lane takes what next.
@Suite struct WorkListTests {
  private static func hosts(_ count: Int) -> [Machine] { (0..<count).map { .remote(Host("h\($0)")) } }

  @Test func `hosts take turns, and each keeps its order`() {
    let places = [0, 0, 0, 1, 1, 2].map { Self.hosts(3)[$0] }
    var list = WorkList(Array(places.indices), on: { places[$0] }, perHost: 9)
    var order: [Int] = []
    while let (item, queue) = list.take() {
      order.append(item)
      list.finish(queue)
    }
    #expect(order == [0, 3, 5, 1, 4, 2])
  }

  @Test func `this machine has no limit, a host has one`() {
    let places = [Machine.local, .remote(Host("a")), .local, .remote(Host("a")), .local]
    var list = WorkList(Array(places.indices), on: { places[$0] }, perHost: 1)
    var taken: [Int] = []
    while let (item, _) = list.take() { taken.append(item) }
    #expect(taken.sorted() == [0, 1, 2, 4])
  }

  @Test func `another user or port is another host`() {
    let places: [Machine] = [
      Host("a"), Host("a", user: "u"), Host("a", port: 2), Host("a", become: "b"),
    ].map { .remote($0) }
    var list = WorkList(Array(places.indices), on: { places[$0] }, perHost: 1)
    #expect((0..<4).compactMap { _ in list.take()?.item }.count == 4)
  }

  @Test func `nothing to do is nothing to take`() {
    var list = WorkList([], on: { _ in .local }, perHost: 1)
    #expect(list.take() == nil)
  }

  /// Lanes that take and finish in any order, and end where there is nothing to take.
  @Test(arguments: 0..<300)
  func `each position is taken once, within the limits, whatever the order of events`(seed: UInt64) {
    var random = Seeded(seed)
    let total = Int.random(in: 0...3000, using: &random) / (seed % 10 == 0 ? 1 : 40)
    let machines = Int.random(in: 1...12, using: &random)
    let perHost = Int.random(in: 1...4, using: &random)
    let places: [Machine] = (0..<total).map { _ in
      let number = Int.random(in: 0..<machines, using: &random)
      return number == 0 ? .local : .remote(Host("h\(number)"))
    }
    var list = WorkList(Array(0..<total), on: { places[$0] }, perHost: perHost)
    var taken = Array(repeating: 0, count: total)
    var running: [(item: Int, queue: Int)] = []
    var idle = min(Int.random(in: 1...20, using: &random), total)
    func busy(_ machine: Machine) -> Int { running.count { places[$0.item] == machine } }
    while idle > 0 || !running.isEmpty {
      if idle > 0, running.isEmpty || Bool.random(using: &random) {
        idle -= 1
        // A lane with nothing to take ends.
        guard let next = list.take() else { continue }
        taken[next.item] += 1
        running.append(next)
        let machine = places[next.item]
        if !machine.isLocal { #expect(busy(machine) <= perHost) }
      } else {
        let done = running.remove(at: Int.random(in: 0..<running.count, using: &random))
        list.finish(done.queue)
        idle += 1
      }
    }
    #expect(taken.allSatisfy { $0 == 1 }, "\(taken.count { $0 != 1 }) of \(total) were not taken once")
  }
}

/// Numbers that are the same whenever the seed is (SplitMix64).
private struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}
