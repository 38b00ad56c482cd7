/* The least that a careful C programmer would write to do what the benchmark asks of flotilla: for each database
 * lock, back up, check the copy, migrate in one transaction, check foreign keys, commit. No reports, no plans,
 * no proof of rows or schema.
 *
 * Usage: minimal THREADS SQL-FILE BACKUP-FOLDER DATABASE...
 * Ends with 1 when any database failed, each of which is left as it was. */
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *script, *folder;
static char **databases;
static int count;
static atomic_int next_database, failures;

static int fail(const char *path, const char *what, sqlite3 *db) {
  fprintf(stderr, "%s: %s%s%s\n", path, what, db ? ": " : "", db ? sqlite3_errmsg(db) : "");
  return 0;
}

static int sync_path(const char *path, int flags) {
  int file = open(path, flags | O_CLOEXEC);
  if (file < 0) return 0;
  int result = fsync(file);
  close(file);
  return result == 0;
}

/* Whether the only row of a check is the text expected, or, where that is NULL, there is no row. */
static int check(sqlite3 *db, const char *sql, const char *expected) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) return 0;
  int result = sqlite3_step(statement), good;
  if (expected)
    good = result == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(statement, 0), expected) == 0;
  else
    good = result == SQLITE_DONE;
  sqlite3_finalize(statement);
  return good;
}

static int copy(const char *path, sqlite3 *to) {
  sqlite3 *from;
  int good = sqlite3_open_v2(path, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
  if (good) {
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    good = backup && sqlite3_backup_step(backup, -1) == SQLITE_DONE;
    if (backup) good = sqlite3_backup_finish(backup) == SQLITE_OK && good;
  }
  sqlite3_close(from);
  return good;
}

/* The copy needs no journal: it is synced once, when it is whole. */
static int write_copy(const char *path, const char *destination) {
  sqlite3 *db;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  int good = sqlite3_open_v2(destination, &db, flags, NULL) == SQLITE_OK
             && sqlite3_exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL) == SQLITE_OK
             && copy(path, db);
  if (!good) fail(destination, "copying failed", db);
  sqlite3_close(db);
  return good && (sync_path(destination, O_RDWR) || fail(destination, "can't be synced", NULL));
}

/* Opened anew, so that the file is checked and not what the connection that wrote it remembers. */
static int check_copy(const char *destination) {
  char uri[4200];
  sqlite3 *db;
  snprintf(uri, sizeof uri, "file:%s?immutable=1", destination);
  int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
  int good = sqlite3_open_v2(uri, &db, flags, NULL) == SQLITE_OK && check(db, "PRAGMA integrity_check", "ok");
  sqlite3_close(db);
  return good || fail(destination, "is damaged", NULL);
}

/* The caller holds the write lock. */
static int back_up(const char *path, const char *destination) {
  return write_copy(path, destination) && check_copy(destination)
         && (sync_path(folder, O_RDONLY | O_DIRECTORY) || fail(folder, "can't be synced", NULL));
}

static int migrate(const char *path) {
  char destination[4096];
  const char *slash = strrchr(path, '/');
  snprintf(destination, sizeof destination, "%s/%s", folder, slash ? slash + 1 : path);
  sqlite3 *db;
  int good = 0;
  if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK
      || sqlite3_busy_timeout(db, 30000) != SQLITE_OK
      || sqlite3_exec(db, "PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
    fail(path, "can't be locked", db);
  else if (!back_up(path, destination))
    fail(path, "not backed up", NULL);
  else if (sqlite3_exec(db, script, NULL, NULL, NULL) != SQLITE_OK)
    fail(path, "migration failed", db);
  else if (!check(db, "PRAGMA foreign_key_check", NULL))
    fail(path, "foreign keys are violated", NULL);
  else if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
    fail(path, "commit failed", db);
  else
    good = 1;
  sqlite3_close(db); /* rolls back what is not committed */
  return good;
}

static void *work(void *unused) {
  for (int i; (i = atomic_fetch_add(&next_database, 1)) < count;)
    if (!migrate(databases[i])) atomic_fetch_add(&failures, 1);
  return unused;
}

static char *read_file(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  char *text = calloc(1, 1 << 20);
  if (text) fread(text, 1, (1 << 20) - 1, file);
  fclose(file);
  return text;
}

int main(int argc, char **argv) {
  int threads = argc > 4 ? atoi(argv[1]) : 0;
  if (threads < 1 || threads > 1000 || !(script = read_file(argv[2]))) {
    fprintf(stderr, "usage: minimal THREADS SQL-FILE BACKUP-FOLDER DATABASE...\n");
    return 64;
  }
  folder = argv[3];
  databases = argv + 4;
  count = argc - 4;
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* its mutex is one that all threads would take */
  pthread_t ids[1000];
  for (int i = 0; i < threads; i++)
    if (pthread_create(&ids[i], NULL, work, NULL) != 0) return 1;
  for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  return failures > 0;
}
