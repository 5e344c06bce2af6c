/*
 * Log lines from a fixed seed: access logs, JSON, key=value, stack traces, container lines, prose, base64 payloads.
 * The same seed and size give the same bytes on every machine. No line holds a credential.
 *
 *     cc -O2 -o lines lines.c && ./lines SEED BYTES > FILE
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;
static char line[16384];
static size_t length;

/* splitmix64: small, fast, and good enough for text that only has to look random to a scanner. */
static uint64_t next(void) {
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t below(uint64_t n) {
    return next() % n;
}

static void text(const char *s) {
    size_t n = strlen(s);
    memcpy(line + length, s, n);
    length += n;
}

static void number(uint64_t n) {
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
    text(digits);
}

static void from(const char *alphabet, size_t size, size_t count) {
    while (count-- > 0)
        line[length++] = alphabet[below(size)];
}

static void hex(size_t count) {
    static const char digits[] = "0123456789abcdef";
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++, bits >>= 4) {
        if (i % 16 == 0)
            bits = next();
        line[length++] = digits[bits & 15];
    }
}

static void base64(size_t count) {
    from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 64, count);
}

static void base62(size_t count) {
    from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 62, count);
}

static void uuid(void) {
    static const size_t parts[] = {8, 4, 4, 4, 12};
    for (size_t i = 0; i < 5; i++) {
        if (i > 0)
            text("-");
        hex(parts[i]);
    }
}

static void two(uint64_t n) {
    line[length++] = (char)('0' + n / 10);
    line[length++] = (char)('0' + n % 10);
}

static void time_of_day(void) {
    two(below(24));
    text(":");
    two(below(60));
    text(":");
    two(below(60));
}

static void timestamp(void) {
    text("2026-11-");
    two(1 + below(28));
    text("T");
    time_of_day();
    text(".");
    number(100000 + below(900000));
    text("Z");
}

static void address(void) {
    text("10.");
    number(below(256));
    text(".");
    number(below(256));
    text(".");
    number(below(256));
}

#define PICK(list) text(list[below(sizeof list / sizeof list[0])])

static void word(void) {
    static const char *words[] = {
        "orders", "billing", "checkout", "inventory", "session", "profile", "search", "shipping", "catalog", "payment",
        "account", "report", "invoice", "cart", "metrics", "gateway", "notify", "ledger", "tenant", "export"};
    PICK(words);
}

static void level(void) {
    static const char *levels[] = {"debug", "info", "info", "info", "info", "warn", "error"};
    PICK(levels);
}

/* Sentences with the words that scanners use as context ("token", "key", "auth", "secret", "password"), and no value. */
static void message(void) {
    static const char *messages[] = {
        "request completed after the second attempt, the first one was answered by a node that is being drained",
        "access token refreshed ahead of time because the clock of the peer runs fast",
        "cache key expired while it was being read, falling back to the store", "user authenticated with a second factor",
        "retrying after timeout, the last answer was empty", "connection pool exhausted: 64 of 64 in use, 12 waiting",
        "signing key rotated, the old one stays valid for one more day", "password policy checked: length and history are fine",
        "no api key in request, using session of the browser", "secret manager unreachable, keeping old values for now",
        "batch written to all three replicas", "index rebuilt in the background while reads went on",
        "consumer group rebalanced, this member now owns partitions 3, 7 and 11", "feature flag evaluated to the default",
        "upstream closed the connection before the body was read to its end", "credentials cache warmed at start",
        "slow query: the planner chose a sequential scan over 48 million rows", "job enqueued behind 17 others"};
    PICK(messages);
}

static void path(void) {
    text("/api/v");
    number(1 + below(3));
    text("/");
    word();
    text("/");
    if (below(2) == 0)
        uuid();
    else
        number(below(100000000));
    text("/");
    word();
}

static void access_line(void) {
    static const char *methods[] = {"GET", "GET", "GET", "POST", "PUT", "DELETE"};
    static const char *statuses[] = {"200", "200", "200", "201", "204", "304", "400", "401", "404", "500", "503"};
    static const char *agents[] = {
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        "curl/8.5.0", "kube-probe/1.31", "Go-http-client/2.0", "python-requests/2.32.3"};
    address();
    text(" - - [");
    two(1 + below(28));
    text("/Nov/2026:");
    time_of_day();
    text(" +0000] \"");
    PICK(methods);
    text(" ");
    path();
    if (below(3) == 0) {
        text("?cursor=");
        base64(24 + below(40));
        text("&limit=50");
    }
    text(" HTTP/1.1\" ");
    PICK(statuses);
    text(" ");
    number(below(200000));
    text(" \"-\" \"");
    PICK(agents);
    text("\" rid=");
    uuid();
    text(" rt=0.");
    number(below(1000));
}

