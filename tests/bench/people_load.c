/*
 * People at a Parley server, over TLS or without, for people_bench.ts, which
 * compiles and runs it: what they notice is measured, and what they cost.
 *
 *   people_load pairs PORT PID FILE [plain] [rate=5000] [seconds=5] [warm=2]
 *   people_load storm PORT PID FILE [plain] [rate=200] [chatters=20] [warm=2]
 *   people_load idle  PORT PID FILE [plain] [warm=2]
 *
 * FILE has a line "name token" for each person. In pairs, the first half writes
 * to the second half. In a storm the first people chat, and then all others log
 * in at once with SCRAM, from a process of their own, so that their handshakes do
 * not delay those who measure. When idle, everybody just comes. One JSON line.
 *
 * Times are from before a message is written to after it is read, ms.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { readBytes = 64 * 1024, nonceDigits = 24 };
/* A line of the server is at most 1 MiB long. */
enum { lineBytes = 1024 * 1024 + 1 };
#define MARK "~T"
/* Nobody waits longer than that for anything, s. */
static const double patience = 30;
/* Until the server's code is compiled, and what coming in left is collected, s. */
static double warm = 2;

typedef enum { CONNECTING, SHAKING, ASKING, PROVING, IN } Step;

typedef struct {
  char *name, *token;
  int fd;
  SSL *ssl;
  Step step;
  bool waitsToWrite;
  char *in, *out;
  size_t inBytes, inRoom, outBytes, outRoom;
} Person;

static Person *people;
static int count;
static SSL_CTX *context;
static struct sockaddr_in server;
static int poller, entered;
static bool withScram;

/* When each message was sent and how long it took; 0 has not arrived. */
static double *sentAt, *took;
static int sent, arrived, mostMessages;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what, const char *why) {
  fprintf(stderr, "people_load: %s: %s\n", what, why);
  exit(1);
}

static void *grow(void *block, size_t bytes) {
  block = realloc(block, bytes);
  if (block == NULL) fail("memory", "none left");
  return block;
}

/* ---- writing and reading ---- */

static void watch(Person *person, bool toWrite) {
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = person };
  if (toWrite) event.events |= EPOLLOUT;
  person->waitsToWrite = toWrite;
  epoll_ctl(poller, EPOLL_CTL_MOD, person->fd, &event);
}

/* Bytes that went or came; 0 when nothing can now. */
static size_t transfer(Person *person, bool writes, char *bytes, size_t most) {
  ssize_t done;
  bool later;
  if (person->ssl != NULL) {
    ERR_clear_error();
    done = writes ? SSL_write(person->ssl, bytes, (int)most)
                  : SSL_read(person->ssl, bytes, (int)most);
    int why = SSL_get_error(person->ssl, (int)done);
    later = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
  } else {
    done = writes ? send(person->fd, bytes, most, MSG_NOSIGNAL)
                  : recv(person->fd, bytes, most, 0);
    later = done < 0 && (errno == EAGAIN || errno == EINTR);
  }
  if (done > 0) return (size_t)done;
  if (!later) fail(person->name, "the server hung up");
  return 0;
}

static void flush(Person *person) {
  size_t gone = 0;
  while (gone < person->outBytes) {
    size_t each = transfer(person, true, person->out + gone, person->outBytes - gone);
    if (each == 0) break;
    gone += each;
  }
  person->outBytes -= gone;
  memmove(person->out, person->out + gone, person->outBytes);
  bool toWrite = person->outBytes > 0;
  if (toWrite != person->waitsToWrite) watch(person, toWrite);
}

__attribute__((format(printf, 2, 3)))
static void say(Person *person, const char *format, ...) {
  size_t room = person->outBytes + 2048;
  if (person->outRoom < room) {
    person->outRoom = room * 2;
    person->out = grow(person->out, person->outRoom);
  }
  va_list values;
  va_start(values, format);
  int bytes = vsnprintf(person->out + person->outBytes, 2048, format, values);
  va_end(values);
  if (bytes >= 2048) fail(person->name, "has too much to say");
  person->outBytes += (size_t)bytes;
}

/* ---- coming in ---- */

