/// A CronJob, and the PersistentVolumeClaim for its state.
public struct KubernetesJob: Sendable {
  private let check: ScheduledCheck
  private let image: String
  private let fields: String
  private let paths: ContainerPaths

  /// Describes the job.
  ///
  /// - Throws: ``ScheduleError`` if Kubernetes doesn't accept the name, or if a CronJob can't express the interval.
  public init(_ check: ScheduledCheck, image: String) throws(ScheduleError) {
    // At most 52 characters: the controller appends 11 to the names of jobs, whose limit is 63.
    let isPlain = check.name.utf8.allSatisfy { Quoting.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    guard isPlain, check.name == check.name.lowercased(), check.name.last != "-", check.name.utf8.count <= 52
    else {
      throw ScheduleError(
        "--name \"\(check.name)\": Kubernetes takes up to 52 lower-case letters, digits and \"-\", no \"-\" at the end"
      )
    }
    guard !image.isEmpty else { throw ScheduleError("--image is empty; it names the container image") }
    (self.check, self.image) = (check, image)
    fields = try check.recurrence.cronFields(for: "a CronJob")
    paths = ContainerPaths(check)
  }

  /// The documents, for `kubectl apply -f -`.
  public var text: String { "\(head)\(claim)---\n\(job)" }

  private var head: String {
    """
    # Made by flotilla schedule. What it refers to and doesn't make:
    #   the image, with flotilla in its PATH
    \(paths.configuration.map { "#   kubectl create configmap \($0.name) \($0.sources)" }.joined(separator: "\n"))
    #   kubectl create secret generic \(check.name) --from-literal=NAME=value   (tokens; may be left out)
    \(paths.claims.map { "#   the PersistentVolumeClaim \($0.name) with \($0.folder)" }.joined(separator: "\n"))

    """
  }

  private var claim: String {
    """
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: \(check.name)-state
    spec:
      accessModes: [ReadWriteOnce]
      resources:
        requests:
          storage: 1Gi

    """
  }

  private var job: String {
    """
    apiVersion: batch/v1
    kind: CronJob
    metadata:
      name: \(check.name)
    spec:
      # In the time zone of the cluster's controller, mostly UTC; timeZone: sets another.
      schedule: \(Quoting.yaml(fields))
      concurrencyPolicy: Forbid
      startingDeadlineSeconds: \(min(max(check.recurrence.seconds / 2, 60), 3600))
      successfulJobsHistoryLimit: 1
      failedJobsHistoryLimit: 3
      jobTemplate:
        spec:
          # Drift fails the job, and a second try would find the same.
          backoffLimit: 0
          activeDeadlineSeconds: \(check.longest)
          template:
            spec:
              restartPolicy: Never
              automountServiceAccountToken: false
              securityContext:
                runAsNonRoot: true
                runAsUser: 65532
                runAsGroup: 65532
                fsGroup: 65532
                seccompProfile:
                  type: RuntimeDefault
              containers:
    \(Self.indented(container, by: 12))
              volumes:
    \(Self.indented(volumes, by: 12))

    """
  }

  private var container: String {
    let words = ["flotilla", "--fleet", check.files.fleet] + check.command
    return """
      - name: flotilla
        image: \(Quoting.yaml(image))
        command:
      \(words.map { "    - \(Quoting.yaml($0))" }.joined(separator: "\n"))
        envFrom:
          - secretRef:
              name: \(check.name)
              optional: true
        securityContext:
          allowPrivilegeEscalation: false
          readOnlyRootFilesystem: true
          capabilities:
            drop: [ALL]
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 256Mi
        volumeMounts:
      \(paths.mounts.map { Self.indented($0.text, by: 4) }.joined(separator: "\n"))
      """
  }

  private var volumes: String {
    let configuration = paths.configuration.map { "- name: \($0.volume)\n  configMap:\n    name: \($0.name)" }
    let claims =
      ([(volume: "state", name: "\(check.name)-state")] + paths.claims.map { ($0.volume, $0.name) })
      .map { "- name: \($0.volume)\n  persistentVolumeClaim:\n    claimName: \($0.name)" }
    return (configuration + claims + ["- name: tmp\n  emptyDir: {}"]).joined(separator: "\n")
  }

  private static func indented(_ text: String, by count: Int) -> String {
    let margin = String(repeating: " ", count: count)
    return text.split(separator: "\n").map { margin + $0 }.joined(separator: "\n")
  }
}
