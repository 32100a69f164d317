/* Marks what the shared library exports, for C and C++. Everything else is hidden. */
#pragma once

#define TASKS_EXPORT __attribute__((visibility("default")))
