// The executable mappings of a process and their build-ids from outside: /proc/PID/maps, and the ELF notes read out of
// the process's memory. For a process whose agent does not answer. Nothing in the target's memory is believed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/deadline.hpp"
#include "capture/memory_watch.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// Copies up to `bytes` from an address of the target; less where it is not mapped.
using ReadMemory = std::function<std::string(std::uint64_t address, std::size_t bytes)>;

/// The build-id of the ELF image whose first page is mapped at `start`; empty: none is found.
std::string build_id_at(std::uint64_t start, const ReadMemory& read);

/// The executable pieces of files, and the vdso, that a maps text names; malformed lines are passed over.
std::vector<ModuleFacts> parse_modules(std::string_view maps, const ReadMemory& read);

/// Fills modules; where maps cannot be had in time, that goes into incomplete.
void read_modules(const World& world, std::uint32_t pid, const Deadline& deadline, MemoryWatch& watch, Snapshot& into);

} // namespace tasks::inspect
