/* The process that holds a pod's namespaces open: it does nothing, ends when it
 * is told to, and, being process 1 of pods that share their process namespace,
 * buries whoever is left to it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

static void bury(int signal) {
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int main(int count, char **words) {
    /* kubeadm's health check before an upgrade is a pod that is to end at once */
    if (count > 1 && strcmp(words[1], "-v") == 0) {
        puts("pause of a kind node");
        return EXIT_SUCCESS;
    }
    struct sigaction on_end = {.sa_handler = end};
    struct sigaction on_child = {.sa_handler = bury, .sa_flags = SA_NOCLDSTOP};
    if (sigaction(SIGINT, &on_end, NULL) != 0 || sigaction(SIGTERM, &on_end, NULL) != 0 ||
        sigaction(SIGCHLD, &on_child, NULL) != 0) {
        return EXIT_FAILURE;
    }
    for (;;) {
        pause();
    }
}
