/* A library for LD_PRELOAD that counts, records and breaks the calls with which a program changes files.
 *
 * Calls that touch SHIM_ROOT or anything below it are numbered from 1, in the order in which they are made. The rest
 * pass through. One call runs at a time, so the numbers are the order in which the kernel saw the calls.
 *
 *   SHIM_ROOT   the folder, as an absolute path without symbolic links
 *   SHIM_LOG    a file to which each call is appended, with the data that it wrote
 *   SHIM_TOLD   a file to which the first call that a fault hit is written, as "number name path"
 *   SHIM_AT     the number of the call to break
 *   SHIM_KIND   EIO, ENOSPC or EINTR: the call fails; SHORT: it writes half of its data;
 *               KILL_BEFORE, KILL_AFTER: the process is killed before or after the call
 *   SHIM_ON     set: all calls from that number on are broken, not that one alone
 *   SHIM_ONLY   a folder: only calls below it are broken, from that number on
 *
 * A record is a line of fields divided by tabs, followed by the data: number, name, inode, offset, length of the data,
 * result, path, second path. The offset of ftruncate is the new size; the result of open is 1 for a file that it
 * created, 2 for one that it emptied, else 0. Calls that failed are recorded with result -1 and without data.
 *
 * Memory mappings can't be recorded. SQLite writes its -shm files through them, which no recovery reads; a shared
 * writable mapping of any other file is recorded as "mmap", and the reader refuses such a recording.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, FAIL, SHORT, KILL_BEFORE, KILL_AFTER };
enum verdict { PASS, FAILS, HALVED };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root, *only, *told;
static int log_file = -1, is_told, goes_on;
static enum kind kind;
static int fault_errno;
static long fault_at, number;

/* One call that touches the folder. */
struct call {
  const char *name;
  char path[PATH_MAX], other[PATH_MAX];
  int writes;       /* whether it writes data, so that it can be cut short */
  size_t length;    /* of the data */
  const void *data; /* what it writes */
  long long inode, offset;
};

__attribute__((constructor)) static void start(void) {
  root = getenv("SHIM_ROOT");
  only = getenv("SHIM_ONLY");
  told = getenv("SHIM_TOLD");
  goes_on = getenv("SHIM_ON") != NULL;
  const char *at = getenv("SHIM_AT"), *word = getenv("SHIM_KIND"), *log = getenv("SHIM_LOG");
  fault_at = at ? atol(at) : 0;
  if (word) {
    if (!strcmp(word, "SHORT")) kind = SHORT;
    else if (!strcmp(word, "KILL_BEFORE")) kind = KILL_BEFORE;
    else if (!strcmp(word, "KILL_AFTER")) kind = KILL_AFTER;
    else {
      kind = FAIL;
      fault_errno = !strcmp(word, "EIO") ? EIO : !strcmp(word, "ENOSPC") ? ENOSPC : !strcmp(word, "EINTR") ? EINTR : 0;
      if (!fault_errno) abort();
    }
  }
  if (!log) return;
  int file = syscall(SYS_openat, AT_FDCWD, log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  log_file = fcntl(file, F_DUPFD_CLOEXEC, 500);
  if (log_file < 0) abort();
  syscall(SYS_close, file);
}

static int is_below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return !strncmp(path, folder, length) && (path[length] == '/' || path[length] == 0);
}

