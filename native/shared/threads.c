/* Starts and joins threads with pthreads, or with Win32 threads on Windows. */
#include "threads.h"

#ifdef _WIN32
#include <process.h>
#include <stdint.h>
#include <windows.h>
#else
#include <pthread.h>
#endif

typedef struct {
    void (*work)(void *shared, int index);
    void *shared;
    int index;
} worker;

#ifdef _WIN32
typedef HANDLE thread;

static unsigned __stdcall run(void *argument) {
    const worker *self = argument;
    self->work(self->shared, self->index);
    return 0;
}

static int start(thread *handle, worker *self) {
    *handle = (HANDLE)_beginthreadex(NULL, 0, run, self, 0, NULL);
    return *handle != 0;
}

static void wait_for(thread handle) {
    WaitForSingleObject(handle, INFINITE);
    CloseHandle(handle);
}
#else
typedef pthread_t thread;

static void *run(void *argument) {
    const worker *self = argument;
    self->work(self->shared, self->index);
    return NULL;
}

static int start(thread *handle, worker *self) { return !pthread_create(handle, NULL, run, self); }

static void wait_for(thread handle) { pthread_join(handle, NULL); }
#endif

int iqlut_useful_threads(int threads, int jobs) {
    const int most = jobs < IQLUT_THREADS_MAX ? jobs : IQLUT_THREADS_MAX;
    return threads > most ? most : threads < 1 ? 1 : threads;
}

void iqlut_run_threads(int count, void (*work)(void *shared, int index), void *shared) {
    worker workers[IQLUT_THREADS_MAX];
    thread handles[IQLUT_THREADS_MAX];
    int started = 1;
    for (; started < count; started++) {
        workers[started] = (worker){work, shared, started};
        if (!start(&handles[started], &workers[started])) break;
    }
    work(shared, 0);
    for (int rest = started; rest < count; rest++) work(shared, rest);
    for (int i = 1; i < started; i++) wait_for(handles[i]);
}
