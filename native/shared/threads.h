/* Threads for the time of one call: pthreads, or Win32 threads on Windows. */
#ifndef IQLUT_THREADS_H
#define IQLUT_THREADS_H

#define IQLUT_THREADS_MAX 256

/* Runs work(shared, index) for each index of 0..count-1, index 0 on the calling thread, and waits
 * for all. The work of a thread that cannot be started is done on the calling thread. */
void iqlut_run_threads(int count, void (*work)(void *shared, int index), void *shared);

/* `threads`, but at least 1 and at most IQLUT_THREADS_MAX and the number of `jobs`. */
int iqlut_useful_threads(int threads, int jobs);

#endif