static void connectTo(int index) {
  Person *person = &people[index];
  person->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (person->fd < 0) fail("socket", strerror(errno));
  int on = 1;
  setsockopt(person->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  /* One address may have 16 connections that have not logged in. */
  struct sockaddr_in own = { .sin_family = AF_INET };
  own.sin_addr.s_addr = htonl(0x7f000101u + (uint32_t)(index % 100));
  if (bind(person->fd, (struct sockaddr *)&own, sizeof own) != 0) {
    fail("bind", strerror(errno));
  }
  struct sockaddr *to = (struct sockaddr *)&server;
  if (connect(person->fd, to, sizeof server) != 0 && errno != EINPROGRESS) {
    fail("connect", strerror(errno));
  }
  struct epoll_event event = { .events = EPOLLOUT, .data.ptr = person };
  epoll_ctl(poller, EPOLL_CTL_ADD, person->fd, &event);
}

static const char *binding(void) {
  return context != NULL ? "p=tls-server-end-point,," : "n,,";
}

static void firstBare(Person *person, char *text, size_t room) {
  int index = (int)(person - people);
  snprintf(text, room, "n=%s,r=%0*d", person->name, nonceDigits, index);
}

static void ask(Person *person) {
  person->step = ASKING;
  say(person, "{\"id\":1,\"do\":\"hello\",\"version\":1,\"features\":[]}\n");
  if (withScram) {
    char bare[256];
    firstBare(person, bare, sizeof bare);
    say(person, "{\"id\":2,\"do\":\"login\",\"scram\":\"%s%s\",\"udpPort\":0}\n",
        binding(), bare);
  } else {
    say(person, "{\"id\":2,\"do\":\"resume\",\"token\":\"%s\",\"udpPort\":0,\"seen\":0}\n",
        person->token);
  }
  flush(person);
}

typedef unsigned char Hash[SHA256_DIGEST_LENGTH];

static void hmac(const Hash key, const char *text, Hash result) {
  unsigned bytes;
  HMAC(EVP_sha256(), key, sizeof(Hash), (const unsigned char *)text,
       strlen(text), result, &bytes);
}

/* RFC 5802, with the keys that prepared_chat.ts gave everybody. */
static void prove(Person *person, const char *line) {
  char serverFirst[512], nonce[256], bare[256];
  const char *start = strstr(line, "\"scram\":\"");
  if (start == NULL || sscanf(start + 9, "%511[^\"]", serverFirst) != 1 ||
      sscanf(serverFirst, "r=%255[^,]", nonce) != 1) fail(person->name, line);
  firstBare(person, bare, sizeof bare);

  unsigned char bound[128];
  size_t boundBytes = strlen(binding());
  memcpy(bound, binding(), boundBytes);
  if (person->ssl != NULL) {
    X509 *certificate = SSL_get1_peer_certificate(person->ssl);
    unsigned bytes;
    X509_digest(certificate, EVP_sha256(), bound + boundBytes, &bytes);
    X509_free(certificate);
    boundBytes += bytes;
  }
  char base64[256], final[768], message[2048];
  EVP_EncodeBlock((unsigned char *)base64, bound, (int)boundBytes);
  snprintf(final, sizeof final, "c=%s,r=%s", base64, nonce);
  snprintf(message, sizeof message, "%s,%s,%s", bare, serverFirst, final);

  char secret[256];
  Hash salted, clientKey, storedKey, signature;
  snprintf(secret, sizeof secret, "salted password of %s", person->name);
  SHA256((unsigned char *)secret, strlen(secret), salted);
  hmac(salted, "Client Key", clientKey);
  SHA256(clientKey, sizeof clientKey, storedKey);
  hmac(storedKey, message, signature);
  for (size_t at = 0; at < sizeof(Hash); at++) clientKey[at] ^= signature[at];
  EVP_EncodeBlock((unsigned char *)base64, clientKey, sizeof clientKey);
  person->step = PROVING;
  say(person, "{\"id\":3,\"do\":\"proof\",\"scram\":\"%s,p=%s\"}\n", final, base64);
  flush(person);
}

static void handleLine(Person *person, char *line) {
  if (person->step == IN) {
    const char *mark = strstr(line, MARK);
    int number = mark != NULL ? atoi(mark + strlen(MARK)) : -1;
    if (number >= 0 && number < sent && took[number] == 0) {
      took[number] = now() - sentAt[number];
      arrived++;
    } else if (strncmp(line, "{\"ev\":\"ping\"", 12) == 0) {
      say(person, "{\"do\":\"ping\"}\n");
      flush(person);
    }
    return;
  }
  if (strstr(line, "\"error\"") != NULL) fail(person->name, line);
  if (strstr(line, person->step == PROVING ? "\"re\":3," : "\"re\":2,") == NULL) return;
  if (withScram && person->step == ASKING) return prove(person, line);
  person->step = IN;
  entered++;
}

static void readLines(Person *person) {
  for (;;) {
    if (person->inRoom < person->inBytes + readBytes) {
      person->inRoom = person->inBytes + readBytes;
      if (person->inRoom > lineBytes + readBytes) fail(person->name, "got a long line");
      person->in = grow(person->in, person->inRoom);
    }
    char *start = person->in;
    size_t each = transfer(person, false, start + person->inBytes, readBytes);
    if (each == 0) break;
    char *scan = start + person->inBytes, *end = scan + each, *feed;
    while ((feed = memchr(scan, '\n', (size_t)(end - scan))) != NULL) {
      *feed = 0;
      handleLine(person, start);
      start = scan = feed + 1;
    }
    person->inBytes = (size_t)(end - start);
    memmove(person->in, start, person->inBytes);
  }
  if (person->inBytes > 0) return;
  /* Thousands of them are not to hold a buffer each. */
  free(person->in);
  person->in = NULL;
  person->inRoom = 0;
}

static void shake(Person *person) {
  ERR_clear_error();
  int done = SSL_do_handshake(person->ssl);
  if (done == 1) {
    watch(person, false);
    ask(person);
    return readLines(person);
  }
  int why = SSL_get_error(person->ssl, done);
  if (why == SSL_ERROR_WANT_READ) watch(person, false);
  else if (why == SSL_ERROR_WANT_WRITE) watch(person, true);
  else fail(person->name, "the TLS handshake failed");
}

static void handleEvent(Person *person) {
  if (person->step == CONNECTING) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(person->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail(person->name, strerror(error));
    if (context == NULL) {
      watch(person, false);
      return ask(person);
    }
    person->step = SHAKING;
    person->ssl = SSL_new(context);
    SSL_set_fd(person->ssl, person->fd);
    SSL_set_connect_state(person->ssl);
  }
  if (person->step == SHAKING) return shake(person);
  if (person->outBytes > 0) flush(person);
  readLines(person);
}

/* Handles what comes until `until`; true once something came from `pipe`. */
static bool work(double until, int pipe) {
  struct epoll_event events[256];
  double left = until - now();
  if (left > 0) {
    /* epoll_wait() would wait whole milliseconds, or not at all. */
    struct pollfd any = { .fd = poller, .events = POLLIN };
    struct timespec time = { (time_t)left, (long)((left - (time_t)left) * 1e9) };
    ppoll(&any, 1, &time, NULL);
  }
  int number = epoll_wait(poller, events, 256, 0);
  bool told = false;
  for (int index = 0; index < number; index++) {
    if (events[index].data.ptr == &poller) told = pipe >= 0;
    else handleEvent(events[index].data.ptr);
  }
  return told;
}

/* Brings in the people from `first` on, so many at the same time. */
static void enterAll(int first, int last, int atOnce) {
  double until = now() + patience;
  int began = 0, before = entered;
  while (entered - before < last - first) {
    while (began < last - first && began - (entered - before) < atOnce) {
      connectTo(first + began++);
    }
    work(now() + 0.1, -1);
    if (now() > until) fail("logins", "not all within half a minute");
  }
}

/* ---- talking ---- */

static int talkers;
static bool bothWays;

static char *peerOf(int sender) {
  int half = talkers / 2;
  return people[sender < half ? sender + half : sender - half].name;
}

/* Messages a second, evenly, until `until` or until `pipe` tells something. */
static bool talk(double rate, double until, int pipe) {
  int senders = bothWays ? talkers : talkers / 2;
  double start = now();
  for (int first = sent; now() < until && sent < mostMessages;) {
    double due = start + (sent - first) / rate;
    if (due <= now()) {
      Person *person = &people[sent % senders];
      sentAt[sent] = now();
      say(person,
          "{\"id\":%d,\"do\":\"message\",\"to\":[\"%s\"],\"text\":\"" MARK
          "%09d and some eighty characters more, which is as long as what people "
          "write to each other\",\"mid\":\"m%d\"}\n",
          sent + 10, peerOf(sent % senders), sent, sent);
      sent++;
      flush(person);
      continue;
    }
    if (work(due < until ? due : until, pipe)) return true;
  }
  return false;
}

static void waitForAll(void) {
  double until = now() + patience;
  while (arrived < sent) {
    work(now() + 0.1, -1);
    if (now() > until) fail("messages", "some never came");
  }
}

/* ---- figures ---- */

static int compare(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return a < b ? -1 : a > b;
}

/* Of the messages from `first` on. */
static void printTimes(const char *name, int first, int last) {
  int number = last - first;
  double *times = grow(NULL, sizeof(double) * (size_t)(number + 1));
  memcpy(times, took + first, sizeof(double) * (size_t)number);
  qsort(times, (size_t)number, sizeof(double), compare);
  printf(",\"%s\":{\"n\":%d", name, number);
  const struct { const char *name; double part; } parts[] = {
    { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 }, { "max", 1 },
  };
  for (size_t each = 0; number > 0 && each < 4; each++) {
    int at = (int)(number * parts[each].part);
    double value = times[at < number ? at : number - 1];
    printf(",\"%s\":%.2f", parts[each].name, value * 1000);
  }
  printf("}");
  free(times);
}

typedef struct { double cpu, own, all; long rss, peak; } Use;

/* What the server, this program and the machine used so far: seconds, kB. */
static Use useOf(const char *pid) {
  Use use = { 0 };
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) return use;
  unsigned long user = 0, system = 0;
  if (fgets(line, sizeof line, file) != NULL) {
    char *rest = strrchr(line, ')');
    if (rest != NULL) {
      sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
             &user, &system);
    }
  }
  fclose(file);
  double second = (double)sysconf(_SC_CLK_TCK);
  use.cpu = (double)(user + system) / second;
  struct rusage own[2];
  getrusage(RUSAGE_SELF, &own[0]);
  getrusage(RUSAGE_CHILDREN, &own[1]);
  for (int each = 0; each < 2; each++) {
    const struct timeval times[] = { own[each].ru_utime, own[each].ru_stime };
    for (int at = 0; at < 2; at++) {
      use.own += (double)times[at].tv_sec + (double)times[at].tv_usec / 1e6;
    }
  }
  file = fopen("/proc/stat", "r");
  unsigned long spent[8] = { 0 };
  if (file != NULL && fgets(line, sizeof line, file) != NULL) {
    sscanf(line, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &spent[0], &spent[1],
           &spent[2], &spent[3], &spent[4], &spent[5], &spent[6], &spent[7]);
  }
  if (file != NULL) fclose(file);
  /* All but what was idle. */
  for (int at = 0; at < 8; at++) {
    if (at != 3 && at != 4) use.all += (double)spent[at] / second;
  }
  snprintf(path, sizeof path, "/proc/%s/status", pid);
  file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    sscanf(line, "VmRSS: %ld", &use.rss);
    sscanf(line, "VmHWM: %ld", &use.peak);
  }
  if (file != NULL) fclose(file);
  return use;
}

