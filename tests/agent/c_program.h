/* A host in C that uses every function of tasks/agent.h, for c_interface_test.cpp to look at between its steps. */
#ifndef TASKS_TESTS_C_PROGRAM_H
#define TASKS_TESTS_C_PROGRAM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Is told the name of each step that was reached, in the middle of it. */
typedef void (*c_program_look)(void* to, const char* step);

/* Runs the program with its agent's files in `directory`; it writes a profile to `fd`. 0, or the number of the check
 * that failed. */
int run_c_program(const char* directory, int fd, c_program_look look, void* to);

/* The address that the program's waits are on. */
const void* c_program_object(void);

#ifdef __cplusplus
}
#endif

#endif
