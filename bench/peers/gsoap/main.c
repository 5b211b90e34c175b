/* gSOAP as its guide has it: a thread for each connection, kept alive; a sorted table of callers. */
#include "soapH.h"
#include "VATS.nsmap"
#include <pthread.h>
#include <signal.h>

struct caller { char number[16]; char *name; };
static struct caller callers[20000];
static size_t count;

static int by_number(const void *one, const void *other) {
    return strcmp(((const struct caller *)one)->number, ((const struct caller *)other)->number);
}

int ns__SayName(struct soap *soap, char *number, struct ns__SayNameResponse *response) {
    if (!soap->userid || !soap->passwd || strcmp(soap->userid, "SOAP") || strcmp(soap->passwd, "123")) {
        return 401;
    }
    struct caller wanted, *found;
    strncpy(wanted.number, number ? number : "", sizeof wanted.number - 1);
    wanted.number[sizeof wanted.number - 1] = 0;
    found = bsearch(&wanted, callers, count, sizeof *callers, by_number);
    response->return_ = found ? found->name : "";
    return SOAP_OK;
}

static void *serve(void *given) {
    struct soap *soap = given;
    pthread_detach(pthread_self());
    soap_serve(soap);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return NULL;
}

int main(int argc, char **argv) {
    char line[1024];
    FILE *file = fopen(argv[2], "r");
    struct soap soap;
    if (argc < 3 || !file) return 1;
    fgets(line, sizeof line, file);
    while (fgets(line, sizeof line, file) && count < 20000) {
        char *comma = strchr(line, ',');
        line[strcspn(line, "\r\n")] = 0;
        *comma = 0;
        strncpy(callers[count].number, line, 15);
        callers[count++].name = strdup(comma + 1);
    }
    fclose(file);
    qsort(callers, count, sizeof *callers, by_number);
    signal(SIGPIPE, SIG_IGN);
    soap_init2(&soap, SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING, SOAP_IO_KEEPALIVE | SOAP_C_UTFSTRING);
    soap.max_keep_alive = 0x7fffffff;
    soap.bind_flags = SO_REUSEADDR;
    soap.accept_flags = 0;
    if (!soap_valid_socket(soap_bind(&soap, "127.0.0.1", atoi(argv[1]), 1000))) return 1;
    while (soap_valid_socket(soap_accept(&soap))) {
        pthread_t thread;
        int on = 1;
        setsockopt(soap.socket, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
        pthread_create(&thread, NULL, serve, soap_copy(&soap));
    }
    return 0;
}
