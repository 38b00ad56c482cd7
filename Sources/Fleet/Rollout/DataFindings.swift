public import Migrations
internal import Synchronization
public import Upgrade

/// What the databases of a fleet say to the questions of their pending migrations. Indices are those of the inventory.
public struct DataFindings: Sendable {
  /// The installations that gave an answer to a question.
  public struct Answered: Sendable {
    /// How many were asked.
    public var asked = 0
    /// Those where something was found, with what was counted.
    public var found: [(index: Int, count: Int)] = []
  }

  /// The questions in the order of the migrations, each once.
  public private(set) var questions: [DataQuestion] = []
  /// The statements from which no question could be derived, in the order of the migrations, with the installations.
  public private(set) var unasked: [(statement: UnaskedStatement, indices: [Int])] = []
  /// The installations that could not be asked, or not everything.
  public private(set) var failures: [(index: Int, failure: Failure)] = []
  /// How many were to be asked.
  public private(set) var asked = 0
  private var answered: [DataQuestion: Answered] = [:]
  private var statements: [UnaskedStatement: [Int]] = [:]

  init() {}

  /// The answers to a question.
  public func answers(to question: DataQuestion) -> Answered { answered[question] ?? Answered() }

  /// The questions that found something.
  public var findings: [DataQuestion] { questions.filter { !answers(to: $0).found.isEmpty } }

  /// Whether a migration will fail, or it isn't known whether one will.
  public var isBad: Bool {
    !failures.isEmpty || !unasked.isEmpty || findings.contains { $0.effect != .loses }
  }

  mutating func add(_ answers: DataAnswers, at index: Int) {
    for (question, count) in zip(answers.questions, answers.counts) {
      // A question that nobody answered is shown as well.
      var known = answered[question] ?? Answered()
      if let count {
        known.asked += 1
        if count > 0 { known.found.append((index, count)) }
      }
      answered[question] = known
    }
    for statement in answers.unasked { statements[statement, default: []].append(index) }
    asked += 1
    if let failure = answers.failure { failures.append((index, failure)) }
  }

  /// Sorts everything.
  ///
  /// - Parameter files: the files of the migrations, in their order.
  mutating func finish(_ files: [String]) {
    let places = Dictionary(files.enumerated().map { ($1, $0) }) { first, _ in first }
    let place = { (file: String, line: Int, text: String) in (places[file] ?? .max, line, text) }
    questions = answered.keys.sorted {
      place($0.file, $0.line, $0.noun + $0.sql) < place($1.file, $1.line, $1.noun + $1.sql)
    }
    for question in questions { answered[question]?.found.sort { $0.index < $1.index } }
    unasked = statements.map { ($0.key, $0.value.sorted()) }.sorted {
      place($0.statement.file, $0.statement.line, $0.statement.reason)
        < place($1.statement.file, $1.statement.line, $1.statement.reason)
    }
    failures.sort { $0.index < $1.index }
  }
}

extension FleetRun {
  /// Asks every installation with pending migrations what its rows say to them, until interrupted.
  ///
  /// - Parameters:
  ///   - fleetStatus: the state of the installations. Those that could not be inspected could not be asked either.
  ///   - here: the worker for installations on this machine.
  ///   - files: the files of the migrations, in their order.
  ///   - lanes: how many are asked at once.
  ///   - observer: called after each installation.
  /// - Returns: the answers of all installations.
  public func ask(
    _ fleetStatus: FleetStatus, here: any Worker, files: [String], lanes: Lanes, _ observer: any RunObserver
  ) -> DataFindings {
    let found = Mutex(DataFindings())
    for index in selection {
      guard let cohort = fleetStatus.cohort(at: index), let failure = cohort.failure,
        cohort.status == .failed || cohort.status == .unreachable
      else { continue }
      found.withLock { $0.add(DataAnswers(failure), at: index) }
    }
    let pending = selection.filter { fleetStatus.cohort(at: $0)?.status == .pending }
    let machine = { (index: Int) in inventory.installations[index].machine }
    let stops: @Sendable () -> Bool = { interruption.signal != nil }
    let missed = Mutex<[Int]>([])
    let ask: @Sendable (Int, Bool) -> Void = { index, isLast in
      let installation = inventory.installations[index]
      let worker = installation.machine.isLocal ? here : workers.worker(for: installation)
      let answers = worker.ask(installation.path)
      // What was interrupted says nothing about the installation.
      guard interruption.signal == nil else { return }
      if answers.failure != nil, answers.questions.isEmpty, !installation.machine.isLocal, !isLast {
        return missed.withLock { $0.append(index) }
      }
      found.withLock { found in
        found.add(answers, at: index)
        observer.finished(installation, answers.failure.map { Outcome($0) } ?? Outcome(status: .pending))
      }
    }
    lanes.run(pending, on: machine, until: stops) { ask($0, false) }
    let again = missed.withLock { $0.sorted() }
    if !again.isEmpty {
      workers.retry()
      lanes.run(again, on: machine, until: stops) { ask($0, true) }
    }
    return found.withLock { found in
      found.finish(files)
      return found
    }
  }
}