static void printUse(Use before, Use after) {
  double server = after.cpu - before.cpu, own = after.own - before.own;
  /* Where others use much, times say little. */
  printf(",\"server_cpu_s\":%.2f,\"load_cpu_s\":%.2f,\"other_cpu_s\":%.2f",
         server, own, after.all - before.all - server - own);
  printf(",\"rss_kB\":%ld,\"peak_kB\":%ld}\n", after.rss, after.peak);
}

/* ---- what is measured ---- */

static void measurePairs(const char *pid, double rate, double seconds) {
  talkers = count;
  enterAll(0, count, 64);
  double start = now();
  talk(rate, start + warm, -1);
  waitForAll();
  int first = sent;
  Use before = useOf(pid);
  start = now();
  talk(rate, start + seconds, -1);
  waitForAll();
  double wall = now() - start;
  Use after = useOf(pid);
  printf("{\"pairs\":%d,\"sent_per_s\":%.0f", count / 2, (sent - first) / wall);
  printTimes("lat_ms", first, sent);
  printUse(before, after);
}

/* The others, in a process of their own: comes in when told, tells when in. */
static void storm(int chatters, int begin, int done) {
  char byte;
  poller = epoll_create1(EPOLL_CLOEXEC);
  withScram = true;
  if (read(begin, &byte, 1) != 1) exit(1);
  double start = now();
  enterAll(chatters, count, count);
  double seconds = now() - start;
  if (write(done, &seconds, sizeof seconds) != sizeof seconds) exit(1);
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = &poller };
  epoll_ctl(poller, EPOLL_CTL_ADD, begin, &event);
  while (!work(now() + 1, begin));
  exit(0);
}

