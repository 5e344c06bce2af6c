/*
 * Runs one command and prints what it cost as a JSON line: wall and CPU nanoseconds, peak memory, exit status.
 *
 * Why not measure from Python: the peak memory that wait4 reports for a child includes that of the process it was
 * forked from until it calls exec, and an interpreter is larger than some of the tools measured here.
 *
 * The command runs without a network (a namespace of its own, where the system allows it), so that no scanner can
 * send what it finds anywhere. Its stdout goes nowhere, its stderr to a file; stdin is passed on.
 *
 *     cc -O2 -o spawn spawn.c && ./spawn CPUS SECONDS STDERR_FILE COMMAND [ARG...]
 *
 * CPUS = 0 leaves it all processors. After SECONDS the command is killed; its exit status is then 137.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void kill_child(int signal_number) {
    (void)signal_number;
    kill(child, SIGKILL);
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long nanoseconds(struct timeval t) {
    return t.tv_sec * 1000000000LL + t.tv_usec * 1000LL;
}

static void die(const char *what) {
    fprintf(stderr, "spawn: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Keeps the first `cpus` processors of those allowed, so that a tool sees that many. */
static void limit_cpus(int cpus) {
    cpu_set_t allowed, kept;
    if (cpus == 0)
        return;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        die("sched_getaffinity");
    CPU_ZERO(&kept);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&kept) < cpus; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            CPU_SET(cpu, &kept);
    if (sched_setaffinity(0, sizeof kept, &kept) != 0)
        die("sched_setaffinity");
}

static int leave_network(void) {
    return unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

static void run(const char *stderr_file, char **command) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* an interrupted bench leaves nothing running */
    int out = open("/dev/null", O_WRONLY);
    int err = open(stderr_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0 || err < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        die(stderr_file);
    execvp(command[0], command);
    die(command[0]);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: spawn CPUS SECONDS STDERR_FILE COMMAND [ARG...]\n");
        return 2;
    }
    limit_cpus(atoi(argv[1]));
    int offline = leave_network();
    long long start = now();
    child = fork();
    if (child < 0)
        die("fork");
    if (child == 0)
        run(argv[3], argv + 4);
    signal(SIGALRM, kill_child);
    alarm((unsigned)atoi(argv[2]));
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0)
        if (errno != EINTR)
            die("wait4");
    long long wall = now() - start;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    printf("{\"wall_ns\": %lld, \"user_ns\": %lld, \"system_ns\": %lld, \"rss_kib\": %ld, \"code\": %d, \"offline\": %s}\n",
           wall, nanoseconds(usage.ru_utime), nanoseconds(usage.ru_stime), usage.ru_maxrss, code,
           offline ? "true" : "false");
    return 0;
}
