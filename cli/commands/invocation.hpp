// What the user asked for: the command line, checked. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/report.hpp"

namespace tasks::commands {

enum class Verb { list, tree, vitals, count, stack, deadlocks, leaks, doctor, summary, run, version, targets };

enum class Colour { automatic, always, never };

/// A PID, a name, or PID@START.
struct TargetText {
    std::optional<std::uint32_t> pid;
    std::optional<std::uint64_t> start_time_ticks; ///< only with a pid
    std::string name;                              ///< "" where a pid is given
};

struct Invocation {
    Verb verb = Verb::list;
    TargetText target;  ///< of every verb but list, tree, run, version and targets, unless a file is given
    std::string from;   ///< in place of a target: a file with a snapshot or a profile, or "-"
    std::string core;   ///< in place of a target: a core file
    int memory_fd = -1; ///< of from: the memory of the process that wrote it, and that lives; -1: none
    std::string exe;    ///< of core: the program that made it
    std::string save;   ///< the file to save to, or "-", which then is all that is printed
    bool raw = false;   ///< of save: with stack bytes and registers
    bool json = false;
    bool dead = false;       ///< of list
    bool touch = true;       ///< of stack: threads that run may be sampled, or held for microseconds
    bool stop = false;       ///< of stack: the whole process is held meanwhile
    bool all = false;        ///< of list: those without an agent too
    bool debuginfod = false; ///< of stack and deadlocks: servers may be asked for debug files
    Colour colour = Colour::automatic;
    std::uint64_t timeout_ns = 1'000'000'000;
    bool timeout_given = false;              ///< by the user: only then it ends the reading of a profile too
    std::uint64_t period_ns = 0;             ///< of the summary: over which processor time is measured too; 0: not
    std::optional<std::uint64_t> watch_ns{}; ///< of leaks: how long it is looked at; 0: one look; unset: as needed
    std::uint64_t leak_threshold = 10;       ///< of leaks: no fewer that are stuck are told
    bool threads_only = false;               ///< coroutines are not looked for
    std::uint64_t scan_limit = 8ull << 30;   ///< bytes of memory in which they are
    inspect::StackOptions stack;
    std::vector<std::string> command; ///< of run: the program and its arguments
    std::string name;                 ///< of run: what the process is called in lists; "": as its program
    bool children = false;            ///< of run: they get the agent too
};

} // namespace tasks::commands
