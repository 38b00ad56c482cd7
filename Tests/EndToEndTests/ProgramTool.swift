import Foundation
import TestSupport
import Testing

/// A migration program with steps of which each changes the schema: step 1 makes the table `notes`, and each later one
/// adds a column.
struct ProgramTool: CustomTestStringConvertible, Sendable {
  /// The format in fleet.yml.
  let format: String
  /// The command that applies all steps.
  let all: [String]
  /// The files by path that are there from the beginning.
  let support: [String: String]
  /// The file of a step.
  let file: @Sendable (Int) -> (path: String, text: String)
  /// The command that applies the steps up to one.
  let upTo: @Sendable (Int) -> [String]
  /// The command that lists what is pending.
  let pending: [String]
  /// Whether the list says that nothing is pending.
  let isDone: @Sendable (String) -> Bool

  var testDescription: String { format }

  static let rails = ProgramTool(
    format: "rails", all: ["ruby", "migrate.rb"],
    support: [
      "migrate.rb": """
      require "active_record"
      ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ENV.fetch("DATABASE"))
      ActiveRecord::Migration.verbose = false
      context = ActiveRecord::MigrationContext.new(File.join(__dir__, "migrate"), ActiveRecord::SchemaMigration)
      if ARGV[0] == "pending"
        puts "pending: #{context.open.pending_migrations.map(&:version)}"
      else
        context.migrate(ARGV[0] && ARGV[0].to_i)
      end
      """
    ],
    file: { step in
      let body =
        step == 1 ? "create_table(:notes) { |t| t.string :title }" : "add_column :notes, :c\(step), :string"
      return (
        "migrate/2024010\(step)000000_step_\(step).rb",
        "class Step\(step) < ActiveRecord::Migration[6.1]\n  def change\n    \(body)\n  end\nend\n"
      )
    },
    upTo: { ["ruby", "migrate.rb", "2024010\($0)000000"] }, pending: ["ruby", "migrate.rb", "pending"],
    isDone: { $0.contains("pending: []") })

  static let alembic = ProgramTool(
    format: "alembic", all: ["python3", "-m", "alembic", "upgrade", "head"],
    support: [
      "alembic.ini": "[alembic]\nscript_location = %(here)s\n",
      "env.py": """
      import os
      import sqlalchemy
      from alembic import context
      with sqlalchemy.create_engine("sqlite:///" + os.environ["DATABASE"]).connect() as connection:
          context.configure(connection=connection, target_metadata=None)
          with context.begin_transaction():
              context.run_migrations()
      """,
    ],
    file: { step in
      let before = step == 1 ? "None" : "\"s\(step - 1)\""
      let body =
        step == 1
        ? #"op.create_table("notes", sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.String))"#
        : #"op.add_column("notes", sa.Column("c\#(step)", sa.String))"#
      return (
        "versions/s\(step).py",
        """
        import sqlalchemy as sa
        from alembic import op
        revision = "s\(step)"
        down_revision = \(before)
        def upgrade():
            \(body)
        """
      )
    },
    upTo: { ["python3", "-m", "alembic", "upgrade", "s\($0)"] },
    pending: ["python3", "-m", "alembic", "current"],
    isDone: { $0.contains("(head)") })

  static let django = ProgramTool(
    format: "django", all: ["python3", "manage.py", "migrate", "--noinput"],
    support: [
      "manage.py": """
      import os, sys
      from django.core.management import execute_from_command_line
      os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
      execute_from_command_line(sys.argv)
      """,
      "settings.py": """
      import os
      DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}}
      INSTALLED_APPS = ["steps"]
      DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
      """,
      "steps/__init__.py": "", "steps/migrations/__init__.py": "",
    ],
    file: { step in
      let before = step == 1 ? "" : "(\"steps\", \"000\(step - 1)_step\")"
      let body =
        step == 1
        ? "migrations.RunSQL(\"CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT)\")"
        : "migrations.RunSQL(\"ALTER TABLE notes ADD COLUMN c\(step) TEXT\")"
      return (
        "steps/migrations/000\(step)_step.py",
        """
        from django.db import migrations
        class Migration(migrations.Migration):
            dependencies = [\(before)]
            operations = [\(body)]
        """
      )
    },
    upTo: { ["python3", "manage.py", "migrate", "steps", "000\($0)"] },
    pending: ["python3", "manage.py", "showmigrations", "--plan"],
    isDone: { !$0.contains("[ ]") && $0.contains("[X]") })

  static let sqliteMigrate = ProgramTool(
    format: "sqlite-migrate", all: ["python3", "migrate.py"],
    support: [
      "migrate.py": """
      import glob, os, sys
      import sqlite_utils
      from sqlite_migrate import Migrations
      migrations = Migrations("steps")
      limit = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1] != "pending" else 9
      for path in sorted(glob.glob(os.path.dirname(os.path.abspath(__file__)) + "/step*.py")):
          if int(path[-4]) <= limit:
              exec(open(path).read())
      database = sqlite_utils.Database(os.environ["DATABASE"])
      if sys.argv[1:] == ["pending"]:
          print("pending:", [migration.name for migration in migrations.pending(database)])
      else:
          migrations.apply(database)
          database.conn.commit()
      """
    ],
    file: { step in
      let body =
        step == 1
        ? #"db["notes"].create({"id": int, "title": str}, pk="id")"#
        : #"db["notes"].add_column("c\#(step)", str)"#
      return ("step\(step).py", "@migrations()\ndef step\(step)(db):\n    \(body)\n")
    },
    upTo: { ["python3", "migrate.py", "\($0)"] }, pending: ["python3", "migrate.py", "pending"],
    isDone: { $0.contains("pending: []") })
}