static void measureStorm(const char *pid, int chatters, double rate) {
  talkers = chatters;
  bothWays = true;
  int begin[2], done[2];
  if (pipe(begin) != 0 || pipe(done) != 0) fail("pipe", strerror(errno));
  pid_t others = fork();
  if (others == 0) {
    close(begin[1]);
    close(done[0]);
    storm(chatters, begin[0], done[1]);
  }
  close(begin[0]);
  close(done[1]);
  enterAll(0, chatters, 64);
  talk(rate, now() + warm, -1);
  int calm = sent;
  talk(rate, now() + 1, -1);
  int first = sent;
  Use before = useOf(pid);
  if (write(begin[1], "g", 1) != 1) fail("pipe", strerror(errno));
  struct epoll_event event = { .events = EPOLLIN, .data.ptr = &poller };
  epoll_ctl(poller, EPOLL_CTL_ADD, done[0], &event);
  talk(rate, now() + patience, done[0]);
  double seconds;
  if (read(done[0], &seconds, sizeof seconds) != sizeof seconds) {
    fail("logins", "failed");
  }
  epoll_ctl(poller, EPOLL_CTL_DEL, done[0], NULL);
  int last = sent;
  waitForAll();
  close(begin[1]);
  waitpid(others, NULL, 0);
  Use after = useOf(pid);
  printf("{\"logins\":%d,\"all_in_s\":%.2f,\"logins_per_s\":%.0f",
         count - chatters, seconds, (count - chatters) / seconds);
  printTimes("chat_ms", first, last);
  printTimes("before_ms", calm, first);
  printUse(before, after);
}