/* Writes the absolute path of a name, whose last part need not exist, without following that part. */
static int resolve(int folder, const char *name, char *path) {
  char parent[PATH_MAX], link[64];
  const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
  if (strlen(name) >= PATH_MAX) return 0;
  if (slash == name) strcpy(parent, "/");
  else if (slash) {
    memcpy(parent, name, slash - name);
    parent[slash - name] = 0;
  } else strcpy(parent, ".");
  if (parent[0] != '/' && folder != AT_FDCWD) {
    char base[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return 0;
    base[length] = 0;
    char joined[2 * PATH_MAX];
    snprintf(joined, sizeof joined, "%s/%s", base, parent);
    if (strlen(joined) >= PATH_MAX) return 0;
    strcpy(parent, joined);
  }
  char real[PATH_MAX];
  int saved = errno;
  int is_there = realpath(parent, real) != NULL;
  errno = saved;
  if (!is_there || strlen(real) + strlen(last) + 2 > PATH_MAX) return 0;
  snprintf(path, 2 * PATH_MAX, "%s/%s", strcmp(real, "/") ? real : "", last);
  return 1;
}

/* Whether a call on names touches the folder. */
static int named(struct call *call, const char *name, int folder, const char *path) {
  char full[2 * PATH_MAX];
  call->other[0] = 0;
  call->writes = 0, call->length = 0, call->data = NULL, call->inode = 0, call->offset = 0;
  call->name = name;
  if (!root || !path || !resolve(folder, path, full) || !is_below(full, root)) return 0;
  strcpy(call->path, full);
  return 1;
}

/* Whether a call on a descriptor touches the folder. */
static int opened(struct call *call, const char *name, int file) {
  char link[64];
  if (!root || file < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  int saved = errno;
  ssize_t length = readlink(link, call->path, sizeof call->path - 1);
  errno = saved;
  if (length < 0) return 0;
  call->path[length] = 0;
  if (!is_below(call->path, root)) return 0;
  call->name = name;
  call->other[0] = 0;
  call->writes = 0, call->length = 0, call->data = NULL, call->offset = 0;
  struct stat status;
  call->inode = fstat(file, &status) == 0 ? (long long)status.st_ino : 0;
  return 1;
}

static void put(int file, const void *data, size_t length) {
  while (length > 0) {
    ssize_t written = syscall(SYS_write, file, data, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) abort();
    data = (const char *)data + written;
    length -= written;
  }
}

static void tell(struct call *call) {
  if (is_told || !told) return;
  is_told = 1;
  char line[2 * PATH_MAX];
  int length = snprintf(line, sizeof line, "%ld %s %s\n", number, call->name, call->path);
  int file = syscall(SYS_openat, AT_FDCWD, told, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  put(file, line, length);
  syscall(SYS_close, file);
}

static void kill_process(struct call *call) {
  tell(call);
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

static void record(struct call *call, long long result) {
  if (log_file < 0) return;
  char line[3 * PATH_MAX];
  size_t length = result < 0 ? 0 : call->length;
  int count = snprintf(
      line, sizeof line, "%ld\t%s\t%lld\t%lld\t%zu\t%lld\t%s\t%s\n", number, call->name, call->inode, call->offset,
      length, result, call->path, call->other);
  put(log_file, line, count);
  put(log_file, call->data, length);
}

/* Numbers a call and says what becomes of it; `finish` has to follow. */
static enum verdict begin(struct call *call) {
  pthread_mutex_lock(&lock);
  number++;
  int is_hit = kind != NONE && (number == fault_at || ((goes_on || only) && number > fault_at));
  if (!is_hit || (only && !is_below(call->path, only) && !is_below(call->other, only))) return PASS;
  if (kind == KILL_BEFORE) kill_process(call);
  if (kind == FAIL) {
    tell(call);
    record(call, -1);
    pthread_mutex_unlock(&lock);
    errno = fault_errno;
    return FAILS;
  }
  if (kind != SHORT || !call->writes || call->length < 2) return PASS;
  tell(call);
  return HALVED;
}

static void finish(struct call *call, long long result) {
  int saved = errno;
  record(call, result);
  if (kind == KILL_AFTER && number == fault_at) kill_process(call);
  pthread_mutex_unlock(&lock);
  errno = saved;
}

/* MARK: Opening */

static int shim_openat(int folder, const char *path, int flags, mode_t mode) {
  struct call call;
  if (!(flags & (O_CREAT | O_TRUNC)) || !named(&call, "open", folder, path))
    return syscall(SYS_openat, folder, path, flags, mode);
  if (begin(&call) == FAILS) return -1;
  struct stat status;
  int saved = errno, was_there = fstatat(AT_FDCWD, call.path, &status, 0) == 0;
  errno = saved;
  int file = syscall(SYS_openat, folder, path, flags, mode);
  saved = errno;
  if (file >= 0 && fstat(file, &status) == 0) call.inode = (long long)status.st_ino;
  errno = saved;
  finish(&call, file < 0 ? -1 : !was_there ? 1 : flags & O_TRUNC ? 2 : 0);
  return file;
}

#define MODE(flags)                                     \
  mode_t mode = 0;                                      \
  if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
    va_list list;                                       \
    va_start(list, flags);                              \
    mode = va_arg(list, mode_t);                        \
    va_end(list);                                       \
  }

int open(const char *path, int flags, ...) {
  MODE(flags)
  return shim_openat(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE(flags)
  return shim_openat(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
  MODE(flags)
  return shim_openat(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags)
  return shim_openat(folder, path, flags, mode);
}
int creat(const char *path, mode_t mode) {
  return shim_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* The one of the C library opens the file without a call that could be seen here. */
int mkostemp(char *template, int flags) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  size_t length = strlen(template);
  if (length < 6) return errno = EINVAL, -1;
  for (int tries = 0; tries < 100; tries++) {
    unsigned char bytes[6];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) return -1;
    for (int i = 0; i < 6; i++) template[length - 6 + i] = letters[bytes[i] % 36];
    int file = shim_openat(AT_FDCWD, template, O_CREAT | O_EXCL | O_RDWR | flags, 0600);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}
int mkstemp(char *template) { return mkostemp(template, 0); }
int mkstemp64(char *template) { return mkostemp(template, 0); }

/* MARK: Writing */

/* Writes at `offset`, or where the file stands when it is negative. */
static ssize_t shim_write(const char *name, int file, const void *data, size_t length, off64_t offset) {
  struct call call;
  if (!opened(&call, name, file))
    return offset < 0 ? syscall(SYS_write, file, data, length) : syscall(SYS_pwrite64, file, data, length, offset);
  call.writes = 1;
  call.data = data;
  call.length = length;
  enum verdict verdict = begin(&call);
  if (verdict == FAILS) return -1;
  if (verdict == HALVED) length /= 2;
  call.offset = offset;
  if (offset < 0) {
    int flags = fcntl(file, F_GETFL);
    call.offset = lseek(file, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
  }
  ssize_t result =
      offset < 0 ? syscall(SYS_write, file, data, length) : syscall(SYS_pwrite64, file, data, length, offset);
  if (result >= 0) call.length = result;
  finish(&call, result);
  return result;
}

ssize_t write(int file, const void *data, size_t length) { return shim_write("write", file, data, length, -1); }
ssize_t pwrite(int file, const void *data, size_t length, off_t offset) {
  return shim_write("pwrite", file, data, length, offset);
}
ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) {
  return shim_write("pwrite", file, data, length, offset);
}

/* The parts are written as one piece. */
static ssize_t shim_writev(const char *name, int file, const struct iovec *parts, int count, off64_t offset) {
  struct call call;
  if (!opened(&call, name, file))
    return offset < 0 ? syscall(SYS_writev, file, parts, count) : syscall(SYS_pwritev, file, parts, count, offset, 0);
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  char *data = malloc(length + 1), *end = data;
  if (!data) return errno = ENOMEM, -1;
  for (int i = 0; i < count; i++) end = mempcpy(end, parts[i].iov_base, parts[i].iov_len);
  ssize_t result = shim_write(name, file, data, length, offset);
  int saved = errno;
  free(data);
  errno = saved;
  return result;
}
ssize_t writev(int file, const struct iovec *parts, int count) { return shim_writev("writev", file, parts, count, -1); }
ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
  return shim_writev("pwritev", file, parts, count, offset);
}
ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
  return shim_writev("pwritev", file, parts, count, offset);
}

/* Copies between files, and then reads what arrived. */
static ssize_t shim_copy(int is_range, int from, off64_t *from_offset, int to, off64_t *to_offset, size_t length) {
  struct call call;
  const char *name = is_range ? "copy_file_range" : "sendfile";
  int is_inside = opened(&call, name, to);
  if (is_inside) {
    call.writes = 1;
    call.length = length;
    enum verdict verdict = begin(&call);
    if (verdict == FAILS) return -1;
    if (verdict == HALVED) length /= 2;
    call.offset = to_offset ? *to_offset : lseek(to, 0, SEEK_CUR);
  }
  ssize_t result = is_range ? syscall(SYS_copy_file_range, from, from_offset, to, to_offset, length, 0)
                            : syscall(SYS_sendfile, to, from, from_offset, length);
  if (!is_inside) return result;
  int saved = errno;
  char *data = result > 0 ? malloc(result) : NULL;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", to);
  int again = data ? syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC) : -1;
  if (data && syscall(SYS_pread64, again, data, result, call.offset) != result) abort();
  if (again >= 0) syscall(SYS_close, again);
  call.data = data;
  call.length = result > 0 ? result : 0;
  errno = saved;
  finish(&call, result);
  saved = errno;
  free(data);
  errno = saved;
  return result;
}
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t length, unsigned flags) {
  (void)flags;
  return shim_copy(1, from, a, to, b, length);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
  return shim_copy(0, from, offset, to, NULL, length);
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
  return shim_copy(0, from, offset, to, NULL, length);
}

/* A stream on a descriptor writes without a call that could be seen here, so it gets a function of ours, which writes
 * on after a short write and gives up at an error, as the stream's own does. */
static ssize_t stream_write(void *cookie, const char *data, size_t length) {
  size_t done = 0;
  while (done < length) {
    ssize_t written = write((int)(intptr_t)cookie, data + done, length - done);
    if (written < 0) break;
    done += written;
  }
  return done;
}
static int stream_close(void *cookie) { return close((int)(intptr_t)cookie); }

FILE *fdopen(int file, const char *mode) {
  struct call call;
  if (mode[0] == 'r' || strchr(mode, '+') || !opened(&call, "fdopen", file)) {
    FILE *(*next)(int, const char *) = (FILE * (*)(int, const char *)) dlsym(RTLD_NEXT, "fdopen");
    return next(file, mode);
  }
  return fopencookie(
      (void *)(intptr_t)file, mode, (cookie_io_functions_t){.write = stream_write, .close = stream_close});
}

/* MARK: Descriptors */

/* A call on a descriptor that writes no data: `shim` names it and gives its offset, `kernel` makes it. */
#define ON_FILE(shim, file, at, kernel)           \
  struct call call;                               \
  if (!opened(&call, shim, file)) return kernel;  \
  if (begin(&call) == FAILS) return -1;           \
  call.offset = at;                               \
  int result = kernel;                            \
  finish(&call, result);                          \
  return result;

int ftruncate(int file, off_t size) { ON_FILE("ftruncate", file, size, syscall(SYS_ftruncate, file, size)) }
int ftruncate64(int file, off64_t size) { ON_FILE("ftruncate", file, size, syscall(SYS_ftruncate, file, size)) }
int fsync(int file) { ON_FILE("fsync", file, 0, syscall(SYS_fsync, file)) }
int fdatasync(int file) { ON_FILE("fdatasync", file, 0, syscall(SYS_fdatasync, file)) }
int syncfs(int file) { ON_FILE("syncfs", file, 0, syscall(SYS_syncfs, file)) }
int fchmod(int file, mode_t mode) { ON_FILE("fchmod", file, 0, syscall(SYS_fchmod, file, mode)) }
int fchown(int file, uid_t user, gid_t group) { ON_FILE("fchown", file, 0, syscall(SYS_fchown, file, user, group)) }

/* The offset that is recorded is the end, up to which the file grows; other modes change no size. */
int fallocate(int file, int mode, off_t offset, off_t length) {
  ON_FILE(
      mode == 0 ? "fallocate" : "fallocate_mode", file, offset + length,
      syscall(SYS_fallocate, file, mode, offset, length))
}
int fallocate64(int file, int mode, off64_t offset, off64_t length) { return fallocate(file, mode, offset, length); }
int posix_fallocate(int file, off_t offset, off_t length) {
  int saved = errno, result = fallocate(file, 0, offset, length) == 0 ? 0 : errno;
  errno = saved;
  return result;
}
int posix_fallocate64(int file, off64_t offset, off64_t length) { return posix_fallocate(file, offset, length); }

void *mmap64(void *address, size_t length, int protection, int flags, int file, off64_t offset) {
  struct call call;
  if ((flags & MAP_SHARED) && (protection & PROT_WRITE) && opened(&call, "mmap", file)) {
    size_t end = strlen(call.path);
    if (end < 4 || strcmp(call.path + end - 4, "-shm")) {
      pthread_mutex_lock(&lock);
      record(&call, 0);
      pthread_mutex_unlock(&lock);
    }
  }
  return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}
void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  return mmap64(address, length, protection, flags, file, offset);
}