static void json_line(void) {
    text("{\"ts\":\"");
    timestamp();
    text("\",\"level\":\"");
    level();
    text("\",\"logger\":\"com.example.");
    word();
    text(".service.");
    word();
    text("Handler\",\"trace_id\":\"");
    hex(32);
    text("\",\"span_id\":\"");
    hex(16);
    text("\",\"msg\":\"");
    message();
    text("\",\"request_id\":\"");
    uuid();
    text("\",\"user_id\":");
    number(below(10000000));
    if (below(4) == 0) {
        text(",\"etag\":\"W/\\\"");
        base64(27);
        text("=\\\"\"");
    }
    if (below(4) == 0) {
        text(",\"cache_key\":\"");
        word();
        text(":");
        number(below(100000));
        text(":");
        word();
        text("\"");
    }
    text(",\"duration_ms\":");
    number(below(5000));
    text("}");
}

static void logfmt_line(void) {
    text("ts=");
    timestamp();
    text(" level=");
    level();
    text(" svc=");
    word();
    text("-");
    base62(5);
    text(" msg=\"");
    message();
    text("\" request_id=");
    uuid();
    text(" trace=");
    hex(32);
    if (below(3) == 0) {
        text(" digest=sha256:");
        hex(64);
    }
    if (below(4) == 0) {
        text(" commit=");
        hex(40);
    }
    text(" bytes=");
    number(below(1000000));
    text(" took=");
    number(below(900));
    text("ms");
}

static void frame(void) {
    text("\n\tat com.example.");
    word();
    text(".internal.");
    word();
    text("Repository$");
    word();
    text("Query.execute(");
    word();
    text("Repository.java:");
    number(1 + below(2000));
    text(")");
}

static void trace_line(void) {
    static const char *errors[] = {"java.lang.IllegalStateException", "java.util.concurrent.TimeoutException",
                                   "org.postgresql.util.PSQLException", "io.grpc.StatusRuntimeException"};
    timestamp();
    text(" ERROR [");
    word();
    text("-exec-");
    number(below(64));
    text("] request ");
    uuid();
    text(" failed\n");
    PICK(errors);
    text(": ");
    message();
    for (uint64_t frames = 3 + below(8); frames > 0; frames--)
        frame();
}

static void container_line(void) {
    text("Nov ");
    two(1 + below(28));
    text(" ");
    time_of_day();
    text(" node-");
    number(below(40));
    text(" containerd[");
    number(below(60000));
    text("]: started ");
    word();
    text("-");
    hex(10);
    text("-");
    from("bcdfghjklmnpqrstvwxz2456789", 27, 5);
    text(" id=");
    hex(64);
    text(" image=registry.internal/");
    word();
    text("@sha256:");
    hex(64);
}

/* Most of what people write into logs is sentences. */
static void prose_line(void) {
    timestamp();
    text(" INFO  [worker-");
    number(below(16));
    text("] ");
    for (uint64_t sentences = 2 + below(4); sentences > 0; sentences--) {
        message();
        text(sentences > 1 ? "; " : ".");
    }
}

static void payload_line(void) {
    text("level=debug msg=\"frame dump\" n=");
    number(below(100000));
    text(" payload=");
    base64(4 * (20 + below(80)));
}

static void make_line(void) {
    uint64_t kind = below(100);
    length = 0;
    if (kind < 24)
        access_line();
    else if (kind < 46)
        json_line();
    else if (kind < 66)
        logfmt_line();
    else if (kind < 69)
        trace_line();
    else if (kind < 73)
        container_line();
    else if (kind < 75)
        payload_line();
    else
        prose_line();
    line[length++] = '\n';
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: lines SEED BYTES\n");
        return 2;
    }
    state = strtoull(argv[1], NULL, 10);
    unsigned long long left = strtoull(argv[2], NULL, 10);
    while (left > 0) {
        make_line();
        size_t n = length < left ? length : (size_t)left;
        if (fwrite(line, 1, n, stdout) != n)
            return 1;
        left -= n;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
