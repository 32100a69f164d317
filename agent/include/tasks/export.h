/* Marks what the shared library exports, for C and C++. Everything else is hidden. */
#ifndef TASKS_EXPORT_H
#define TASKS_EXPORT_H

#define TASKS_EXPORT __attribute__((visibility("default")))

#endif