/* MARK: Names */

#define ON_NAME(shim, folder, path, kernel)              \
  struct call call;                                      \
  if (!named(&call, shim, folder, path)) return kernel;  \
  if (begin(&call) == FAILS) return -1;                  \
  int result = kernel;                                   \
  finish(&call, result);                                 \
  return result;

int unlinkat(int folder, const char *path, int flags) {
  ON_NAME(flags & AT_REMOVEDIR ? "rmdir" : "unlink", folder, path, syscall(SYS_unlinkat, folder, path, flags))
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  int result = unlink(path);
  return result == 0 || errno != EISDIR ? result : rmdir(path);
}
int chmod(const char *path, mode_t mode) {
  ON_NAME("chmod", AT_FDCWD, path, syscall(SYS_fchmodat, AT_FDCWD, path, mode))
}
int chown(const char *path, uid_t user, gid_t group) {
  ON_NAME("chown", AT_FDCWD, path, syscall(SYS_fchownat, AT_FDCWD, path, user, group, 0))
}
int truncate(const char *path, off_t size) {
  int file = shim_openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (file < 0) return -1;
  int result = ftruncate(file, size), saved = errno;
  syscall(SYS_close, file);
  errno = saved;
  return result;
}
int truncate64(const char *path, off64_t size) { return truncate(path, size); }

