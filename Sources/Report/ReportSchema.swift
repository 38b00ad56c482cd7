/// The JSON Schema of `flotilla.report/1`; the same text is in `schemas/` for those who have no flotilla at hand.
public enum ReportSchema {
  /// The schema.
  public static let text = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "flotilla.report/1",
      "description": "What one run of flotilla found and did, installation by installation. Fields may be added within /1, never renamed or given another meaning.",
      "type": "object",
      "required": ["format", "fleet", "program", "run", "migrations", "summary", "cohorts", "installations"],
      "properties": {
        "format": { "const": "flotilla.report/1" },
        "fleet": { "type": "string" },
        "program": { "description": "Name and version.", "type": "string", "pattern": "^flotilla " },
        "run": {
          "type": "object",
          "required": ["id", "command", "started_at", "finished_at", "result"],
          "properties": {
            "id": { "type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{26}$" },
            "command": { "type": "string" },
            "started_at": { "$ref": "#/$defs/time" },
            "finished_at": { "$ref": "#/$defs/time" },
            "result": { "enum": ["finished", "stopped", "interrupted"] },
            "only": { "description": "The pattern that selected the installations; absent for the whole fleet.", "type": "string" }
          }
        },
        "migrations": {
          "type": "object",
          "required": ["count", "latest", "digest"],
          "properties": {
            "count": { "$ref": "#/$defs/count" },
            "latest": { "type": "integer" },
            "digest": { "$ref": "#/$defs/digest" },
            "problem": { "description": "Why the migration files could not be used; count and latest are 0 then.", "type": "string" }
          }
        },
        "summary": {
          "type": "object",
          "required": ["installations", "migrated", "current", "pending", "failed", "unreachable", "skipped", "drifted", "by_version"],
          "properties": {
            "installations": { "$ref": "#/$defs/count" },
            "migrated": { "$ref": "#/$defs/count" },
            "current": { "$ref": "#/$defs/count" },
            "pending": { "$ref": "#/$defs/count" },
            "failed": { "$ref": "#/$defs/count" },
            "unreachable": { "$ref": "#/$defs/count" },
            "skipped": { "$ref": "#/$defs/count" },
            "drifted": { "$ref": "#/$defs/count" },
            "by_version": {
              "description": "Installations whose schema was read, by recorded version or 'untracked'.",
              "type": "object",
              "propertyNames": { "pattern": "^(-?[0-9]+|untracked)$" },
              "additionalProperties": { "$ref": "#/$defs/count" }
            }
          }
        },
        "waves": {
          "description": "The waves of a rollout as they were planned.",
          "type": "array",
          "items": {
            "type": "object",
            "required": ["number", "name", "installations"],
            "properties": {
              "number": { "type": "integer", "minimum": 1 },
              "name": { "type": "string" },
              "installations": { "$ref": "#/$defs/count" }
            }
          }
        },
        "cohorts": {
          "type": "array",
          "items": {
            "type": "object",
            "required": ["version", "fingerprint", "count", "drift"],
            "properties": {
              "version": { "$ref": "#/$defs/version" },
              "fingerprint": { "$ref": "#/$defs/digest" },
              "count": { "$ref": "#/$defs/count" },
              "drift": { "type": "array", "items": { "$ref": "#/$defs/difference" } }
            }
          }
        },
        "drift_changes": {
          "description": "How the drift changed since the last check; in reports of drift and watch.",
          "type": "object",
          "required": ["new", "persisting", "resolved"],
          "properties": {
            "new": { "type": "array", "items": { "$ref": "#/$defs/finding" } },
            "persisting": { "type": "array", "items": { "$ref": "#/$defs/finding" } },
            "resolved": { "type": "array", "items": { "$ref": "#/$defs/finding" } }
          }
        },
        "installations": { "type": "array", "items": { "$ref": "#/$defs/installation" } }
      },
      "$defs": {
        "count": { "type": "integer", "minimum": 0 },
        "version": { "description": "A recorded version; null where untracked or not read.", "type": ["integer", "null"] },
        "time": { "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$" },
        "digest": { "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" },
        "text": { "type": ["string", "null"] },
        "installation": {
          "type": "object",
          "required": [
            "id", "host", "path", "groups", "labels", "wave", "status", "version_before", "version_after", "applied",
            "pending", "may_delete", "backup", "drift", "ignored", "fingerprint", "error", "milliseconds", "bytes"
          ],
          "properties": {
            "id": { "type": "string", "minLength": 1 },
            "host": { "description": "Null for this machine.", "$ref": "#/$defs/text" },
            "path": { "type": "string" },
            "groups": { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
            "wave": { "description": "Null where no wave got to it.", "type": ["integer", "null"], "minimum": 1 },
            "status": { "enum": ["migrated", "current", "pending", "failed", "unreachable", "skipped"] },
            "version_before": { "$ref": "#/$defs/version" },
            "version_after": { "$ref": "#/$defs/version" },
            "applied": { "type": "array", "items": { "$ref": "#/$defs/applied" } },
            "pending": { "description": "Versions; 0 is the baseline.", "type": "array", "items": { "type": "integer" } },
            "may_delete": { "description": "Tables from which the pending may delete.", "type": "array", "items": { "type": "string" } },
            "may_change": { "description": "Columns whose content the pending declare to change.", "type": "array", "items": { "type": "string" } },
            "backup": {
              "type": ["object", "null"],
              "required": ["path", "bytes", "sha256"],
              "properties": {
                "path": { "type": "string" },
                "bytes": { "$ref": "#/$defs/count" },
                "sha256": { "type": "string", "pattern": "^[0-9a-f]{64}$" }
              }
            },
            "drift": { "type": "array", "items": { "$ref": "#/$defs/difference" } },
            "ignored": { "description": "Objects that drift.ignore left out.", "$ref": "#/$defs/count" },
            "fingerprint": { "oneOf": [{ "$ref": "#/$defs/digest" }, { "type": "null" }] },
            "error": {
              "type": ["object", "null"],
              "required": ["code", "step", "message"],
              "properties": {
                "code": { "description": "To match on, such as busy or foreign_key.", "type": "string" },
                "step": { "type": "string" },
                "message": { "type": "string" }
              }
            },
            "milliseconds": {
              "description": "By part of the work: backup, migrate, total.",
              "type": "object",
              "additionalProperties": { "type": "number", "minimum": 0 }
            },
            "bytes": { "type": ["integer", "null"], "minimum": 0 },
            "hooks": {
              "description": "What ran around the upgrade.",
              "type": "array",
              "items": {
                "type": "object",
                "required": ["which", "program", "status", "output", "milliseconds"],
                "properties": {
                  "which": { "enum": ["before", "after"] },
                  "program": { "type": "string" },
                  "status": { "description": "Null where a signal or the time limit ended it.", "type": ["integer", "null"] },
                  "output": { "description": "The last 4096 bytes.", "type": "string" },
                  "milliseconds": { "type": "number", "minimum": 0 }
                }
              }
            },
            "open_by": {
              "description": "Other processes that have the file open, as far as that can be seen.",
              "type": "array",
              "items": { "type": "string" }
            }
          }
        },
        "applied": {
          "type": "object",
          "required": ["version", "name", "milliseconds", "rows_deleted"],
          "properties": {
            "version": { "description": "0 is the baseline.", "type": "integer" },
            "name": { "type": "string" },
            "milliseconds": { "type": "number", "minimum": 0 },
            "rows_deleted": { "type": "object", "additionalProperties": { "$ref": "#/$defs/count" } },
            "changes": {
              "description": "What became of the content of tables that were there before.",
              "type": "array",
              "items": {
                "type": "object",
                "required": ["table", "kind", "rows", "compared"],
                "properties": {
                  "table": { "type": "string" },
                  "column": { "description": "Absent where it is about whole rows.", "type": "string" },
                  "kind": { "enum": ["changed", "filled", "emptied", "levelled", "narrowed", "swapped", "moved", "renumbered", "uncompared"] },
                  "rows": { "description": "How many are changed.", "$ref": "#/$defs/count" },
                  "compared": { "description": "How many were compared, matched by their keys.", "$ref": "#/$defs/count" },
                  "sampled_from": { "description": "How many there were, where only a sample was compared.", "$ref": "#/$defs/count" }
                }
              }
            }
          }
        },
        "difference": {
          "type": "object",
          "required": ["kind", "object", "severity", "expected", "actual"],
          "properties": {
            "kind": { "type": "string", "pattern": "^[a-z_]+$" },
            "object": { "type": "string" },
            "severity": { "enum": ["error", "warning", "info"] },
            "expected": { "$ref": "#/$defs/text" },
            "actual": { "$ref": "#/$defs/text" },
            "version": { "description": "The migration that it belongs to.", "type": "integer" }
          }
        },
        "finding": {
          "type": "object",
          "required": ["installation", "kind", "object", "since"],
          "properties": {
            "installation": { "type": "string" },
            "kind": { "type": "string" },
            "object": { "type": "string" },
            "since": { "$ref": "#/$defs/time" }
          }
        }
      }
    }

    """#
}
