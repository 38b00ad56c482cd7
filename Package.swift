// swift-tools-version: 6.2
import PackageDescription

let sqlite = Target.Dependency.target(name: "SQLite")
let support = Target.Dependency.target(name: "TestSupport")
let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "flotilla",
  products: [
    .executable(name: "flotilla", targets: ["flotilla"]),
    .executable(name: "flotilla-agent", targets: ["flotilla-agent"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    // Without its trait for Foundation, which would be linked in whole.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    // The two system libraries, with a typed inline for each variadic function.
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

    // One connection.
    .target(name: "SQLite", dependencies: ["CSQLite"]),
    // What a database looks like.
    .target(name: "Schema", dependencies: [sqlite, crypto]),
    // Migration files and what applying them to one database takes.
    .target(name: "Migrations", dependencies: [sqlite, "Schema", crypto]),
    // Other programs, run without a shell, for bounded time and output.
    .target(name: "Programs", dependencies: [subprocess, system]),
    // All that is done to one installation.
    .target(name: "Upgrade", dependencies: [sqlite, "Schema", "Migrations", "Programs", crypto]),
    // Many installations: inventory, waves, lanes, journal.
    .target(name: "Fleet", dependencies: [sqlite, "Schema", "Migrations", "Upgrade", "Programs", yams, log]),
    // The report of a run and its renderers.
    .target(name: "Report", dependencies: ["Schema", "Migrations", "Upgrade", "Fleet"]),
    // HTTP through libcurl.
    .target(name: "Upload", dependencies: ["CCurl", log]),
    // Unit files, crontab lines and CronJobs, as text.
    .target(name: "Schedule"),
    // What goes between a coordinator and an agent: frames, requests, answers.
    .target(name: "Wire", dependencies: ["Schema", "Migrations", "Upgrade"]),
    // The remote end: the worker on a host. It needs glibc there and nothing else.
    .executableTarget(
      name: "flotilla-agent", dependencies: [sqlite, "Schema", "Migrations", "Upgrade", "Wire"],
      exclude: ["static"],
      linkerSettings: [
        .unsafeFlags([
          "-static-stdlib", "-L\(Context.packageDirectory)/Sources/flotilla-agent/static",
          "-Xclang-linker", "-static-libgcc", "-Xlinker", "-l:libsqlite3.a", "-Xlinker", "-l:libstdc++.a",
          "-l_FoundationCollections", "-l_FoundationCShims",
        ])
      ]),
    // The worker on a host, reached over SSH.
    .target(
      name: "Remote",
      dependencies: ["Schema", "Migrations", "Upgrade", "Fleet", "Wire", "Programs", subprocess, system]),
    // Commands and terminal.
    .executableTarget(
      name: "flotilla",
      dependencies: [
        sqlite, "Schema", "Migrations", "Upgrade", "Wire", "Fleet", "Remote", "Report", "Upload", "Schedule",
        "Programs",
        arguments, log,
      ]),

    // Temporary folders, fixtures and where the project's files are, for all tests.
    .target(name: "TestSupport", dependencies: [sqlite], path: "Tests/TestSupport"),
    .testTarget(name: "SQLiteTests", dependencies: [sqlite, support]),
    .testTarget(name: "SchemaTests", dependencies: [sqlite, "Schema", support]),
    .testTarget(name: "MigrationsTests", dependencies: [sqlite, "Schema", "Migrations", support]),
    .testTarget(name: "ProgramsTests", dependencies: ["Programs", support]),
    .testTarget(
      name: "UpgradeTests", dependencies: [sqlite, "Schema", "Migrations", "Upgrade", support]),
    .testTarget(name: "FleetTests", dependencies: [sqlite, "Migrations", "Upgrade", "Fleet", support]),
    .testTarget(name: "WireTests", dependencies: ["Schema", "Migrations", "Upgrade", "Wire", support]),
    .testTarget(
      name: "RemoteTests",
      dependencies: [sqlite, "Schema", "Migrations", "Upgrade", "Fleet", "Wire", "Remote", support]),
    .testTarget(name: "UploadTests", dependencies: ["Upload", log], exclude: ["Fixtures"]),
    .testTarget(name: "ScheduleTests", dependencies: ["Schedule", support], exclude: ["Fixtures"]),
    // Runs the built program.
    .testTarget(
      name: "EndToEndTests", dependencies: ["flotilla", sqlite, "Schema", support], exclude: ["Fixtures"]),
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