int mkdirat(int folder, const char *path, mode_t mode) {
  struct call call;
  if (!named(&call, "mkdir", folder, path)) return syscall(SYS_mkdirat, folder, path, mode);
  if (begin(&call) == FAILS) return -1;
  int result = syscall(SYS_mkdirat, folder, path, mode), saved = errno;
  struct stat status;
  if (result == 0 && fstatat(AT_FDCWD, call.path, &status, AT_SYMLINK_NOFOLLOW) == 0)
    call.inode = (long long)status.st_ino;
  errno = saved;
  finish(&call, result);
  return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* A call on two names counts when either touches the folder. */
static int two_names(struct call *call, const char *name, int a, const char *from, int b, const char *to) {
  char full[2 * PATH_MAX] = "";
  int is_inside = named(call, name, a, from);
  if (!root || !to) return 0;
  if (!is_inside && from && !resolve(a, from, full)) return 0;
  if (!is_inside) snprintf(call->path, sizeof call->path, "%.4000s", full);
  if (!resolve(b, to, full) || strlen(full) >= PATH_MAX) return 0;
  strcpy(call->other, full);
  return is_inside || is_below(call->other, root);
}

#define ON_NAMES(shim, a, from, b, to, kernel)                    \
  struct call call;                                               \
  if (!two_names(&call, shim, a, from, b, to)) return kernel;     \
  if (begin(&call) == FAILS) return -1;                           \
  int result = kernel;                                            \
  finish(&call, result);                                          \
  return result;

int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
  ON_NAMES("rename", a, from, b, to, syscall(SYS_renameat2, a, from, b, to, flags))
}
int renameat(int a, const char *from, int b, const char *to) { return renameat2(a, from, b, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int a, const char *from, int b, const char *to, int flags) {
  ON_NAMES("link", a, from, b, to, syscall(SYS_linkat, a, from, b, to, flags))
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int symlinkat(const char *target, int folder, const char *path) {
  ON_NAME("symlink", folder, path, syscall(SYS_symlinkat, target, folder, path))
}
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }
