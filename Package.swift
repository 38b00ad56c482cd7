// swift-tools-version: 6.2
import PackageDescription

let sqlite = Target.Dependency.target(name: "SQLite")
let support = Target.Dependency.target(name: "TestSupport")
let bench = Target.Dependency.target(name: "BenchSupport")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let web = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "flotilla",
  products: [
    .executable(name: "flotilla", targets: ["flotilla"]),
    .executable(name: "flotilla-agent", targets: ["flotilla-agent"]),
    .executable(name: "flotilla-collect", targets: ["flotilla-collect"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    // Without its trait for Foundation, which would be linked in whole.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    // The four system libraries, with a typed inline for each variadic function and macro. Those that the agent uses are
    // found by their names alone, so that it can take the static ones.
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),

    // One version of each utility: files, folders, paths, durations, patterns, secrets, text as it can be shown.
    .target(name: "Basics", dependencies: [system]),
    // One connection.
    .target(name: "SQLite", dependencies: ["Basics", "CSQLite", system]),
    // What a database looks like.
    .target(name: "Schema", dependencies: ["Basics", sqlite, crypto]),
    // Migration files and what applying them to one database takes.
    .target(name: "Migrations", dependencies: ["Basics", sqlite, "Schema", crypto, system]),
    // Other programs, run without a shell, for bounded time and output.
    .target(name: "Programs", dependencies: ["Basics", subprocess, system]),
    // All that is done to one installation.
    .target(
      name: "Upgrade",
      dependencies: ["Basics", sqlite, "Schema", "Migrations", "Programs", "Compression", crypto, system]),
    // Many installations: inventory, waves, lanes, journal.
    .target(
      name: "Fleet",
      dependencies: [sqlite, "Schema", "Migrations", "Upgrade", "Programs", "Basics", yams, system]),
    // The report of a run and its renderers.
    .target(
      name: "Report", dependencies: ["Schema", "Migrations", "Upgrade", "Fleet", "Basics", crypto, system],
      resources: [.embedInCode("Resources")]),
    // gzip and zstd, in pieces and with a limit.
    .target(name: "Compression", dependencies: ["CZlib", "CZstd"]),
    // Signed HTTP through libcurl.
    .target(name: "Upload", dependencies: ["CCurl", "Compression", "Basics", crypto, log, system]),
    // Unit files, crontab lines and CronJobs, as text.
    .target(name: "Schedule", dependencies: ["Basics"]),
    // What goes between a coordinator and an agent: frames, requests, answers.
    .target(name: "Wire", dependencies: ["Schema", "Migrations", "Upgrade"]),
    // The remote end: the worker on a host. It needs glibc there and nothing else.
    .executableTarget(
      name: "flotilla-agent",
      dependencies: ["Basics", sqlite, "Schema", "Migrations", "Upgrade", "Wire", system],
      exclude: ["static"],
      linkerSettings: [
        // Everything but glibc statically; the files in `static` keep the linker from taking the shared ones.
        .unsafeFlags([
          "-static-stdlib", "-L\(Context.packageDirectory)/Sources/flotilla-agent/static",
          "-Xclang-linker", "-static-libgcc", "-Xlinker", "-l:libsqlite3.a", "-Xlinker", "-l:libstdc++.a",
          "-Xlinker", "-l:libzstd.a", "-Xlinker", "-l:libz.a",
          "-l_FoundationCollections", "-l_FoundationCShims",
        ]),
        .unsafeFlags(["-Xlinker", "-s"], .when(configuration: .release)),
      ]),
    // The worker on a host, reached over SSH.
    .target(
      name: "Remote",
      dependencies: [
        "Basics", "Schema", "Migrations", "Upgrade", "Fleet", "Wire", "Programs", subprocess, system,
      ]),
    // The other end of an upload: checks, keeps and shows reports.
    .target(
      name: "Collect",
      dependencies: ["Basics", sqlite, "Compression", "Upgrade", "Fleet", "Report", "Upload", crypto, system]),
    // Its HTTP server: a program of its own, which works on no database but the store.
    .executableTarget(
      name: "flotilla-collect", dependencies: ["Basics", "Collect", "Upload", "Wire", web, arguments]),
    // Commands and terminal.
    .executableTarget(
      name: "flotilla",
      dependencies: [
        sqlite, "Schema", "Migrations", "Upgrade", "Wire", "Fleet", "Remote", "Report", "Upload", "Schedule",
        "Programs", "Basics", arguments, log, system,
      ]),

    // Temporary folders, fixtures and where the project's files are, for all tests.
    .target(name: "TestSupport", dependencies: [sqlite], path: "Tests/TestSupport"),
    // An installation with migrations of its own, for tests of what is done to one.
    .target(
      name: "BenchSupport", dependencies: [sqlite, "Schema", "Migrations", "Upgrade", support],
      path: "Tests/BenchSupport"),
    .testTarget(name: "BasicsTests", dependencies: ["Basics", support, system]),
    .testTarget(name: "SQLiteTests", dependencies: [sqlite, support]),
    .testTarget(name: "SchemaTests", dependencies: [sqlite, "Schema", support]),
    .testTarget(name: "MigrationsTests", dependencies: [sqlite, "Schema", "Migrations", support]),
    .testTarget(name: "ProgramsTests", dependencies: ["Programs", support]),
    .testTarget(
      name: "UpgradeTests",
      dependencies: [sqlite, "Schema", "Migrations", "Upgrade", "Compression", support, bench]),
    .testTarget(
      name: "FleetTests",
      dependencies: ["Basics", sqlite, "Schema", "Migrations", "Upgrade", "Fleet", support]),
    .testTarget(name: "WireTests", dependencies: ["Schema", "Migrations", "Upgrade", "Wire", support]),
    .testTarget(
      name: "ReportTests", dependencies: ["Migrations", "Upgrade", "Report", "Fleet", support],
      exclude: ["Fixtures", "Tools"]),
    .testTarget(
      name: "RemoteTests",
      dependencies: [sqlite, "Schema", "Migrations", "Upgrade", "Fleet", "Wire", "Remote", support, bench]),
    .testTarget(
      name: "UploadTests", dependencies: ["Basics", "Upload", "Compression", log, system, support],
      exclude: ["Fixtures"]),
    .testTarget(name: "CollectTests", dependencies: ["Basics", "Collect", "Compression", "Upload", support]),
    .testTarget(name: "ScheduleTests", dependencies: ["Schedule", support], exclude: ["Fixtures"]),
    // Runs the built program.
    .testTarget(
      name: "EndToEndTests",
      dependencies: ["flotilla", "flotilla-collect", "Basics", sqlite, "Schema", support],
      exclude: ["Fixtures"]),
    // Breaks the calls of the built program, kills it and cuts the power.
    .testTarget(
      name: "FaultTests", dependencies: ["flotilla", support], path: "Tests/Faults", exclude: ["Tools"]),
  ]
)

for target in package.targets where target.type != .system {
  target.swiftSettings = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
  ]
}