static void measureIdle(const char *pid) {
  Use before = useOf(pid);
  double start = now();
  enterAll(0, count, 64);
  double seconds = now() - start;
  for (double until = now() + warm; now() < until;) work(until, -1);
  Use after = useOf(pid);
  printf("{\"connections\":%d,\"all_in_s\":%.2f,\"kB_per_connection\":%.1f",
         count, seconds, (double)(after.rss - before.rss) / count);
  printUse(before, after);
}

static void readPeople(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path, strerror(errno));
  char name[64], token[128];
  while (fscanf(file, "%63s %127s", name, token) == 2) {
    people = grow(people, sizeof(Person) * (size_t)(count + 1));
    people[count++] = (Person){ .name = strdup(name), .token = strdup(token) };
  }
  fclose(file);
}

int main(int argc, char **argv) {
  if (argc < 5) fail("usage", "people_load CASE PORT PID FILE [OPTION…]");
  const char *kind = argv[1], *pid = argv[3];
  double rate = 0, seconds = 5;
  int chatters = 20;
  bool plain = false;
  readPeople(argv[4]);
  for (int index = 5; index < argc; index++) {
    if (strcmp(argv[index], "plain") == 0) plain = true;
    else if (sscanf(argv[index], "rate=%lf", &rate) != 1 &&
             sscanf(argv[index], "seconds=%lf", &seconds) != 1 &&
             sscanf(argv[index], "warm=%lf", &warm) != 1 &&
             sscanf(argv[index], "chatters=%d", &chatters) != 1) {
      fail("unknown option", argv[index]);
    }
  }
  server.sin_family = AF_INET;
  server.sin_port = htons((uint16_t)atoi(argv[2]));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!plain) {
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  }
  mostMessages = 1 << 20;
  sentAt = calloc((size_t)mostMessages, sizeof(double));
  took = calloc((size_t)mostMessages, sizeof(double));
  if (sentAt == NULL || took == NULL) fail("memory", "none left");
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (strcmp(kind, "pairs") == 0) measurePairs(pid, rate > 0 ? rate : 5000, seconds);
  else if (strcmp(kind, "storm") == 0) measureStorm(pid, chatters, rate > 0 ? rate : 200);
  else if (strcmp(kind, "idle") == 0) measureIdle(pid);
  else fail("unknown case", kind);
  return 0;
}
